import { describe, expect, it } from 'vitest';

import { createKeyPair, decodeX, ecdhXOnly } from '../../../ts/p2p/bip324/ellswift.ts';
import {
  createSession,
  deriveSessionKeys,
  hkdfExpand32,
  hkdfExtract,
  sessionOfSecret,
  sharedSecret,
} from '../../../ts/p2p/bip324/key-schedule.ts';
import type { Session } from '../../../ts/p2p/bip324/key-schedule.ts';
import { PacketSealer } from '../../../ts/p2p/bip324/packets.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { openPackets, sealPacket } from '../../harness/peers/v2-peer.ts';
import { fromHex, readVectorCsv, toHex } from '../../harness/data/vectors.ts';

const MAIN_MAGIC = fromHex('f9beb4d9');
const REGTEST_MAGIC = fromHex('fabfb5da');
const NO_BYTES = new Uint8Array(0);

describe('HKDF-SHA-256', () => {
  it.each(readVectorCsv<'ikm' | 'salt' | 'info' | 'okm'>('hkdf_sha256_l32.csv'))('derives $okm', (row) => {
    const extracted = hkdfExtract(fromHex(row.salt), fromHex(row.ikm));
    expect(toHex(hkdfExpand32(extracted, fromHex(row.info)))).toBe(row.okm);
  });
});

describe.each(readVectorCsv<string>('bip324_packet_encoding.csv'))(
  'the packet encoding vector with private key $in_priv_ours',
  (row) => {
    const bytes = (column: string): Uint8Array => fromHex(row[column]!);
    const isInitiator = row['in_initiating'] === '1';
    const index = Number(row['in_idx']);
    const contents = new Uint8Array(
      Buffer.alloc(bytes('in_contents').length * Number(row['in_multiply']), bytes('in_contents')),
    );
    const options = { aad: bytes('in_aad'), isDecoy: row['in_ignore'] === '1' };
    const keyPair = () => ({ privateKey: bytes('in_priv_ours'), publicKey: bytes('in_ellswift_ours') });
    const secret = () => sharedSecret(keyPair(), bytes('in_ellswift_theirs'), isInitiator);

    /** Brings both ends to the packet of the row, and seals it. */
    function sealRow(): { peer: Session; packet: Uint8Array } {
      const ours = createSession(keyPair(), bytes('in_ellswift_theirs'), isInitiator, MAIN_MAGIC);
      const peer = sessionOfSecret(secret(), !isInitiator, MAIN_MAGIC);
      for (let i = 0; i < index; i++) openPackets(peer, sealPacket(ours, NO_BYTES, { isDecoy: true }));
      return { peer, packet: sealPacket(ours, contents, options) };
    }

    it('has every intermediate value', () => {
      const keys = deriveSessionKeys(secret(), MAIN_MAGIC);
      const [ours, theirs] = isInitiator
        ? [keys.initiatorTerminator, keys.responderTerminator]
        : [keys.responderTerminator, keys.initiatorTerminator];
      expect({
        mid_x_ours: toHex(decodeX(bytes('in_ellswift_ours'))),
        mid_x_theirs: toHex(decodeX(bytes('in_ellswift_theirs'))),
        mid_x_shared: toHex(ecdhXOnly(bytes('in_ellswift_theirs'), bytes('in_priv_ours'))),
        mid_shared_secret: toHex(secret()),
        mid_initiator_l: toHex(keys.initiatorLength),
        mid_initiator_p: toHex(keys.initiatorPacket),
        mid_responder_l: toHex(keys.responderLength),
        mid_responder_p: toHex(keys.responderPacket),
        mid_send_garbage_terminator: toHex(ours),
        mid_recv_garbage_terminator: toHex(theirs),
        out_session_id: toHex(keys.sessionId),
      }).toEqual(Object.fromEntries(Object.entries(row).filter(([name]) => /^mid_|^out_session_id/.test(name))));
    });

    it('encrypts to the ciphertext, and the peer reads it back', () => {
      const { peer, packet } = sealRow();
      const hex = toHex(packet);
      if (row['out_ciphertext'] !== '') expect(hex).toBe(row['out_ciphertext']);
      expect(hex.endsWith(row['out_ciphertext_endswith']!)).toBe(true);
      const opened = openPackets(peer, packet, options.aad)[0]!;
      expect(opened.isDecoy).toBe(options.isDecoy);
      expect(Buffer.compare(opened.contents, contents)).toBe(0);
    });

    it('does not open with a flipped bit, other associated data, or at another index', () => {
      const attempt = (damage: (packet: Uint8Array) => void, aad = options.aad, extraPackets = 0): void => {
        const { peer, packet } = sealRow();
        damage(packet);
        for (let i = 0; i < extraPackets; i++) peer.opener.openLong(NO_BYTES, 0);
        // A forged length may point past the end: `subarray` cuts it short, and the tag is wrong or missing.
        expect(() => openPackets(peer, packet, aad)).toThrow();
      };
      const none = (): void => undefined;
      const places = [0, 1, 2, 3, 4, Math.floor(contents.length / 2) + 3, contents.length + 4, contents.length + 19];
      for (const place of places) attempt((packet) => (packet[place]! ^= 0x10));
      attempt(none, Uint8Array.of(...options.aad, 0));
      if (options.aad.length > 0)
        attempt(
          none,
          options.aad.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
        );
      attempt(none, options.aad, 1);
    });
  },
);

