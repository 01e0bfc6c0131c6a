import { describe, expect, it } from 'vitest';
import { MAX_SHORT_CONTENTS_BYTES } from '../../../ts/p2p/bip324/packets.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import type { ChainName } from '../../../ts/p2p/chain-params.ts';
import { MESSAGE_TYPES } from '../../../ts/p2p/messages/message-types.ts';
import { MAX_STEP_BYTES, MIN_STEP_BYTES } from '../../../ts/p2p/transport/v2-long-packet.ts';
import { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { receiveAll, sendAll } from '../../harness/peers/transport.ts';
import { sealPacket } from '../../harness/peers/v2-peer.ts';
import { fromHex, readVectorJson, toHex } from '../../harness/data/vectors.ts';
import { createSession } from '../../../ts/p2p/bip324/key-schedule.ts';
import { NO_BYTES, connected, join, pair, sha256 } from './v2-stage.ts';

const OVERHEAD_BYTES = 20;

const longForm = (type: string, payload: Uint8Array): Uint8Array =>
  join(Uint8Array.of(0), Buffer.from(type.padEnd(12, '\0'), 'latin1'), payload);

describe('V2Transport, compared with recorded sessions', () => {
  interface Side {
    privateKey: string;
    ellswift: string;
    garbage: string;
    garbageTerminator: string;
    decoys: string[];
    versionContents: string;
    handshakePackets: string;
    handshakeBytesSha256: string;
  }
  interface Transcript {
    network: ChainName;
    initiator: Side;
    responder: Side;
    sharedSecret: string;
    sessionId: string;
    packets: {
      from: 'initiator' | 'responder';
      form: string;
      type: string;
      payload: string;
      contents: string;
      packet: string;
    }[];
    rekeyRun: { packetsSha256: string; samples: { index: number; packet: string }[] };
  }
  const ROLES = ['initiator', 'responder'] as const;
  const transcripts = readVectorJson<Transcript[]>('bip324_transcripts.json');
  const keyPairOf = (side: Side) => ({ privateKey: fromHex(side.privateKey), publicKey: fromHex(side.ellswift) });
  const wireOf = (side: Side): Uint8Array =>
    fromHex(side.ellswift + side.garbage + side.garbageTerminator + side.handshakePackets);

  describe.each(transcripts)('session $sessionId', (transcript) => {
    const ofMagic = CHAIN_PARAMS[transcript.network].magic;

    it.each(ROLES)('makes the handshake bytes of the %s', (role) => {
      const [us, them] =
        role === 'initiator'
          ? [transcript.initiator, transcript.responder]
          : [transcript.responder, transcript.initiator];
      const session = createSession(keyPairOf(us), fromHex(them.ellswift), role === 'initiator', ofMagic);
      const contents = [...us.decoys, us.versionContents];
      const packets = contents.map((hex, i) =>
        sealPacket(session, fromHex(hex), {
          isDecoy: i < us.decoys.length,
          aad: i === 0 ? fromHex(us.garbage) : NO_BYTES,
        }),
      );
      expect(toHex(session.sessionId)).toBe(transcript.sessionId);
      expect(toHex(session.sendTerminator)).toBe(us.garbageTerminator);
      expect(toHex(join(...packets))).toBe(us.handshakePackets);
      expect(sha256(wireOf(us))).toBe(us.handshakeBytesSha256);
    });

    it.each(ROLES)('reads the whole session as the %s, in chunks of any size', (role) => {
      const them = role === 'initiator' ? 'responder' : 'initiator';
      const incoming = transcript.packets.filter(({ from }) => from === them);
      const stream = join(wireOf(transcript[them]), ...incoming.map(({ packet }) => fromHex(packet)));
      for (const chunk of [1, 2, 3, 17, 64, 100, stream.length]) {
        const ours = new V2Transport({
          magic: ofMagic,
          isInitiator: role === 'initiator',
          randomBytes: seededBytes('unused'),
          keyPair: keyPairOf(transcript[role]),
          garbage: fromHex(transcript[role].garbage),
        });
        const received = receiveAll(ours, stream, [chunk]);
        expect(received.failure).toBeUndefined();
        expect(toHex(ours.getInfo().sessionId!)).toBe(transcript.sessionId);
        const expected = incoming.filter(({ form }) => form !== 'decoy');
        expect(
          received.messages.map(({ type, payload, rawBytes, rejectReason }) => [
            type,
            toHex(payload),
            rawBytes,
            rejectReason,
          ]),
        ).toEqual(expected.map(({ type, payload, packet }) => [type, payload, packet.length / 2, undefined]));
      }
    });

    it('seals its packets and those of a run across the change of keys', () => {
      const { initiator, responder } = transcript;
      const sessions = {
        initiator: createSession(keyPairOf(initiator), fromHex(responder.ellswift), true, ofMagic),
        responder: createSession(keyPairOf(responder), fromHex(initiator.ellswift), false, ofMagic),
      };
      for (const role of ROLES) {
        const { decoys, garbage, versionContents } = transcript[role];
        [...decoys, versionContents].forEach((hex, i) =>
          sealPacket(sessions[role], fromHex(hex), {
            isDecoy: i < decoys.length,
            aad: i === 0 ? fromHex(garbage) : NO_BYTES,
          }),
        );
      }
      for (const { from, form, contents, packet } of transcript.packets) {
        expect(toHex(sealPacket(sessions[from], fromHex(contents), { isDecoy: form === 'decoy' }))).toBe(packet);
      }
      const run = Array.from({ length: 230 }, (_, i) => {
        const contents = Buffer.alloc(9, 0x12);
        contents.writeBigUInt64LE(BigInt(i), 1);
        return sealPacket(sessions.initiator, contents);
      });
      for (const { index, packet } of transcript.rekeyRun.samples) expect(toHex(run[index]!)).toBe(packet);
      expect(sha256(join(...run))).toBe(transcript.rekeyRun.packetsSha256);
    });
  });

  it('sends the same bytes as the recorded side that has neither garbage nor decoys', () => {
    const plain = transcripts.filter(({ initiator }) => initiator.garbage === '' && initiator.decoys.length === 0);
    expect(plain).not.toHaveLength(0);
    for (const { network, initiator, responder, packets } of plain) {
      const ours = new V2Transport({
        magic: CHAIN_PARAMS[network].magic,
        isInitiator: true,
        randomBytes: seededBytes('unused'),
        keyPair: keyPairOf(initiator),
        garbage: NO_BYTES,
      });
      const key = sendAll(ours);
      receiveAll(ours, fromHex(responder.ellswift));
      expect(sha256(join(key, sendAll(ours)))).toBe(initiator.handshakeBytesSha256);
      const first = packets.find(({ from }) => from === 'initiator')!;
      const sent = sendAll(ours, [{ type: first.type, payload: fromHex(first.payload) }]);
      expect(toHex(sent)).toBe(first.packet);
    }
  });
});

describe('V2Transport, receiving', () => {
  it('treats both forms of every type that has both alike', () => {
    const { ours, peer } = connected();
    const sender = pair()[0];
    for (const type of MESSAGE_TYPES) {
      const payload = Buffer.from(`payload of ${type}`);
      sender.setMessageToSend({ type, payload });
      const isShort = sender.getBytesToSend(false).toSend.length === payload.length + OVERHEAD_BYTES + 1;
      sendAll(sender);
      const long = receiveAll(ours, peer.seal(longForm(type, payload))).messages[0]!;
      expect(long).toMatchObject({ type, rejectReason: undefined, rawBytes: payload.length + 13 + OVERHEAD_BYTES });
      expect(toHex(long.payload)).toBe(toHex(payload));
      const withoutShortForm = [
        'version',
        'verack',
        'getaddr',
        'sendaddrv2',
        'wtxidrelay',
        'sendheaders',
        'sendtxrcncl',
      ];
      expect(isShort, type).toBe(!withoutShortForm.includes(type));
    }
  });

  it('judges all 256 first bytes of contents, alone and with 1, 11, 12 and 13 more', () => {
    const { ours, peer } = connected();
    for (let id = 0; id < 256; id++) {
      for (const extra of [0, 1, 11, 12, 13]) {
        const contents = new Uint8Array(1 + extra);
        contents[0] = id;
        const { messages } = receiveAll(ours, peer.seal(contents));
        const isLongForm = id === 0;
        const isKnown = (id >= 1 && id <= 28) || id === 37 || (isLongForm && extra >= 12);
        expect(messages).toHaveLength(1);
        expect(messages[0]!.rawBytes).toBe(contents.length + OVERHEAD_BYTES);
        expect(messages[0]!.rejectReason, `${id} + ${extra}`).toBe(
          isKnown ? undefined : isLongForm ? 'malformed type' : 'unknown short id',
        );
        if (isKnown) expect(messages[0]!.payload).toHaveLength(isLongForm ? extra - 12 : extra);
        if (isKnown && isLongForm) expect(messages[0]!.type).toBe('');
      }
    }
  });

  it.each([
    ['empty contents', NO_BYTES],
    ['malformed type', longForm('ba\x1fd', NO_BYTES)],
    ['malformed type', longForm('ba\x80d', NO_BYTES)],
    ['malformed type', longForm('bad\0d', NO_BYTES)],
  ])('rejects a message for %s and goes on', (reason, contents) => {
    const { ours, peer } = connected();
    const { messages, failure } = receiveAll(ours, join(peer.seal(contents), peer.seal(Uint8Array.of(18))));
    expect(failure).toBeUndefined();
    expect(messages).toMatchObject([{ rejectReason: reason }, { type: 'ping', rejectReason: undefined }]);
  });

  it('accepts 0x7f in a type, which V1 does not, and types of twelve characters', () => {
    const { ours, peer } = connected();
    const stream = join(peer.seal(longForm('a\x7f', NO_BYTES)), peer.seal(longForm('twelve chars', NO_BYTES)));
    expect(receiveAll(ours, stream).messages.map(({ type }) => type)).toEqual(['a\x7f', 'twelve chars']);
  });

  it('drops decoys of every size between messages, without a trace', () => {
    const { ours, peer } = connected();
    const sizes = [0, 1, 1_000, MAX_SHORT_CONTENTS_BYTES, MAX_SHORT_CONTENTS_BYTES + 1, 200_000, 4_000_013];
    const stream = sizes.map((size) =>
      join(peer.seal(new Uint8Array(size), { isDecoy: true }), peer.seal(Uint8Array.of(18, size & 255))),
    );
    const { messages, failure } = receiveAll(ours, join(...stream), [50_000]);
    expect(failure).toBeUndefined();
    expect(messages.map(({ type, payload }) => [type, payload[0]])).toEqual(sizes.map((size) => ['ping', size & 255]));
  });

  it('ignores the other bits of the header', () => {
    const { ours, peer } = connected();
    const packet = new Uint8Array(21);
    peer.session.sealer.sealShort(NO_BYTES, Uint8Array.of(0x7f), Uint8Array.of(18), packet);
    expect(receiveAll(ours, packet).messages).toMatchObject([{ type: 'ping' }]);
  });

  it.each([
    ['message', false],
    ['decoy', true],
  ])('is fatal after three bytes that announce 4,000,014 bytes of a %s, and accepts one less', (_kind, isDecoy) => {
    const good = connected();
    const largest = good.peer.seal(new Uint8Array(4_000_013).fill(18), { isDecoy });
    expect(receiveAll(good.ours, largest)).toMatchObject({ failure: undefined, messages: { length: isDecoy ? 0 : 1 } });
    const { ours, peer } = connected();
    const tooLarge = peer.seal(new Uint8Array(4_000_014), { isDecoy });
    expect(receiveAll(ours, tooLarge.slice(0, 2)).failure).toBeUndefined();
    expect(receiveAll(ours, tooLarge.slice(2, 3)).failure).toBe(
      'packet announces 4000014 bytes, at most 4000013 allowed',
    );
  });

  it('delivers messages around the limit of short packets and the steps of long ones, split near every edge', () => {
    for (const contentsBytes of [1, 2, 14, MAX_SHORT_CONTENTS_BYTES, MAX_SHORT_CONTENTS_BYTES + 1]) {
      const random = seededBytes(`contents ${contentsBytes}`);
      const contents = join(Uint8Array.of(21), random(contentsBytes - 1));
      const total = contentsBytes + OVERHEAD_BYTES;
      for (let split = 0; split <= total; split += split < 40 || split > total - 40 ? 1 : 61) {
        const { ours, peer } = connected();
        const received = receiveAll(ours, join(peer.seal(contents), peer.seal(Uint8Array.of(18))), [split, total + 21]);
        expect(received.messages).toMatchObject([{ type: 'tx', rawBytes: total }, { type: 'ping' }]);
        expect(Buffer.compare(received.messages[0]!.payload, contents.subarray(1))).toBe(0);
      }
    }
  });

  it('delivers long messages of both forms whatever the chunks', () => {
    const around = (byteCount: number): number[] => [byteCount - 1, byteCount, byteCount + 1];
    for (const size of [MIN_STEP_BYTES - 2, ...around(MAX_STEP_BYTES - 1), 3 * MAX_STEP_BYTES + 5]) {
      const payload = seededBytes(`long ${size}`)(size);
      for (const chunk of [997, ...around(MIN_STEP_BYTES), ...around(MAX_STEP_BYTES), 262_144]) {
        const { ours, peer } = connected();
        const stream = join(peer.seal(join(Uint8Array.of(2), payload)), peer.seal(longForm('other', payload)));
        const { messages } = receiveAll(ours, stream, [chunk]);
        expect(messages.map(({ type }) => type)).toEqual(['block', 'other']);
        for (const message of messages) expect(Buffer.compare(message.payload, payload)).toBe(0);
      }
    }
  });

  it('disconnects when any byte of a message was changed, and never delivers a wrong one', () => {
    for (let at = 0; at < 30; at++) {
      const { ours, peer } = connected();
      const packet = peer.seal(join(Uint8Array.of(18), new Uint8Array(9).fill(5)));
      packet[at]! ^= 1 << (at % 8);
      let received = receiveAll(ours, packet);
      // A changed length may point far ahead: it shows when as much has come.
      for (let more = 0; received.failure === undefined && more < 5; more++) {
        received = receiveAll(ours, new Uint8Array(1_000_000));
        expect(received.messages).toEqual([]);
      }
      expect(received.failure, `byte ${at}`).toBeDefined();
    }
  });

  it('disconnects when a bit of a long message was changed, tag and type included', () => {
    const size = MAX_SHORT_CONTENTS_BYTES + 100;
    for (const at of [3, 4, 5, 1_000, size + 3, size + 4, size + 19]) {
      const { ours, peer } = connected();
      const packet = peer.seal(new Uint8Array(size).fill(21));
      packet[at]! ^= 0x80;
      expect(receiveAll(ours, packet, [100]), `byte ${at}`).toMatchObject({
        failure: 'packet authentication failed',
        messages: [],
      });
    }
  });

  it('takes no bytes while a message waits, and has none to hand out otherwise', () => {
    const { ours, peer } = connected();
    expect(() => ours.getReceivedMessage(0)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
    const stream = join(peer.seal(Uint8Array.of(18)), peer.seal(Uint8Array.of(19)));
    expect(ours.receivedBytes(stream)).toBe(21);
    expect(ours.receivedBytes(stream, 21)).toBe(0);
    expect(ours.getReceivedMessage(1_234)).toMatchObject({ type: 'ping', timeMs: 1_234 });
    expect(ours.receivedBytes(stream, 21)).toBe(21);
    expect(ours.getReceivedMessage(5_678)).toMatchObject({ type: 'pong', timeMs: 5_678 });
  });

  it('does not take 4 MB each for two hundred peers that announce 4,000,000 bytes and send some', () => {
    const peers = Array.from({ length: 200 }, () => connected());
    const before = process.memoryUsage();
    const packet = new Uint8Array(3);
    for (const { ours, peer } of peers) {
      peer.session.sealer.sealLong(NO_BYTES, 4_000_001, packet);
      expect(receiveAll(ours, join(packet, new Uint8Array(10))).failure).toBeUndefined();
    }
    const after = process.memoryUsage();
    const grown = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
    expect(grown / peers.length).toBeLessThan(262_144);
  });
});
