// Who is given a payload, or a part of one, may keep it: memory is freed early only where nobody was.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { folderNameOf } from '../../ts/connman/messages/message-capture.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { InventoryType, MAX_INVENTORY_ITEMS, MAX_NOTFOUND_ITEMS } from '../../ts/p2p/messages/inventory.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { Message } from '../../ts/p2p/messages/registry.ts';
import type { PeerHooks, PeerManagerOptions } from '../../ts/peerman/index.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { ByteWriter } from '../../ts/util/bytes/bytes.ts';
import { World, onlyNode, versionMessage } from '../connman/world.ts';
import type { WirePeer } from '../connman/world.ts';
import { FakeChain } from '../harness/peers/fake-chain.ts';
import { PeerLab } from '../harness/peers/peer-lab.ts';
import { items } from '../harness/peers/transactions.ts';

const PLACE = '127.0.0.1:18444';

/** The least that is freed early, a middling message, and nearly the longest one, in bytes. */
const SIZES = [16_384, 262_144, 3_990_000];

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

/** A node with a peer manager, and a peer whose handshake is done. */
async function meet(options: PeerManagerOptions, connmanOptions: ConnmanOptions = {}) {
  const { connman } = world.make({ bind: [PLACE], ...connmanOptions });
  const manager = new PeerManager({ clock: world.net.clock, ...options });
  await connman.start(manager);
  const peer = await greet();
  return { connman, manager, peer };
}

async function greet(): Promise<WirePeer> {
  const peer = world.connect(PLACE);
  peer.send({ ...versionMessage(), relay: true } as Message, { type: 'verack' });
  await world.pass(500, 100);
  return peer;
}

/** Sends a message, and one that has nothing to do with it behind. */
async function deliver(peer: WirePeer, message: Message): Promise<void> {
  peer.send(message, { type: 'ping', nonce: 1n });
  await world.pass(2_000, 100);
  expect(peer.types()).toContain('pong');
}

function filler(byteCount: number): Uint8Array {
  return new Uint8Array(byteCount).fill(7);
}

const unknown = (size: number): Message => ({ type: 'unknown', messageType: 'hello', payload: filler(size) });
const inventory =
  (type: 'inv' | 'getdata' | 'notfound', entryType: number) =>
  (size: number): Message => ({ type, items: items(entryType, Math.min(Math.ceil(size / 36), MAX_INVENTORY_ITEMS)) });

function block(size: number): Message {
  const payload = filler(size);
  payload[80] = 1;
  return { type: 'block', payload } as Message;
}

/** A transaction with one input, whose script is long. */
function transaction(size: number): Message {
  const writer = new ByteWriter().uint32LE(2).compactSize(1).bytes(filler(36)).varBytes(filler(size)).uint32LE(0);
  return { type: 'tx', payload: writer.compactSize(1).bytes(filler(8)).varBytes(filler(1)).uint32LE(0).finish() };
}

/** The payloads and hashes that were kept, and what they held when they came. */
class Keeper {
  readonly #kept: [kept: Uint8Array, copy: Uint8Array][] = [];

  readonly keep = (bytes: Uint8Array): void => void this.#kept.push([bytes, bytes.slice()]);

