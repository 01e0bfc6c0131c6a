// What becomes of a message of each type, by how far the handshake is.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { ConnectionType } from '../../ts/connman/node/connection-types.ts';
import { MESSAGE_TYPES } from '../../ts/p2p/messages/message-types.ts';
import type { MessageType } from '../../ts/p2p/messages/message-types.ts';
import { decodeMessage, encodeMessage } from '../../ts/p2p/messages/registry.ts';
import { DecodeError } from '../../ts/util/errors/errors.ts';
import { minedHeaders } from '../harness/peers/mined-headers.ts';
import { messageArbitraries } from '../harness/peers/messages.ts';
import { PeerLab } from '../harness/peers/peer-lab.ts';
import type { LabPeer } from '../harness/peers/peer-lab.ts';

/** Everything is offered, so that nothing is refused for another reason than its time. */
const ALL_SERVICES = 0xc4dn;
const HOOKS = { onTx() {}, onInv() {}, onGetData() {}, onNotFound() {}, onChainMessage() {}, getTx: () => undefined };

const PHASES = ['before version', 'before verack', 'afterwards'] as const;
type Phase = (typeof PHASES)[number];
type Fate = 'ignored' | 'processed' | 'disconnected';

function peerIn(lab: PeerLab, phase: Phase, type: ConnectionType = 'inbound'): LabPeer {
  const peer = lab.connect({ type, ourServices: ALL_SERVICES });
  lab.settle();
  if (phase !== 'before version') peer.sendVersion({ services: ALL_SERVICES });
  if (phase === 'afterwards') peer.send({ type: 'verack' });
  lab.settle();
  return peer;
}

/** A message that is within every limit. */
function payloadOf(type: MessageType): Uint8Array {
  const [message] = fc.sample(messageArbitraries[type] as fc.Arbitrary<never>, { seed: 11, numRuns: 1 });
  return encodeMessage(message!).payload;
}

/** Whether a message is told to listeners, which means that it is acted upon, and whether the peer is still there then. */
function fateOf(lab: PeerLab, peer: LabPeer, type: string, payload: Uint8Array): Fate {
  let isProcessed = false;
  const stop = lab.manager.on('message', ({ nodeId, message }) => {
    if (nodeId === peer.node.id && message.type === type) isProcessed = true;
  });
  peer.sendRaw(type, payload);
  lab.settle();
  stop();
  if (peer.isGone) return 'disconnected';
  return isProcessed ? 'processed' : 'ignored';
}

/** The table; what it does not name is ignored before `verack` and processed afterwards. */
const FATES: Partial<Record<MessageType, readonly [Fate, Fate, Fate]>> = {
  version: ['processed', 'ignored', 'ignored'],
  verack: ['ignored', 'processed', 'processed'],
  wtxidrelay: ['ignored', 'processed', 'disconnected'],
  sendaddrv2: ['ignored', 'processed', 'disconnected'],
  feature: ['ignored', 'processed', 'disconnected'],
  sendtxrcncl: ['ignored', 'processed', 'processed'],
  sendheaders: ['ignored', 'processed', 'processed'],
  sendcmpct: ['ignored', 'processed', 'processed'],
};

/** Payloads that a rule of their own would have punished: those of the arbitraries are just any. */
const TAME: Partial<Record<MessageType, Uint8Array>> = {
  version: encodeMessage({
    type: 'version',
    protocolVersion: 70_017,
    services: ALL_SERVICES,
    timeSeconds: 1_700_000_000,
    receiver: { services: 0n, service: new PeerLab().connect().node.addr },
    sender: { services: 0n, service: new PeerLab().connect().node.addr },
    nonce: 5n,
    userAgent: '/tame:1.0/',
    startHeight: 1,
    relay: true,
  }).payload,
  headers: encodeMessage({ type: 'headers', headers: minedHeaders(2) }).payload,
  sendcmpct: encodeMessage({ type: 'sendcmpct', announce: 0, version: 2n }).payload,
  filteradd: encodeMessage({ type: 'filteradd', element: Uint8Array.of(1) }).payload,
  getcfilters: encodeMessage({ type: 'getcfilters', filterType: 0, startHeight: 1, stopHash: new Uint8Array(32) })
    .payload,
  getcfheaders: encodeMessage({ type: 'getcfheaders', filterType: 0, startHeight: 1, stopHash: new Uint8Array(32) })
    .payload,
  getcfcheckpt: encodeMessage({ type: 'getcfcheckpt', filterType: 0, stopHash: new Uint8Array(32) }).payload,
};

