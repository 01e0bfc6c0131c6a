// V1 peers of a V2 transport: how a responder tells them, when an initiator dials again, and both without WebAssembly.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { createKeyPair } from '../../../ts/p2p/bip324/ellswift.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import { V1Transport } from '../../../ts/p2p/transport/v1.ts';
import type { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { receiveAll, sendAll } from '../../harness/peers/transport.ts';
import { NO_BYTES, join, magic, transport, v1VersionFrame } from './v2-stage.ts';

const KEY_BYTES = 64;
const PING = { type: 'ping', payload: new Uint8Array(8).fill(7) };

/** A random source that counts what is drawn, and so tells whether keys were made. */
function countedRandom(): { randomBytes: (byteCount: number) => Uint8Array; drawnBytes: () => number } {
  const seeded = seededBytes('counted');
  let drawn = 0;
  const randomBytes = (byteCount: number): Uint8Array => {
    drawn += byteCount;
    return seeded(byteCount);
  };
  return { randomBytes, drawnBytes: () => drawn };
}

describe('a responder telling V1 from V2', () => {
  const frame = v1VersionFrame(magic);

  it('sends nothing and draws nothing until a byte differs, then sends its key, for each of the 16 places', () => {
    for (let place = 0; place < 16; place++) {
      const { randomBytes, drawnBytes } = countedRandom();
      const responder = transport(false, { randomBytes });
      receiveAll(responder, frame.slice(0, place), [1]);
      expect(responder.getInfo().transportType).toBe('detecting');
      expect(responder.getBytesToSend(true)).toMatchObject({ toSend: NO_BYTES, more: false });
      expect(drawnBytes()).toBe(0);
      receiveAll(responder, Uint8Array.of(frame[place]! ^ 1));
      expect(drawnBytes()).toBeGreaterThan(0);
      expect(responder.getBytesToSend(true).toSend.length).toBeGreaterThanOrEqual(KEY_BYTES);
    }
  });

  it.each([1, 2, 15, 16, 17, 1_000])('becomes V1 at the sixteenth byte, in chunks of %i', (chunk) => {
    const { randomBytes, drawnBytes } = countedRandom();
    const responder = transport(false, { randomBytes });
    const received = receiveAll(responder, join(frame, frame), [chunk]);
    expect(received.failure).toBeUndefined();
    expect(received.messages.map(({ type, rawBytes }) => [type, rawBytes])).toEqual([
      ['version', 110],
      ['version', 110],
    ]);
    expect(responder.getInfo()).toEqual({ transportType: 'v1', sessionId: undefined });
    expect(drawnBytes()).toBe(0);
    const answer = sendAll(responder, [PING]);
    expect(receiveAll(new V1Transport(magic), answer).messages).toMatchObject([PING]);
    expect(responder.getSendMemoryUsage()).toBe(0);
    expect(responder.shouldReconnectV1()).toBe(false);
  });

  it('passes fatal errors of the V1 stream on', () => {
    const responder = transport(false);
    expect(receiveAll(responder, join(frame, v1VersionFrame(CHAIN_PARAMS.main.magic))).failure).toBe(
      'wrong network magic',
    );
  });

  it('disconnects a V1 peer of another network, naming its magic, when its sixteenth byte came', () => {
    for (const chunk of [1, 16, 110]) {
      const responder = transport(false);
      const wrong = v1VersionFrame(CHAIN_PARAMS.main.magic);
      expect(receiveAll(responder, wrong.slice(0, 15), [chunk]).failure).toBeUndefined();
      const failure = receiveAll(responder, wrong.slice(15), [chunk]).failure;
      expect(failure).toBe('V2 transport error: V1 peer with wrong MessageStart f9beb4d9');
    }
  });

  it('does not make that check as an initiator', () => {
    expect(receiveAll(transport(true), v1VersionFrame(CHAIN_PARAMS.main.magic)).failure).toBeUndefined();
  });

  it('accepts a V2 key that begins with fifteen bytes of the V1 prefix', () => {
    const key = join(frame.slice(0, 15), new Uint8Array(49).fill(0xab));
    const responder = transport(false);
    expect(receiveAll(responder, key, [4]).failure).toBeUndefined();
    expect(sendAll(responder).length).toBeGreaterThanOrEqual(KEY_BYTES + 36);
  });
});

describe('shouldReconnectV1', () => {
  it('is true once 24 bytes of the key were sent, and false at 23', () => {
    const initiator = transport(true);
    expect(initiator.shouldReconnectV1()).toBe(false);
    initiator.markBytesSent(23);
    expect(initiator.shouldReconnectV1()).toBe(false);
    initiator.markBytesSent(1);
    expect(initiator.shouldReconnectV1()).toBe(true);
  });

  it('is false again as soon as the peer has sent a byte', () => {
    const initiator = transport(true);
    sendAll(initiator);
    expect(initiator.shouldReconnectV1()).toBe(true);
    receiveAll(initiator, Uint8Array.of(0));
    expect(initiator.shouldReconnectV1()).toBe(false);
  });

  it('is false for responders', () => {
    const responder = transport(false);
    receiveAll(responder, Uint8Array.of(0));
    sendAll(responder);
    expect(responder.shouldReconnectV1()).toBe(false);
  });

  it('is true for a peer that introduces itself with V1 of our network, from its sixteenth byte on, however split', () => {
    const frame = v1VersionFrame(magic);
    for (let split = 1; split < 16; split++) {
      const initiator = transport(true);
      expect(receiveAll(initiator, frame.slice(0, 15), [split]).failure).toBeUndefined();
      expect(initiator.shouldReconnectV1()).toBe(false);
      expect(receiveAll(initiator, frame.slice(15, 16)).failure).toBe('the peer speaks V1');
      expect(initiator.shouldReconnectV1()).toBe(true);
    }
  });

  it('stays false where that is of another network', () => {
    const initiator = transport(true);
    expect(receiveAll(initiator, v1VersionFrame(CHAIN_PARAMS.main.magic).slice(0, 16)).failure).toBeUndefined();
    expect(initiator.shouldReconnectV1()).toBe(false);
  });
});

describe('without WebAssembly', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  async function crippled(): Promise<typeof V2Transport> {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', undefined);
    return (await import('../../../ts/p2p/transport/v2.ts')).V2Transport;
  }

  it.each([
    ['to be made', undefined],
    ['made beforehand', createKeyPair(seededBytes('beforehand'))],
  ])(
    'a responder serves V1 peers, and ends the connection of a V2 peer, with a key pair %s',
    async (_title, keyPair) => {
      const Crippled = await crippled();
      const make = (): V2Transport =>
        new Crippled({ magic, isInitiator: false, randomBytes: seededBytes('x'), ...(keyPair && { keyPair }) });
      expect(receiveAll(make(), v1VersionFrame(magic)).messages.map(({ type }) => type)).toEqual(['version']);
      const stranger = make();
      const failed = receiveAll(stranger, new Uint8Array(KEY_BYTES).fill(0xab));
      expect(failed.failure).toContain('WebAssembly');
      expect(receiveAll(stranger, Uint8Array.of(1)).failure).toBe(failed.failure);
    },
  );

  it('an initiator says so when it is made', async () => {
    const Crippled = await crippled();
    expect(() => new Crippled({ magic, isInitiator: true, randomBytes: seededBytes('x') })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_BACKEND' }),
    );
  });
});
