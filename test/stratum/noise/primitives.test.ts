import { describe, expect, it } from 'vitest';
import { CipherState } from '../../../ts/stratum/noise/cipher-state.ts';
import { SymmetricState, hkdf2, hmacSha256, sha256 } from '../../../ts/stratum/noise/symmetric-state.ts';
import { fromHex, readVectorJson, toHex } from '../../harness/data/vectors.ts';

const vectors = readVectorJson<{
  hmacSha256: { key: string; data: string; mac: string }[];
  hkdf2: { chainingKey: string; inputKeyMaterial: string; output1: string; output2: string }[];
  mixHash: { h: string; data: string; result: string }[];
  encryptWithAd: { key: string; nonce: string; associatedData: string; plaintext: string; ciphertext: string }[];
  reservedNonce: { nonce: string };
}>('sv2_noise_primitives.json');

describe('Noise primitives', () => {
  it.each(vectors.hmacSha256)('HMAC-SHA-256 gives $mac', ({ key, data, mac }) => {
    expect(toHex(hmacSha256(fromHex(key), fromHex(data)))).toBe(mac);
  });

  it.each(vectors.hkdf2)('HKDF gives $output1 and $output2', ({ chainingKey, inputKeyMaterial, output1, output2 }) => {
    expect(hkdf2(fromHex(chainingKey), fromHex(inputKeyMaterial)).map(toHex)).toEqual([output1, output2]);
  });

  it.each(vectors.mixHash)('mixing into $h gives $result', ({ h, data, result }) => {
    expect(toHex(sha256(fromHex(h), fromHex(data)))).toBe(result);
  });

  it('a handshake starts from the hash of its name', () => {
    const { protocolNameHash, protocolNameDoubleHash } =
      readVectorJson<Record<string, string>>('sv2_noise_handshake.json');
    const state = new SymmetricState();
    expect(toHex(state.testOnlyChainingKey)).toBe(protocolNameHash);
    expect(toHex(state.hash)).toBe(protocolNameDoubleHash);
  });

  it.each(vectors.encryptWithAd)('message $nonce encrypts to $ciphertext, and back', (row) => {
    const cipher = () => new CipherState(fromHex(row.key), BigInt(row.nonce));
    const associatedData = fromHex(row.associatedData);
    const sender = cipher();
    expect(toHex(sender.encrypt(fromHex(row.plaintext), associatedData))).toBe(row.ciphertext);
    expect(sender.counter).toBe(BigInt(row.nonce) + 1n);
    const receiver = cipher();
    expect(toHex(receiver.decrypt(fromHex(row.ciphertext), associatedData)!)).toBe(row.plaintext);
    expect(receiver.counter).toBe(BigInt(row.nonce) + 1n);
  });

  it('a message that does not decrypt leaves the number as it is', () => {
    const cipher = new CipherState(new Uint8Array(32), 7n);
    expect(cipher.decrypt(new Uint8Array(40))).toBeUndefined();
    expect(cipher.decrypt(new Uint8Array(15))).toBeUndefined();
    expect(cipher.counter).toBe(7n);
  });

  it('the reserved number encrypts and decrypts nothing', () => {
    const cipher = new CipherState(new Uint8Array(32), BigInt(vectors.reservedNonce.nonce));
    const state = expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' });
    expect(() => cipher.encrypt(new Uint8Array(1))).toThrow(state);
    expect(() => cipher.decrypt(new Uint8Array(17))).toThrow(state);
  });

  it('the last number but the reserved one is used once', () => {
    const cipher = new CipherState(new Uint8Array(32), 0xffff_ffff_ffff_fffen);
    cipher.encrypt(new Uint8Array(1));
    expect(() => cipher.encrypt(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
  });
});
