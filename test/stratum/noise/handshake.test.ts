import { describe, expect, it } from 'vitest';
import { createKeyPair } from '../../../ts/p2p/bip324/ellswift.ts';
import { ACT_2_BYTES, Initiator, respond } from '../../../ts/stratum/noise/handshake.ts';
import type { HandshakeFault, NoiseSession } from '../../../ts/stratum/noise/handshake.ts';
import { AuthorityKey, StaticKey } from '../../../ts/stratum/noise/static-key.ts';
import { SymmetricState } from '../../../ts/stratum/noise/symmetric-state.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { fromHex, readVectorJson, toHex } from '../../harness/data/vectors.ts';
import { handshakeVectors } from '../handshake-vectors.ts';
import type { HandshakeCase } from '../handshake-vectors.ts';

const { verification } = readVectorJson<{
  verification: {
    name: string;
    handshakeCase: string;
    now: number;
    expect: string;
    expectWithTenSecondLeeway?: string;
    authorityXOnly?: string;
    flipBit?: { offset: number; mask: number };
    act2?: string;
  }[];
}>('sv2_noise_handshake.json');

/** Writes down hash and chaining key after each step, as the published trace does. */
class TracingState extends SymmetricState {
  readonly hashes: string[] = [toHex(this.hash)];
  readonly chainingKeys: string[] = [toHex(this.testOnlyChainingKey)];

  override mixHash(data: Uint8Array): void {
    super.mixHash(data);
    this.hashes.push(toHex(this.hash));
  }

  override mixKey(secret: Uint8Array): void {
    super.mixKey(secret);
    this.chainingKeys.push(toHex(this.testOnlyChainingKey));
  }
}

function initiatorOf(test: HandshakeCase, state?: SymmetricState): Initiator {
  const { ephemeralPrivateKey, ephemeralEllSwift } = test.initiator;
  return new Initiator({ privateKey: fromHex(ephemeralPrivateKey), publicKey: fromHex(ephemeralEllSwift) }, state);
}

function respondAs(test: HandshakeCase, state?: SymmetricState): { act2: Uint8Array; session: NoiseSession } {
  const { ephemeralPrivateKey, ephemeralEllSwift, staticPrivateKey, staticEllSwift } = test.responder;
  return respond(
    fromHex(test.act1),
    { privateKey: fromHex(ephemeralPrivateKey), publicKey: fromHex(ephemeralEllSwift) },
    {
      staticKey: new StaticKey(fromHex(staticPrivateKey)),
      staticEncoding: fromHex(staticEllSwift),
      certificate: fromHex(test.certificate.serialized),
    },
    state,
  );
}

const NOW = 1_750_000_000;

/** The outcome in the words of the vector file. */
function outcomeText(outcome: NoiseSession | HandshakeFault): string {
  if (typeof outcome !== 'string') return 'accept';
  const words: Record<HandshakeFault, string> = {
    'act 2 does not decrypt': 'decryption failed',
    'certificate: version': 'unsupported certificate version',
    'certificate: not yet valid': 'not yet valid',
    'certificate: expired': 'expired',
    'certificate: not signed by the authority of the URL': 'bad signature',
  };
  return `reject: ${words[outcome]}`;
}

describe.each(handshakeVectors)('the published handshake, $name', (test) => {
  const hashes = test.trace.flatMap(({ h }) => h ?? []);
  const chainingKeys = test.trace.flatMap(({ ck }) => ck ?? []);

  it('gives the responder every hash, key and byte of act 2', () => {
    const state = new TracingState();
    const { act2, session } = respondAs(test, state);
    expect(toHex(act2)).toBe(test.act2);
    expect(state.hashes).toEqual(hashes);
    expect(state.chainingKeys).toEqual(chainingKeys);
    expect(toHex(session.handshakeHash)).toBe(test.handshakeHash);
  });

  it('gives the initiator every hash and key', () => {
    const state = new TracingState();
    const initiator = initiatorOf(test, state);
    expect(toHex(initiator.act1)).toBe(test.act1);
    const policy = { authorityX: fromHex(test.authority.xOnly), leewaySeconds: 0 };
    const session = initiator.finish(fromHex(test.act2), policy, test.certificate.validFrom);
    expect(outcomeText(session)).toBe('accept');
    expect(state.hashes).toEqual(hashes);
    expect(state.chainingKeys).toEqual(chainingKeys);
  });

  it('derives the public keys of static key and authority', () => {
    expect(toHex(new StaticKey(fromHex(test.responder.staticPrivateKey)).x)).toBe(test.responder.staticXOnly);
    const authority = new AuthorityKey(fromHex(test.authority.privateKey));
    expect(toHex(authority.x)).toBe(test.authority.xOnly);
  });

  it('signs the certificate as published with 32 zero bytes of randomness', () => {
    const authority = new AuthorityKey(fromHex(test.authority.privateKey));
    const staticKey = new StaticKey(fromHex(test.responder.staticPrivateKey));
    const certificate = authority.certify(staticKey, test.certificate, (count) => new Uint8Array(count));
    expect(toHex(certificate)).toBe(test.certificate.serialized);
  });
});