describe('a session', () => {
  it('keeps its own copies of its keys, whatever kind of array they came in', () => {
    const secret = seededBytes('copies')(32);
    const [ours, peer] = [sessionOfSecret(secret, true, MAIN_MAGIC), sessionOfSecret(secret, false, MAIN_MAGIC)];
    const keys = deriveSessionKeys(secret, MAIN_MAGIC);
    // Buffers, since their `slice` does not copy.
    const [lengthKey, packetKey] = [Buffer.from(keys.initiatorLength), Buffer.from(keys.initiatorPacket)];
    const sealer = new PacketSealer(lengthKey, packetKey);
    lengthKey.fill(0);
    packetKey.fill(0);
    const packet = sealPacket({ ...ours, sealer }, Uint8Array.of(1));
    expect(toHex(packet)).toBe(toHex(sealPacket(ours, Uint8Array.of(1))));
    expect(openPackets(peer, packet)).toHaveLength(1);
  });
});

describe('createSession', () => {
  it('gives both sides the same session, and overwrites both private keys', () => {
    for (let seed = 0; seed < 10; seed++) {
      const random = seededBytes(`session ${seed}`);
      const [alice, bob] = [createKeyPair(random), createKeyPair(random)];
      const [initiator, responder] = [
        createSession({ ...alice, privateKey: alice.privateKey }, bob.publicKey, true, MAIN_MAGIC),
        createSession(bob, alice.publicKey, false, MAIN_MAGIC),
      ];
      // Bob's session was made after Alice's key was gone: only the public keys crossed.
      expect(alice.privateKey).toEqual(new Uint8Array(32));
      expect(bob.privateKey).toEqual(new Uint8Array(32));
      expect(initiator.sessionId).toEqual(responder.sessionId);
      expect(initiator.sendTerminator).toEqual(responder.receiveTerminator);
      expect(initiator.receiveTerminator).toEqual(responder.sendTerminator);
      expect(openPackets(responder, sealPacket(initiator, Uint8Array.of(1, 2, 3)))).toMatchObject([{ isDecoy: false }]);
    }
  });

  it('derives different keys for different networks', () => {
    const secret = seededBytes('networks')(32);
    const ids = [MAIN_MAGIC, REGTEST_MAGIC].map((magic) => toHex(sessionOfSecret(secret, true, magic).sessionId));
    expect(ids[0]).not.toBe(ids[1]);
  });
});
