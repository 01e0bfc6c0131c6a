// Peers as a node of the network has them: of several networks, ages and versions, some quick and some slow, all talking.

import { randomBytes } from 'node:crypto';
import { noteProgress, until } from '../../harness/until.ts';
import { addressOf, bookRecord } from './lively-node.ts';
import type { LivelyNode, LivelyPeerOptions } from './lively-node.ts';

const AGENTS = [
  '/Satoshi:30.0.0/',
  '/Satoshi:29.1.0/',
  '/Satoshi:29.2.0/Knots:20251110/',
  '/Satoshi:28.1.0/',
  '/Satoshi:27.0.0/',
  '/btcwire:0.5.0/btcd:0.24.2/',
];

const INBOUND = 52;
const OUTBOUND = 8;
const BOOK = 4_000;

/** Between two things that are said, in milliseconds. */
const TALK_MS = 100;

/** Hashes of which a peer announces some at a time; bytes that the node sends at a time. */
const MAX_HASHES = 40;
const MAX_SENT_BYTES = 12_000;

/** Has peers come and talk. @returns Has them be quiet. */
export async function liven(node: LivelyNode): Promise<() => void> {
  node.addrMan.add(
    Array.from({ length: BOOK }, (_, index) => bookRecord(addressOf(index * 91 + 7))),
    bookRecord('8.8.8.8:1').service.address,
  );
  for (const index of [3, 5, 8, 13, 21]) node.addrMan.good(bookRecord(addressOf(index * 91 + 7)).service);
  node.banMan.ban('192.0.2.254');
  node.banMan.ban('2001:db8:dead::/48', { seconds: 11 * 86_400 });
  node.add(...Array.from({ length: INBOUND }, (_, index) => inbound(index)));
  const dials = Array.from({ length: OUTBOUND }, (_, index) =>
    node.dial({
      from: addressOf(900 + index * 131).replace(/:\d+$/, ':8333'),
      ...talker(index),
      pingMs: 20 + index * 9,
    }),
  );
  const looking = setInterval(noteProgress, 20);
  await Promise.all(dials);
  await until('all peers', () => node.hasReady(INBOUND + OUTBOUND));
  clearInterval(looking);
  for (const [at, peer] of [...node.connman.nodes()].entries()) {
    const age = 20_000 * 1.25 ** ((at * 37) % 44);
    Object.assign(peer, { connectedAtMs: peer.connectedAtMs - age });
  }
  node.peerManager.sendPings();
  const talking = setInterval(() => talk(node), TALK_MS);
  return () => clearInterval(talking);
}

function talker(index: number): Pick<LivelyPeerOptions, 'agent' | 'usesV2'> {
  return { agent: AGENTS[index % AGENTS.length]!, usesV2: index % 4 !== 1 };
}

function inbound(index: number): LivelyPeerOptions {
  const kind = index % 10;
  if (kind < 3)
    return { from: `127.0.0.1:${20_000 + index * 97}`, onion: true, ...talker(index), pingMs: 350 + index * 17 };
  if (kind < 5)
    return { from: `[2a00:1450:${index}::${index}7]:5${index}11`, ...talker(index), pingMs: 15 + index * 4 };
  return { from: addressOf(index * 37), ...talker(index), pingMs: 10 + ((index * 61) % 240) };
}

/** Somebody announces something, and hears something. */
function talk(node: LivelyNode): void {
  const wave = 1 + Math.sin(Date.now() / 4_000) / 2;
  for (const peer of node.peers) {
    if (Math.random() > 0.25) continue;
    const count = Math.ceil(Math.random() * MAX_HASHES * wave);
    peer.say({ type: 'inv', items: Array.from({ length: count }, () => ({ type: 1, hash: randomBytes(32) })) });
  }
  for (const { id, isSuccessfullyConnected } of node.connman.nodes()) {
    if (!isSuccessfullyConnected || Math.random() > 0.2) continue;
    const payload = new Uint8Array(Math.ceil((Math.random() * MAX_SENT_BYTES) / 4));
    node.peerManager.sendRaw(id, Math.random() < 0.7 ? 'inv' : 'tx', payload);
  }
}
