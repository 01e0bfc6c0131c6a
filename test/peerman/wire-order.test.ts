// What a peer sees of us, byte for byte: every type of connection, both transports, peers of every protocol version that
// makes a difference. The other end is played from the specification, with framing and messages written out by hand.

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';

import { CONNECTION_TYPES } from '../../ts/connman/node/connection-types.ts';
import type { ConnectionType } from '../../ts/connman/node/connection-types.ts';
import type { Connman } from '../../ts/connman/connman.ts';
import type { NodeView } from '../../ts/connman/node/peer.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import type { MemoryPeer } from '../../ts/testing.ts';
import { seededBytes } from '../harness/data/seeded-bytes.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { ScriptedV2Peer, openPackets } from '../harness/peers/v2-peer.ts';
import { MAGIC, World } from '../connman/world.ts';

const OUR_PLACE = '8.8.8.8:18444';
const THEIR_PLACE = '9.9.9.9:18444';
const PROXY = '127.0.0.1:9050';

/** Versions at which something begins, and their neighbours. */
const PEER_VERSIONS = [31_799, 31_800, 60_000, 60_001, ...[11, 12, 13, 14, 15, 16, 17].map((last) => 70_000 + last)];

/** Ids of the short form of BIP 324; the others are sent in the long one. */
const SHORT_IDS: Record<string, number> = { addr: 1, feefilter: 5, inv: 14, ping: 18, sendcmpct: 20, addrv2: 28 };

const NOTHING: Buffer = Buffer.alloc(0);
const SERVICES = 0x809n;
const HEIGHT = 800_000;

// ---- Payloads, from the tables of the specification -----------------------------------------------------------------

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

/** An IPv4 address and port, in the form of `version`. */
function legacyAddress(place: string): Buffer {
  const [host, port] = place.split(':');
  const bytes = Buffer.alloc(18);
  bytes.fill(0xff, 10, 12);
  Buffer.from(host!.split('.').map(Number)).copy(bytes, 12);
  bytes.writeUInt16BE(Number(port), 16);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);
}

function theirVersion(protocolVersion: number): Buffer {
  const emptyAddress = Buffer.alloc(26);
  const head = [u32(protocolVersion), u64(9n), u64(1_700_000_000n), emptyAddress, emptyAddress];
  return Buffer.concat([...head, u64(0x99n), text('/them:1.0/'), u32(5), Buffer.of(1)]);
}

interface Situation {
  readonly type: ConnectionType;
  readonly node: NodeView;
  readonly userAgent: string;
  readonly nowSeconds: number;
}

function ourVersion({ type, node, userAgent, nowSeconds }: Situation): Buffer {
  if (type === 'private-broadcast') {
    return Buffer.concat([
      u32(70_016),
      Buffer.alloc(68),
      u64(node.localNonce),
      text('/pynode:0.0.1/'),
      Buffer.alloc(5),
    ]);
  }
  const place = type === 'inbound' ? String(node.addr) : THEIR_PLACE;
  const receiver = [u64(type === 'inbound' ? 0n : 9n), legacyAddress(place)];
  const sender = [u64(SERVICES), Buffer.alloc(18)];
  const wantsTxs = type !== 'block-relay-only' && type !== 'feeler';
  return Buffer.concat([
    ...[u32(70_017), u64(SERVICES), u64(BigInt(nowSeconds)), ...receiver, ...sender, u64(node.localNonce)],
    ...[text(userAgent), u32(HEIGHT), Buffer.of(wantsTxs ? 1 : 0)],
  ]);
}

/** One record about us. */
function selfAnnouncement(isV2: boolean, nowSeconds: number): [string, Uint8Array] {
  const address = legacyAddress(OUR_PLACE);
  if (!isV2) return ['addr', Buffer.concat([Buffer.of(1), u32(nowSeconds), u64(SERVICES), address])];
  const services = Buffer.from('fd0908', 'hex');
  const ip = [Buffer.of(1, 4), address.subarray(12)];
  return ['addrv2', Buffer.concat([Buffer.of(1), u32(nowSeconds), services, ...ip])];
}

/** What we send before and after the peer's `verack`. */
function expectedMessages(situation: Situation, peerVersion: number, pingNonce: Uint8Array): [string, Uint8Array][] {
  const { type, nowSeconds } = situation;
  const first: [string, Uint8Array] = ['version', ourVersion(situation)];
  if (peerVersion < 31_800) return type === 'inbound' ? [] : [first];
  if (type === 'private-broadcast') {
    return [first, ['verack', NOTHING], ['inv', Buffer.concat([Buffer.of(1), u32(1), TXID])]];
  }
  const since = <T>(version: number, ...messages: T[]): T[] => (peerVersion >= version ? messages : []);
  const gossips = type !== 'inbound' && type !== 'block-relay-only' && type !== 'feeler';
  const begin: [string, Uint8Array][] = [
    first,
    ...since<[string, Uint8Array]>(70_016, ['wtxidrelay', NOTHING], ['sendaddrv2', NOTHING]),
    ['verack', NOTHING],
  ];
  if (type === 'feeler') return begin;
  return [
    ...begin,
    ...(gossips ? [['getaddr', NOTHING] as [string, Uint8Array]] : []),
    ...since<[string, Uint8Array]>(70_014, ['sendcmpct', Buffer.from('000200000000000000', 'hex')]),
    ['ping', peerVersion > 60_000 ? pingNonce : NOTHING],
    ...(gossips ? [selfAnnouncement(peerVersion >= 70_016, nowSeconds)] : []),
    ...(type === 'block-relay-only' ? [] : since<[string, Uint8Array]>(70_013, ['feefilter', u64(FEE_LEVEL)])),
  ];
}

