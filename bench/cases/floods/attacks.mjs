// The attacks of the flood bench: what each attacker sends once its handshake is done, and how many attackers there are.
//
// `kind` is the behaviour of an attacker: `flood` sends its bytes repeatedly, as fast as they are taken, and reconnects
// after a disconnection; `once` sends them once and falls silent; `drip` sends them a few at a time; `handshakes` comes and
// goes from many addresses; `poison` does the same and sends bytes that are made anew each time; `churn` comes and goes
// without sending; `garbage` never makes a handshake; `mix` is several attacks at a time.

import { randomBytes } from 'node:crypto';
import * as frames from './frames.mjs';

/** Attackers and honest peers together fill the inbound slots of a default node. */
export const HONEST_PEERS = 20;
export const DEFAULT_SLOTS = 114;
const ALL_SLOTS = DEFAULT_SLOTS - HONEST_PEERS;

/** Attackers in the flood of each type: one, some, as many as there are slots, and more than slots by default. */
const CROWDS = [1, 50, ALL_SLOTS, 500];
/** The crowd of each type in the standard set. */
const STANDARD_CROWD = 50;

/**
 * @typedef {{ name: string, title: string, peers: number, bytes: () => Buffer, neverReads?: boolean,
 *   kind: 'flood' | 'once' | 'drip' | 'handshakes' | 'poison' | 'churn' | 'garbage' | 'mix',
 *   mix?: readonly (readonly [string, number])[] }} Attack
 * `mix` names other attacks and how many attackers each has.
 */

/** @param {string} type @param {() => Buffer} payload */
const flooded = (type, payload) => () => frames.repeated(frames.frame(type, payload()));
const ping = () => frames.frame('ping', Buffer.alloc(8, 7));
const nothing = () => Buffer.alloc(0);

function wrongChecksum() {
  const bytes = ping();
  bytes[20] ^= 1;
  return frames.repeated(bytes);
}

/** Ten addresses a message, as news arrive, all different: they are relayed to others. */
const manyNews = () => Buffer.concat(Array.from({ length: 200 }, () => frames.frame('addr', frames.addresses(10))));

/** @param {string} name @param {string} title @param {number} peers @param {() => Buffer} bytes @returns {Attack} */
const flood = (name, title, peers, bytes) => ({ name, title, kind: 'flood', peers, bytes });

/** The types without an attack of their own below. @type {[string, () => Buffer][]} */
const BY_TYPE = [
  ['addr', () => frames.addresses(1_000)],
  ['addrv2', () => frames.addressesV2(1_000)],
  ['headers', () => frames.headers(2_000)],
  ['notfound', () => frames.inventory(5_000, frames.TX)],
  ['getheaders', () => Buffer.concat([Buffer.alloc(4), Buffer.of(1), randomBytes(64)])],
  ['tx', () => randomBytes(400)],
  ['block', () => randomBytes(1_000_000)],
  ['feefilter', () => Buffer.alloc(8)],
  ['getaddr', nothing],
  ['sendcmpct', () => Buffer.alloc(9)],
  ['filterload', () => randomBytes(100)],
  ['nonsense', () => randomBytes(1_000_000)],
  ['', nothing],
];

/** @type {[string, () => Buffer][]} */
const OTHER_TYPES = [
  ['ping', () => Buffer.alloc(8, 7)],
  ['pong', () => Buffer.alloc(8, 7)],
  ['inv', () => frames.inventory(1, frames.BLOCK)],
  ['getdata', () => frames.inventory(50_000, frames.TX)],
  ['getblocks', () => Buffer.concat([Buffer.alloc(4), Buffer.of(1), randomBytes(64)])],
  ['mempool', nothing],
  ['version', () => frames.version().subarray(frames.HEADER_BYTES)],
  ['verack', nothing],
  ['sendheaders', nothing],
  ['wtxidrelay', nothing],
  ['sendaddrv2', nothing],
  ['cmpctblock', () => randomBytes(10_000)],
  ['getblocktxn', () => Buffer.concat([randomBytes(32), Buffer.of(1, 0)])],
  ['blocktxn', () => randomBytes(10_000)],
  ['filteradd', () => Buffer.concat([Buffer.of(32), randomBytes(32)])],
  ['filterclear', nothing],
  ['getcfilters', () => randomBytes(37)],
  ['getcfheaders', () => randomBytes(37)],
  ['getcfcheckpt', () => randomBytes(33)],
];