/** The smallest transaction with an input. */
const TX = Buffer.from(`0100000001${'11'.repeat(32)}0000000000ffffffff0000000000`, 'hex');

describe('a message', () => {
  it.each(MESSAGE_TYPES)('%s has the fate of its phase', (type) => {
    const expected = FATES[type] ?? ['ignored', 'ignored', 'processed'];
    for (const [index, phase] of PHASES.entries()) {
      const lab = new PeerLab({ hooks: HOOKS });
      const peer = peerIn(lab, phase);
      // Without a filter before it an element is a breach of its own.
      if (type === 'filteradd' && phase === 'afterwards') peer.sendRaw('filterload', payloadOf('filterload'));
      expect(fateOf(lab, peer, type, TAME[type] ?? payloadOf(type)), phase).toBe(expected[index]);
      expect(peer.node.disconnectReason?.startsWith('misbehaved') ?? false).toBe(false);
    }
  });

  it('sendtxrcncl, when it is offered, is one that must come before verack', () => {
    const fates = PHASES.map((phase) => {
      const lab = new PeerLab({ hooks: HOOKS, reconcileTxs: true });
      const payload = encodeMessage({ type: 'sendtxrcncl', version: 1, salt: 1n }).payload;
      return fateOf(lab, peerIn(lab, phase), 'sendtxrcncl', payload);
    });
    expect(fates).toEqual(['ignored', 'processed', 'disconnected']);
  });

  it.each(MESSAGE_TYPES)('%s on a private broadcast counts only if it has to do with it', (type) => {
    const lab = new PeerLab({ hooks: HOOKS, privateBroadcast: true });
    lab.manager.initiateTxBroadcastPrivate(TX);
    const peer = peerIn(lab, 'afterwards', 'private-broadcast');
    expect(peer.types).toEqual(['version', 'verack', 'inv']);
    const early = ['wtxidrelay', 'sendaddrv2', 'feature', 'filterload', 'filteradd', 'filterclear'];
    const fate = fateOf(lab, peer, type, TAME[type] ?? payloadOf(type));
    if (type === 'pong') expect(fate).toBe('processed');
    // A request for anything but the transaction ends the connection.
    else if (type === 'getdata') expect(fate).toBe('disconnected');
    else if (!early.includes(type)) expect(fate).toBe('ignored');
    expect(peer.types).toEqual(['version', 'verack', 'inv']);
  });
});

describe('a payload that does not decode', () => {
  /** Some bytes that are no message of this type; undefined where any bytes are one. */
  function undecodable(type: MessageType): Uint8Array | undefined {
    const candidates = [new Uint8Array(0), Uint8Array.of(0xff), new Uint8Array(3).fill(0xff), new Uint8Array(1)];
    return candidates.find((payload) => {
      try {
        decodeMessage(type, payload);
        return false;
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        return true;
      }
    });
  }

  const decodesAlways = 'verack sendaddrv2 getaddr mempool filterclear sendheaders wtxidrelay pong'.split(' ');
  it.each(MESSAGE_TYPES)('of %s leaves the peer, which is answered as before', (type) => {
    const lab = new PeerLab({ hooks: HOOKS });
    const peer = peerIn(lab, 'afterwards');
    // A transaction is opaque to the codec, and read by who takes it.
    const payload = type === 'tx' ? Uint8Array.of(0xff) : undecodable(type);
    // What has no fields decodes from anything, and a pong may be too short.
    expect(payload === undefined).toBe(decodesAlways.includes(type));
    if (payload === undefined) return;
    peer.sendRaw(type, payload);
    lab.settle();
    expect(peer.isGone).toBe(type === 'feature');
    if (type !== 'feature') expect(peer.ask({ type: 'ping', nonce: 7n })).toMatchObject([{ type: 'pong', nonce: 7n }]);
  });
});