/** What every rounding of our lowest rate comes to: less than peers relay is not asked for. */
const FEE_LEVEL = 100n;

/** The smallest transaction: no inputs and outputs would be read as a witness mark. */
const TX = Buffer.from(`01000000 01 ${'11'.repeat(32)} 00000000 00 ffffffff 00 00000000`.replaceAll(' ', ''), 'hex');
const TXID = sha256d(TX);

function sha256d(bytes: Uint8Array): Buffer {
  const once = createHash('sha256').update(bytes).digest();
  return createHash('sha256').update(once).digest();
}

// ---- The other end --------------------------------------------------------------------------------------------------

/** One end of a connection, as bytes. */
interface End {
  /** Answers what belongs to the transport. Called again until nothing more is to be done. */
  greet(): void;
  send(type: string, payload?: Buffer): void;
  /** What came so far, the transport's own messages apart, as it was sent. */
  received(): Buffer;
  /** The bytes that these messages are sent as. */
  framed(messages: readonly [string, Uint8Array][]): Buffer;
  /** Where the nonce of the first ping is; undefined before there is one. */
  pingNonce(): Buffer | undefined;
}

function padded(type: string): Buffer {
  const field = Buffer.alloc(12);
  field.write(type, 'latin1');
  return field;
}

class V1End implements End {
  readonly #socket: MemoryPeer;
  #bytes: Buffer = NOTHING;

  constructor(socket: MemoryPeer) {
    this.#socket = socket;
  }

  greet(): void {}

  send(type: string, payload = NOTHING): void {
    this.#socket.send(this.framed([[type, payload]]));
  }

  received(): Buffer {
    this.#bytes = Buffer.concat([this.#bytes, this.#socket.take()]);
    return this.#bytes;
  }

  framed(messages: readonly [string, Uint8Array][]): Buffer {
    const frames = messages.flatMap(([type, payload]) => {
      return [MAGIC, padded(type), u32(payload.length), sha256d(payload).subarray(0, 4), payload];
    });
    return Buffer.concat(frames);
  }

  pingNonce(): Buffer | undefined {
    const bytes = this.received();
    const at = bytes.indexOf(padded('ping'));
    return at === -1 ? undefined : bytes.subarray(at + 20, at + 20 + bytes.readUInt32LE(at + 12));
  }
}

/** Compares what is inside the packets: type in its shortest form, and payload. Each packet is one entry. */
class V2End implements End {
  readonly #socket: MemoryPeer;
  readonly #peer: ScriptedV2Peer;
  readonly #isInitiator: boolean;
  #stage: 'key' | 'garbage' | 'messages' = 'key';
  #unread: Buffer = NOTHING;
  #contents: Buffer[] = [];