/** @param {[string, () => Buffer]} type @param {number} peers */
const floodOfType = ([type, payload], peers) =>
  flood(`${type || 'untyped'}-${peers}`, `${type || 'no type'}, ${peers}`, peers, flooded(type, payload));

/** The attacks of `--cases floods`. @type {Attack[]} */
export const ATTACKS = [
  flood('ping-1', 'ping, 1', 1, () => frames.repeated(ping())),
  flood('ping-94', 'ping, 94', ALL_SLOTS, () => frames.repeated(ping())),
  flood('ping-500', 'ping, 500', 500, () => frames.repeated(ping())),
  flood('checksum-500', 'wrong checksum, 500', 500, wrongChecksum),
  flood(
    'inv-full-94',
    'inv of 50,000 blocks, 94',
    ALL_SLOTS,
    flooded('inv', () => frames.inventory(50_000, frames.BLOCK)),
  ),
  flood(
    'inv-one-50',
    'inv of one, 50',
    50,
    flooded('inv', () => frames.inventory(1, frames.BLOCK)),
  ),
  flood(
    'getdata-50',
    'getdata of 50,000 unknown, 50',
    50,
    flooded('getdata', () => frames.inventory(50_000, frames.TX)),
  ),
  flood('mempool-50', 'mempool, 50', 50, flooded('mempool', nothing)),
  flood(
    'inv-malformed-50',
    'malformed inv, 50',
    50,
    flooded('inv', () => Buffer.of(0xfd, 0xff)),
  ),
  { ...flood('ping-unread-50', 'ping, 50 that never read', 50, () => frames.repeated(ping())), neverReads: true },
  ...BY_TYPE.map((type) => floodOfType(type, STANDARD_CROWD)),
  flood('news-50', 'addr of 10 new ones, 50', 50, manyNews),
  {
    name: 'poison',
    title: 'poisoners from 400 addresses that come back',
    kind: 'poison',
    peers: 400,
    bytes: () => frames.frame('addr', frames.addresses(1_000)),
  },
  {
    name: 'handshakes',
    title: 'handshakes from 400 addresses, full slots',
    kind: 'handshakes',
    peers: 400,
    bytes: nothing,
  },
  { name: 'churn', title: 'connect and reset, 50 at a time', kind: 'churn', peers: 50, bytes: nothing },
  { name: 'silent-94', title: 'silent, 94', kind: 'once', peers: ALL_SLOTS, bytes: nothing },
  { name: 'drip-94', title: 'a byte each 10 ms, 94', kind: 'drip', peers: ALL_SLOTS, bytes: ping },
  {
    name: 'half-94',
    title: 'half of a block, 94',
    kind: 'once',
    peers: ALL_SLOTS,
    bytes: () => Buffer.concat([frames.announcement('block', 4_000_000), randomBytes(3_900_000)]),
  },
  {
    name: 'garbage-94',
    title: 'V2 garbage, 94',
    kind: 'garbage',
    peers: ALL_SLOTS,
    bytes: () => randomBytes(64 + 4_095 + 16),
  },
];

/** All attacks at once, for a long time: together the attackers fill the slots of a default node. @type {Attack} */
export const SOAK = {
  name: 'soak',
  title: 'mixed flood',
  kind: 'mix',
  peers: ALL_SLOTS,
  bytes: nothing,
  mix: [
    ['ping-94', 10],
    ['checksum-500', 10],
    ['inv-full-94', 8],
    ['inv-one-50', 8],
    ['getdata-50', 6],
    ['addr-50', 8],
    ['news-50', 6],
    ['headers-50', 6],
    ['block-50', 4],
    ['ping-unread-50', 6],
    ['half-94', 4],
    ['drip-94', 6],
    ['garbage-94', 4],
    ['churn', 2],
    ['poison', 50],
  ],
};

/** Every type with every crowd, except those among the attacks. @type {Attack[]} */
export const GRID = [...BY_TYPE, ...OTHER_TYPES].flatMap((type) =>
  CROWDS.map((peers) => floodOfType(type, peers)).filter(({ name }) => ATTACKS.every((attack) => attack.name !== name)),
);

/** The attack of that name. @param {string} name */
export function attackOf(name) {
  const attack = [...ATTACKS, ...GRID, SOAK].find((candidate) => candidate.name === name);
  if (attack === undefined) throw new Error(`No attack ${name}`);
  return attack;
}