  expectWhole(): void {
    expect(this.#kept.length).toBeGreaterThan(0);
    for (const [kept, copy] of this.#kept) {
      if (kept.length !== copy.length || Buffer.compare(kept, copy) !== 0) expect(kept).toEqual(copy);
    }
  }
}

describe.each(SIZES)('a message of %i bytes stays whole', (size) => {
  it.each(['message', 'message:unknown'] as const)('for a listener of %s that listens once', async (name) => {
    const keeper = new Keeper();
    const { manager, peer } = await meet({});
    const stop = manager.on(name, ({ message, payload }) => {
      if (message.type !== 'unknown') return;
      stop();
      keeper.keep(payload);
      keeper.keep(message.payload);
    });
    await deliver(peer, unknown(size));
    keeper.expectWhole();
  });

  it.each(['inv', 'getdata'] as const)('for a listener of message:%s that listens once', async (type) => {
    const keeper = new Keeper();
    const { manager, peer } = await meet({});
    const stop = manager.on(`message:${type}`, ({ message, payload }) => {
      stop();
      keeper.keep(payload);
      keeper.keep(message.items[0]!.hash);
    });
    // Blocks are asked for one in a visit: the message is done with long after it was announced.
    await deliver(peer, inventory(type, InventoryType.BLOCK)(Math.min(size, 262_144)));
    keeper.expectWhole();
  });

  // Each with what it is given kept.
  const hooks: [keyof PeerHooks, (keeper: Keeper) => PeerHooks, (size: number) => Message][] = [
    ['onUnknownMessage', ({ keep }) => ({ onUnknownMessage: (_n, _t, payload) => keep(payload) }), unknown],
    ['onChainMessage', ({ keep }) => ({ onChainMessage: (_n, _t, payload) => keep(payload) }), block],
    ['onTx', ({ keep }) => ({ onTx: (_n, bytes) => keep(bytes) }), transaction],
    [
      'onInv',
      ({ keep }) => ({ onTx() {}, onInv: (_n, [item]) => keep(item!.hash) }),
      inventory('inv', InventoryType.TX),
    ],
    [
      'isTxKnown',
      ({ keep }) => ({ onTx() {}, isTxKnown: ({ hash }) => (keep(hash), true) }),
      inventory('inv', InventoryType.TX),
    ],
    [
      'onNotFound',
      ({ keep }) => ({ onNotFound: (_n, [item]) => keep(item!.hash) }),
      (bytes) => inventory('notfound', InventoryType.TX)(Math.min(bytes, MAX_NOTFOUND_ITEMS * 36)),
    ],
    [
      'getTx',
      ({ keep }) => ({ onTx() {}, getTx: (_n, { hash }) => (keep(hash), undefined) }),
      inventory('getdata', InventoryType.TX),
    ],
    [
      'onGetData',
      ({ keep }) => ({ onGetData: (_n, { hash }) => keep(hash) }),
      (bytes) => inventory('getdata', InventoryType.BLOCK)(Math.min(bytes, 262_144)),
    ],
  ];
  it.each(hooks)('for the hook %s', async (_name, make, messageOf) => {
    const keeper = new Keeper();
    const { peer } = await meet({ hooks: make(keeper) });
    await deliver(peer, messageOf(size));
    keeper.expectWhole();
  });

  it('for a hook that removes itself', async () => {
    const keeper = new Keeper();
    const given: PeerHooks = {
      onUnknownMessage(_node, _type, payload) {
        delete given.onUnknownMessage;
        keeper.keep(payload);
      },
    };
    const { peer } = await meet({ hooks: given });
    await deliver(peer, unknown(size));
    keeper.expectWhole();
  });

  it('for a view of the chain', async () => {
    const keeper = new Keeper();
    const chainView = new FakeChain();
    chainView.block = (hash) => void keeper.keep(hash);
    const { peer } = await meet({ chainView });
    await deliver(peer, inventory('getdata', InventoryType.BLOCK)(Math.min(size, 262_144)));
    keeper.expectWhole();
  });

  it('for a listener of inboundMessage that listens once', async () => {
    const keeper = new Keeper();
    const { connman, peer } = await meet({});
    const stop = connman.on('inboundMessage', ({ message }) => {
      stop();
      keeper.keep(message.payload);
    });
    await deliver(peer, unknown(size));
    keeper.expectWhole();
  });

  it('for a listener of rejectedMessage that listens once', async () => {
    const keeper = new Keeper();
    const { connman, peer } = await meet({});
    const stop = connman.on('rejectedMessage', ({ message }) => {
      stop();
      keeper.keep(message.payload);
    });
    const frame = Uint8Array.from(peer.frame(unknown(size)));
    frame[20]! ^= 1;
    peer.socket.send(frame);
    await world.pass(1_000, 100);
    keeper.expectWhole();
  });

  it('for another message processor, which nobody listens beside', async () => {
    const keeper = new Keeper();
    const { greeter } = await world.node({ bind: [PLACE] });
    greeter.onMessage = (_node, _type, payload) => keeper.keep(payload);
    const peer = world.connect(PLACE);
    peer.greet();
    await world.settle();
    peer.send(unknown(size), unknown(size));
    await world.settle();
    keeper.expectWhole();
  });

  it('in the files of captured messages', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sockman-kept-'));
    try {
      const { connman, peer } = await meet({}, { captureMessages: folder });
      const name = folderNameOf(onlyNode(connman));
      await deliver(peer, unknown(size));
      const captured = await readFile(join(folder, name, 'msgs_recv.dat'));
      expect(captured.includes(Buffer.from(filler(size)))).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('where it is passed on to a peer that does not read yet', async () => {
    const { connman, manager, peer } = await meet({});
    const { id } = onlyNode(connman);
    const reader = await greet();
    reader.types();
    reader.socket.pauseReading();
    const to = [...connman.nodes()].find((node) => node.id !== id)!.id;
    const stop = manager.on('message:unknown', ({ message }) => {
      stop();
      manager.send(to, message);
    });
    await deliver(peer, unknown(size));
    reader.socket.resumeReading();
    await world.pass(1_000, 100);
    const got = reader.messages().find(({ type }) => type === 'unknown');
    expect(encodeMessage(got!).payload.length).toBe(size);
    expect(Buffer.compare(encodeMessage(got!).payload, filler(size))).toBe(0);
  });
});

describe('a long payload that nobody was given', () => {
  it('is freed by the peer manager once it was acted upon', () => {
    const freed: number[] = [];
    const lab = new PeerLab();
    lab.releasePayload = (payload) => void freed.push(payload.length);
    const peer = lab.connectReady();
    peer.ask(unknown(16_384));
    peer.ask(unknown(16_383));
    lab.jump(1_000);
    expect(freed).toEqual([16_384]);
  });

  it('is freed by Connman only for the processor that took it, and once', async () => {
    const { connman, greeter } = await world.node({ bind: [PLACE] });
    const lengths: number[] = [];
    const foreign = new Uint8Array(16_384);
    greeter.onMessage = (_node, type, payload) => {
      if (type !== 'hello') return;
      greeter.network.releasePayload(payload);
      greeter.network.releasePayload(foreign);
      lengths.push(payload.length, foreign.length);
    };
    const peer = world.connect(PLACE);
    peer.greet();
    await world.settle();
    peer.send(unknown(16_384));
    await world.settle();
    const stop = connman.on('inboundMessage', () => stop());
    peer.send(unknown(16_384));
    await world.settle();
    expect(lengths).toEqual([0, 16_384, 16_384, 16_384]);
  });
});