  constructor(socket: MemoryPeer, isInitiator: boolean) {
    this.#socket = socket;
    this.#isInitiator = isInitiator;
    this.#peer = new ScriptedV2Peer(isInitiator, MAGIC, seededBytes('wire order'));
    if (isInitiator) socket.send(this.#peer.keyPair.publicKey);
  }

  greet(): void {
    this.#unread = Buffer.concat([this.#unread, this.#socket.take()]);
    if (this.#stage === 'key' && this.#unread.length >= 64) {
      this.#peer.receiveKey(this.#unread);
      this.#unread = this.#unread.subarray(64);
      if (!this.#isInitiator) this.#socket.send(this.#peer.keyPair.publicKey);
      this.#socket.send(this.#peer.finish(NOTHING));
      this.#stage = 'garbage';
    }
    if (this.#stage === 'garbage') {
      const { receiveTerminator } = this.#peer.session;
      const at = this.#unread.indexOf(receiveTerminator);
      if (at === -1 || this.#unread.length < at + 36) return;
      this.#open(this.#unread.subarray(at + 16), this.#unread.subarray(0, at));
      expect(this.#contents.shift()).toEqual(NOTHING); // The version packet.
      this.#stage = 'messages';
    } else if (this.#stage === 'messages') this.#open(this.#unread, NOTHING);
  }

  #open(packets: Buffer, firstAad: Buffer): void {
    for (const { isDecoy, contents } of openPackets(this.#peer.session, packets, firstAad)) {
      expect(isDecoy).toBe(false);
      this.#contents.push(Buffer.from(contents));
    }
    this.#unread = NOTHING;
  }

  send(type: string, payload = NOTHING): void {
    this.#socket.send(this.#peer.seal(this.#contentsOf(type, payload)));
  }

  received(): Buffer {
    this.greet();
    return Buffer.concat(this.#contents.flatMap((contents) => [u32(contents.length), contents]));
  }

  framed(messages: readonly [string, Uint8Array][]): Buffer {
    return Buffer.concat(
      messages.flatMap(([type, payload]) => {
        const contents = this.#contentsOf(type, payload);
        return [u32(contents.length), contents];
      }),
    );
  }

  pingNonce(): Buffer | undefined {
    this.greet();
    return this.#contents.find((contents) => contents[0] === SHORT_IDS['ping'])?.subarray(1);
  }

  #contentsOf(type: string, payload: Uint8Array): Buffer {
    const id = SHORT_IDS[type];
    return Buffer.concat([id === undefined ? Buffer.concat([Buffer.of(0), padded(type)]) : Buffer.of(id), payload]);
  }
}

// ---- One conversation -----------------------------------------------------------------------------------------------

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

async function startNode(usesV2: boolean): Promise<{ connman: Connman; manager: PeerManager }> {
  const { clock } = world.net;
  const { connman } = world.make({
    bind: [OUR_PLACE],
    localServices: SERVICES & ~0x800n,
    v2Transport: true,
    noConnect: !usesV2,
    onion: PROXY,
    random: seededUint32(4),
  });
  const hooks = { onTx() {}, onChainMessage() {}, minFeeRate: () => 1n };
  const manager = new PeerManager({ clock, hooks, privateBroadcast: true, random: seededUint32(5) });
  manager.setBestBlock(HEIGHT, Math.floor(clock.wallTimeMs() / 1_000));
  await connman.start(manager);
  return { connman, manager };
}

/** Has a connection of this type come about. @returns Our node and the other end's socket. */
async function connect(connman: Connman, type: ConnectionType, usesV2: boolean): Promise<MemoryPeer> {
  if (type === 'inbound') return world.connect(OUR_PLACE, THEIR_PLACE).socket;
  const isProxied = type === 'private-broadcast';
  const listener = world.listen(isProxied ? PROXY : THEIR_PLACE);
  const addr = { service: Service.parse(THEIR_PLACE), services: 9n };
  const proxy = isProxied ? { proxyOverride: { endpoint: PROXY } } : {};
  const dialed = connman.openNetworkConnection({ connectionType: type, addr, usesV2, ...proxy });
  await world.settle();
  const [socket] = listener.peers;
  // SOCKS5: no authentication, then connected.
  for (const answer of isProxied ? ['0500', '05000001000000000000'] : []) {
    socket!.take();
    socket!.send(Buffer.from(answer, 'hex'));
    await world.settle();
  }
  expect(await dialed).toBe(true);
  return socket!;
}

async function converse(type: ConnectionType, usesV2: boolean, peerVersion: number): Promise<void> {
  const { connman, manager } = await startNode(usesV2);
  manager.initiateTxBroadcastPrivate(TX);
  const socket = await connect(connman, type, usesV2);
  const end = usesV2 ? new V2End(socket, type === 'inbound') : new V1End(socket);
  await world.pass(200, 100);
  // Twice: the key, then what answers ours.
  for (let step = 0; step < 2; step++) {
    end.greet();
    await world.settle();
  }
  const nowSeconds = Math.floor(world.net.clock.wallTimeMs() / 1_000);
  const says: (() => void)[] = [() => end.send('version', theirVersion(peerVersion))];
  if (peerVersion >= 70_016) says.push(() => (end.send('wtxidrelay'), end.send('sendaddrv2')));
  says.push(() => end.send('verack'));
  const [node] = [...connman.nodes()];
  const seen: number[] = [];
  for (const say of says) {
    if (!socket.hasEOF) say();
    await world.settle();
    seen.push(end.received().length);
  }
  const pingNonce: Buffer = end.pingNonce() ?? NOTHING;
  const situation: Situation = { type, node: node!, userAgent: connman.userAgent, nowSeconds };
  const expected = expectedMessages(situation, peerVersion, pingNonce);
  expect(end.received().toString('hex')).toBe(end.framed(expected).toString('hex'));
  expect(pingNonce.length).toBe(expected.some(([name]) => name === 'ping') && peerVersion > 60_000 ? 8 : 0);
  // Until the peer's `verack` came, there was nothing but the introduction, the negotiation and `getaddr`.
  const isLate = ([name]: [string, Uint8Array]): boolean => !EARLY.has(name);
  const early = end.framed(
    expected.slice(0, expected.findIndex(isLate) === -1 ? undefined : expected.findIndex(isLate)),
  );
  expect(Math.max(...seen.slice(0, -1))).toBe(early.length);
  expect(node!.isMarkedForDisconnect).toBe(peerVersion < 31_800 || type === 'feeler');
}

const EARLY = new Set(['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'getaddr']);

describe.each([
  ['V1', false],
  ['V2', true],
] as const)('over %s', (_name, usesV2) => {
  it.each(CONNECTION_TYPES)('a connection of type %s carries exactly what it should', async (type) => {
    for (const peerVersion of PEER_VERSIONS) {
      await converse(type, usesV2, peerVersion);
      await world.destroy();
      world = new World();
    }
  });
});
