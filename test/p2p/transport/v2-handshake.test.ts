import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyPair } from '../../../ts/p2p/bip324/ellswift.ts';
import type { RandomBytes } from '../../../ts/p2p/bip324/ellswift.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import type { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import type { V2TransportOptions } from '../../../ts/p2p/transport/v2.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { receiveAll, sendAll } from '../../harness/peers/transport.ts';
import { ScriptedV2Peer, openPackets } from '../../harness/peers/v2-peer.ts';
import { NO_BYTES, join, magic, transport } from './v2-stage.ts';

const KEY_BYTES = 64;
const PING = { type: 'ping', payload: new Uint8Array(8).fill(7) };
const ROLES = [
  ['an initiator', true],
  ['a responder', false],
] as const;

/** A transport that has got the peer's key and `garbage`, and the peer, which can now seal. */
function halfway(isInitiator: boolean, garbage: Uint8Array): { ours: V2Transport; peer: ScriptedV2Peer } {
  const ours = transport(isInitiator);
  const peer = new ScriptedV2Peer(!isInitiator, magic, seededBytes('peer'));
  const opening = receiveAll(ours, join(peer.keyPair.publicKey, garbage));
  expect(opening.failure).toBeUndefined();
  peer.receiveKey(sendAll(ours));
  return { ours, peer };
}