describe("an initiator's verdict", () => {
  it.each(verification)('$name: $expect', (row) => {
    const test = handshakeVectors.find(({ name }) => name === row.handshakeCase)!;
    const act2 = fromHex(row.act2 ?? test.act2);
    if (row.flipBit !== undefined) act2[row.flipBit.offset]! ^= row.flipBit.mask;
    const authorityX = fromHex(row.authorityXOnly ?? test.authority.xOnly);
    const verdict = (leewaySeconds: number) =>
      outcomeText(initiatorOf(test).finish(act2, { authorityX, leewaySeconds }, row.now));
    expect(verdict(0)).toBe(row.expect);
    expect(verdict(10)).toBe(row.expectWithTenSecondLeeway ?? row.expect);
  });

  it('refuses act 2 with any single bit flipped', () => {
    const test = handshakeVectors[0]!;
    const policy = { authorityX: fromHex(test.authority.xOnly), leewaySeconds: 0 };
    let refused = 0;
    for (let bit = 0; bit < ACT_2_BYTES * 8; bit++) {
      const act2 = fromHex(test.act2);
      act2[bit >> 3]! ^= 1 << (bit & 7);
      if (typeof initiatorOf(test).finish(act2, policy, NOW) === 'string') refused++;
    }
    expect(refused).toBe(1_872);
  });

  it('accepts any authority only where none is configured', () => {
    const test = handshakeVectors[0]!;
    const outcome = initiatorOf(test).finish(fromHex(test.act2), { authorityX: undefined, leewaySeconds: 0 }, 0);
    expect(outcomeText(outcome)).toBe('accept');
  });
});

describe('a handshake of our two sides', () => {
  const random = seededBytes('sv2 handshake');
  const authority = new AuthorityKey(random(32));
  const staticKey = new StaticKey(random(32));
  const certificate = authority.certify(staticKey, { validFrom: NOW - 3_600, notValidAfter: 2 ** 32 }, random);

  function shakeHands(): { client: NoiseSession; server: NoiseSession } {
    const initiator = new Initiator(createKeyPair(random));
    const credentials = { staticKey, staticEncoding: staticKey.drawEncoding(random), certificate };
    const { act2, session } = respond(initiator.act1, createKeyPair(random), credentials);
    const client = initiator.finish(act2, { authorityX: authority.x, leewaySeconds: 10 }, NOW);
    if (typeof client === 'string') throw new Error(client);
    return { client, server: session };
  }

  it('agrees a thousand times, and its directions have keys of their own', { timeout: 120_000 }, () => {
    const text = Uint8Array.of(1, 2, 3);
    for (let round = 0; round < 1_000; round++) {
      const { client, server } = shakeHands();
      expect(client.handshakeHash).toEqual(server.handshakeHash);
      const fromClient = client.sending.encrypt(text);
      expect(toHex(server.receiving.decrypt(fromClient)!)).toBe(toHex(text));
      expect(client.receiving.decrypt(fromClient)).toBeUndefined();
      const fromServer = server.sending.encrypt(text);
      expect(toHex(client.receiving.decrypt(fromServer)!)).toBe(toHex(text));
    }
  });

  it('draws another encoding of the static key each time', () => {
    const encodings = new Set(Array.from({ length: 20 }, () => toHex(staticKey.drawEncoding(random))));
    expect(encodings.size).toBe(20);
  });

  it.each([new Uint8Array(32), new Uint8Array(31), new Uint8Array(32).fill(0xff)])('takes no key of %o', (bytes) => {
    expect(() => new StaticKey(bytes)).toThrow(RangeError);
    expect(() => new AuthorityKey(bytes)).toThrow(RangeError);
  });
});
