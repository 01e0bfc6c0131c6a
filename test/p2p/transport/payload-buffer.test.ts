import { describe, expect, it } from 'vitest';

import { PayloadBuffer } from '../../../ts/p2p/transport/payload-buffer.ts';
import { FIRST_PART_BYTES, MAX_PROTOCOL_MESSAGE_BYTES } from '../../../ts/p2p/transport/transport.ts';

function numbered(byteCount: number): Uint8Array {
  return new Uint8Array(byteCount).map((_, index) => index % 253);
}

describe('PayloadBuffer', () => {
  it.each([0, 1, FIRST_PART_BYTES, FIRST_PART_BYTES + 1, 1_000_000])('collects %i bytes in pieces', (length) => {
    const source = numbered(length);
    const buffer = new PayloadBuffer(length);
    for (let at = 0, step = 1; at < length; step = (step * 7) % 90_001) {
      expect(buffer.missingBytes).toBe(length - at);
      const piece = source.subarray(at, at + step);
      buffer.append(piece);
      at += piece.length;
      expect(buffer.reservedBytes).toBe(at > FIRST_PART_BYTES ? length : Math.min(length, FIRST_PART_BYTES));
    }
    expect(buffer.missingBytes).toBe(0);
    expect(Buffer.compare(buffer.finish(), source)).toBe(0);
  });

  it('collects a small payload whichever place it is split at', () => {
    const source = numbered(300);
    for (let split = 0; split <= source.length; split++) {
      const buffer = new PayloadBuffer(source.length);
      buffer.append(source.subarray(0, split));
      expect(buffer.missingBytes).toBe(source.length - split);
      buffer.append(source.subarray(split));
      expect(Buffer.compare(buffer.finish(), source)).toBe(0);
    }
  });

  it('collects a long payload split at many places, among them every one around the first part', () => {
    const source = numbered(FIRST_PART_BYTES + 1_000);
    const splits = Array.from({ length: 120 }, (_, index) => index * 2_203);
    for (let around = -20; around <= 20; around++) splits.push(FIRST_PART_BYTES + around, source.length - 20 + around);
    for (const split of splits.filter((at) => at <= source.length)) {
      const buffer = new PayloadBuffer(source.length);
      buffer.append(source.subarray(0, split));
      buffer.append(source.subarray(split));
      expect(Buffer.compare(buffer.finish(), source), `split at ${split}`).toBe(0);
    }
  });

  it('reserves nothing for an announcement before more than the first part came, however it comes', () => {
    const inOnePiece = new PayloadBuffer(MAX_PROTOCOL_MESSAGE_BYTES);
    inOnePiece.append(new Uint8Array(FIRST_PART_BYTES));
    const byteByByte = new PayloadBuffer(MAX_PROTOCOL_MESSAGE_BYTES);
    const byte = new Uint8Array(1);
    for (let i = 0; i < FIRST_PART_BYTES; i++) byteByByte.append(byte);
    for (const buffer of [inOnePiece, byteByByte]) {
      expect(buffer.reservedBytes).toBe(FIRST_PART_BYTES);
      buffer.append(byte);
      expect(buffer.reservedBytes).toBe(MAX_PROTOCOL_MESSAGE_BYTES);
    }
  });
});