describe('two V2Transports', () => {
  /** Everything each side sends for the same seeds, and what it receives. */
  function conversation(seed: number): { fromInitiator: Uint8Array; fromResponder: Uint8Array } {
    const initiator = transport(true, { randomBytes: seededBytes(`i${seed}`) });
    const responder = transport(false, { randomBytes: seededBytes(`r${seed}`) });
    const first = sendAll(initiator);
    receiveAll(responder, first);
    const fromResponder = sendAll(responder, [PING]);
    receiveAll(initiator, fromResponder);
    return { fromInitiator: join(first, sendAll(initiator, [PING])), fromResponder };
  }

  it.each([1, 2, 3])(
    'arrive at the same session with messages on its heels, split at every byte offset (seed %i)',
    (seed) => {
      const { fromInitiator, fromResponder } = conversation(seed);
      for (const [isInitiator, incoming] of [
        [true, fromResponder],
        [false, fromInitiator],
      ] as const) {
        // All splits would take thousands of key agreements; the middle of the garbage is all alike.
        const splits = Array.from({ length: incoming.length }, (_, i) => i).filter(
          (i) => i <= 90 || i >= incoming.length - 90 || i % 97 === 0,
        );
        for (const split of splits) {
          const side = transport(isInitiator, { randomBytes: seededBytes(`${isInitiator ? 'i' : 'r'}${seed}`) });
          const received = receiveAll(side, incoming, [split, incoming.length]);
          expect(received.failure).toBeUndefined();
          expect(received.messages).toMatchObject([{ ...PING, rejectReason: undefined, rawBytes: 29 }]);
          expect(side.getInfo().transportType).toBe('v2');
        }
      }
    },
  );

  it('understand each other when every byte comes alone', () => {
    const { fromInitiator } = conversation(4);
    const responder = transport(false, { randomBytes: seededBytes('r4') });
    expect(receiveAll(responder, fromInitiator, [1]).messages).toMatchObject([PING]);
  });

  it('report the same session id, and none before the version packet of the other side has come', () => {
    const [initiator, responder] = [transport(true), transport(false)];
    const key = sendAll(initiator);
    receiveAll(responder, key);
    const answer = sendAll(responder);
    for (let length = 0; length < answer.length; length++) {
      if (length > 0) receiveAll(initiator, answer.slice(length - 1, length));
      expect(initiator.getInfo()).toEqual({ transportType: 'detecting', sessionId: undefined });
    }
    receiveAll(initiator, answer.slice(-1));
    expect(responder.getInfo().transportType).toBe('detecting');
    receiveAll(responder, sendAll(initiator));
    expect(initiator.getInfo().transportType).toBe('v2');
    expect(initiator.getInfo().sessionId).toHaveLength(32);
    expect(responder.getInfo()).toEqual(initiator.getInfo());
  });

  it('send garbage of 0 to 4,095 bytes, uniformly drawn', () => {
    const keyPair = createKeyPair(seededBytes('fixed'));
    const lengths = [
      [0x00, 0x00, 0],
      [0xff, 0x0f, 4_095],
      [0xff, 0xff, 4_095],
      [0x34, 0x12, 0x234],
    ] as const;
    for (const [low, high, garbageBytes] of lengths) {
      const randomBytes = (byteCount: number): Uint8Array =>
        byteCount === 2 ? Uint8Array.of(low, high) : new Uint8Array(byteCount);
      const initiator = transport(true, { keyPair: { ...keyPair }, randomBytes });
      expect(sendAll(initiator)).toHaveLength(KEY_BYTES + garbageBytes);
    }
  });

  it('take a key pair made beforehand, and overwrite its private key', () => {
    const keyPair = createKeyPair(seededBytes('beforehand'));
    const initiator = transport(true, { keyPair });
    const responder = transport(false);
    const key = sendAll(initiator);
    expect(key.slice(0, KEY_BYTES)).toEqual(new Uint8Array(keyPair.publicKey));
    receiveAll(responder, key);
    receiveAll(initiator, sendAll(responder));
    expect(keyPair.privateKey).toEqual(new Uint8Array(32));
  });

  it.each([
    [{ magic: new Uint8Array(3) }],
    [{ magic: 'fabfb5da' as unknown as Uint8Array }],
    [{ garbage: new Uint8Array(4_096) }],
    [{ randomBytes: 4 as unknown as RandomBytes }],
    [{ keyPair: { privateKey: new Uint8Array(32), publicKey: new Uint8Array(63) } }],
  ])('refuse bad options (%#)', (options: Partial<V2TransportOptions>) => {
    expect(() => transport(true, options)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });
});

describe('a V2Transport', () => {
  it('keeps its own copies of magic and garbage', () => {
    const lent = { magic: Uint8Array.from(magic), garbage: new Uint8Array(5).fill(7) };
    const initiator = transport(true, lent);
    const responder = transport(false);
    lent.magic.fill(0);
    lent.garbage.fill(0);
    const opening = sendAll(initiator);
    expect([...opening.subarray(KEY_BYTES)]).toEqual([7, 7, 7, 7, 7]);
    receiveAll(responder, opening);
    receiveAll(initiator, sendAll(responder));
    receiveAll(responder, sendAll(initiator));
    expect(initiator.getInfo().sessionId).toBeDefined();
    expect(responder.getInfo()).toEqual(initiator.getInfo());
  });
});

describe.each(ROLES)('the handshake of %s', (_name, isInitiator) => {
  it.each([0, 1, 15, 16, 17, 4_094, 4_095])('accepts %i bytes of garbage', (garbageBytes) => {
    const garbage = seededBytes('garbage')(garbageBytes);
    const { ours, peer } = halfway(isInitiator, garbage);
    const received = receiveAll(ours, join(peer.finish(garbage), peer.seal(Uint8Array.of(18))), [7]);
    expect(received.failure).toBeUndefined();
    expect(received.messages).toMatchObject([{ type: 'ping' }]);
  });

  it('is fatal exactly at byte 4,111 behind the key when 4,096 bytes of garbage precede the right terminator', () => {
    const garbage = seededBytes('garbage')(4_096);
    for (const chunk of [1, 100, 10_000]) {
      const { ours, peer } = halfway(isInitiator, garbage.slice(0, 4_000));
      const rest = join(garbage.slice(4_000), peer.finish(garbage));
      expect(receiveAll(ours, rest.slice(0, 110), [chunk]).failure).toBeUndefined();
      expect(receiveAll(ours, rest.slice(110), [chunk]).failure).toBe('V2 transport error: missing garbage terminator');
    }
  });

  it('waits through 4,110 bytes without terminator and gives up at one more', () => {
    const { ours } = halfway(isInitiator, NO_BYTES);
    expect(receiveAll(ours, new Uint8Array(4_110)).failure).toBeUndefined();
    const failure = { reason: 'V2 transport error: missing garbage terminator' };
    expect(ours.receivedBytes(new Uint8Array(1))).toEqual(failure);
    expect(ours.receivedBytes(new Uint8Array(1))).toEqual(failure);
    expect(ours.receivedMessageComplete()).toBe(false);
  });

  it('takes the first 15 bytes of the terminator for garbage, however often and wherever cut', () => {
    for (const chunk of [1, 3, 16, 1_000]) {
      // The terminator follows from the keys, so the garbage is chosen when they are known.
      const { ours, peer } = halfway(isInitiator, NO_BYTES);
      const lookAlike = peer.session.sendTerminator.slice(0, 15);
      const garbage = join(lookAlike, lookAlike, Uint8Array.of(lookAlike[0]!), lookAlike);
      // One byte that is not the terminator's last, so that the look-alike stays one.
      const padded = join(garbage, Uint8Array.of(peer.session.sendTerminator[15]! ^ 1));
      const received = receiveAll(ours, join(padded, peer.finish(padded), peer.seal(Uint8Array.of(18))), [chunk]);
      expect(received.failure).toBeUndefined();
      expect(received.messages).toHaveLength(1);
    }
  });

  it('disconnects when any byte of terminator, garbage or version packet was changed', () => {
    const garbage = seededBytes('garbage')(20);
    const length = 20 + 16 + 20;
    for (let at = 0; at < length; at++) {
      const { ours, peer } = halfway(isInitiator, NO_BYTES);
      const bytes = join(garbage, peer.finish(garbage));
      bytes[at]! ^= 1 << (at % 8);
      // A longer length only shows when the bytes are there: send more than any packet holds.
      const chunk = new Uint8Array(1_000_000);
      const parts = [bytes, ...Array.from({ length: 17 }, () => chunk)];
      let failure: string | undefined;
      for (const part of parts) failure ??= receiveAll(ours, part).failure;
      expect(failure, `byte ${at}`).toBeDefined();
      expect(ours.getInfo().transportType).toBe('detecting');
    }
  });

  it('disconnects without associated data on the first packet, and with any on the second', () => {
    const garbage = seededBytes('garbage')(20);
    const without = halfway(isInitiator, garbage);
    expect(receiveAll(without.ours, without.peer.finish(NO_BYTES)).failure).toBe('packet authentication failed');
    const twice = halfway(isInitiator, garbage);
    const bytes = join(twice.peer.finish(garbage), twice.peer.seal(Uint8Array.of(18), { aad: garbage }));
    const received = receiveAll(twice.ours, bytes);
    expect(received).toMatchObject({ failure: 'packet authentication failed', messages: [] });
  });

  it('accepts a thousand decoys before the version packet, the first of which carries the garbage', () => {
    const garbage = seededBytes('garbage')(33);
    const { ours, peer } = halfway(isInitiator, garbage);
    const decoys = Array.from({ length: 1_000 }, (_, i) =>
      peer.seal(new Uint8Array(i), { isDecoy: true, aad: i === 0 ? garbage : NO_BYTES }),
    );
    const received = receiveAll(
      ours,
      join(peer.session.sendTerminator, ...decoys, peer.seal(NO_BYTES), peer.seal(Uint8Array.of(18))),
      [1_234],
    );
    expect(received.failure).toBeUndefined();
    expect(received.messages).toMatchObject([{ type: 'ping' }]);
  });

  it.each([1, 100, 100_000, 4_000_013])('ignores a version packet with %i bytes of contents', (contentsBytes) => {
    const { ours, peer } = halfway(isInitiator, NO_BYTES);
    const version = peer.seal(new Uint8Array(contentsBytes).fill(18));
    const received = receiveAll(ours, join(peer.session.sendTerminator, version, peer.seal(Uint8Array.of(18))));
    expect(received.failure).toBeUndefined();
    expect(received.messages).toHaveLength(1);
  });

  it('fails at the latest 4,111 bytes behind the key when the peer is of another network', () => {
    const ours = transport(isInitiator);
    const peer = transport(!isInitiator, { magic: CHAIN_PARAMS.main.magic, randomBytes: seededBytes('other network') });
    const [first, second] = isInitiator ? [ours, peer] : [peer, ours];
    const opening = sendAll(first);
    receiveAll(second, opening);
    receiveAll(first, sendAll(second));
    const fromPeer = isInitiator ? new Uint8Array(4_111) : join(sendAll(peer), new Uint8Array(4_111));
    expect(receiveAll(ours, fromPeer).failure).toBe('V2 transport error: missing garbage terminator');
  });

  it('refuses messages before the keys are there, leaves them alone, and sends them first afterwards', () => {
    const ours = transport(isInitiator);
    const message = { type: 'ping', payload: new Uint8Array(8).fill(9) };
    expect(ours.setMessageToSend(message)).toBe(false);
    expect(ours.getBytesToSend(true).more).toBe(false);
    const garbage = seededBytes('garbage')(5);
    const peer = new ScriptedV2Peer(!isInitiator, magic, seededBytes('peer'));
    const ourBytes = [sendAll(ours)];
    receiveAll(ours, join(peer.keyPair.publicKey, garbage));
    expect(ours.setMessageToSend(message)).toBe(false); // The version packet is still to go.
    ourBytes.push(sendAll(ours, [message]));
    const sent = join(...ourBytes);
    peer.receiveKey(sent);
    const terminatorAt = Buffer.from(sent).indexOf(peer.session.receiveTerminator);
    const packets = openPackets(peer.session, sent.slice(terminatorAt + 16), sent.slice(KEY_BYTES, terminatorAt));
    expect(packets.map(({ contents }) => Buffer.from(contents).toString('hex'))).toEqual(['', `12${'09'.repeat(8)}`]);
  });

  it('keeps what getBytesToSend answered a prefix of what it answers when the session starts', () => {
    const ours = transport(isInitiator);
    const peer = new ScriptedV2Peer(!isInitiator, magic, seededBytes('peer'));
    receiveAll(ours, peer.keyPair.publicKey.slice(0, 63));
    const before = ours.getBytesToSend(false).toSend.slice();
    expect(ours.getBytesToSend(true)).toEqual({ toSend: before, more: false, messageType: '' });
    ours.markBytesSent(10);
    receiveAll(ours, peer.keyPair.publicKey.slice(63));
    const after = ours.getBytesToSend(false).toSend;
    expect(after.slice(0, before.length - 10)).toEqual(before.slice(10));
    expect(after).toHaveLength(before.length - 10 + 16 + 20);
    expect(ours.getSendMemoryUsage()).toBe(after.length);
  });

  it('survives any bytes: they end in a fatal error or a wait, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 80 }), (bytes, chunk) => {
        const received = receiveAll(transport(isInitiator), bytes, [chunk]);
        expect(received.messages).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
