import { describe, expect, it } from 'vitest';

import { PayloadBuffer } from '../../../ts/p2p/transport/payload-buffer.ts';
import { MAX_RESERVE_AHEAD_BYTES } from '../../../ts/p2p/transport/transport.ts';

describe('PayloadBuffer', () => {
  it.each([0, 1, MAX_RESERVE_AHEAD_BYTES, MAX_RESERVE_AHEAD_BYTES + 1, 1_000_000])(
    'collects %i bytes and never reserves more than 262,144 beyond what came, nor beyond the announced size',
    (length) => {
      const source = new Uint8Array(length).map((_, index) => index % 253);
      const buffer = new PayloadBuffer(length);
      for (let at = 0, step = 1; at < length; step = (step * 7) % 90_001) {
        expect(buffer.missingBytes).toBe(length - at);
        const piece = source.subarray(at, at + step);
        buffer.append(piece);
        at += piece.length;
        expect(buffer.reservedBytes).toBeGreaterThanOrEqual(at);
        expect(buffer.reservedBytes).toBeLessThanOrEqual(Math.min(length, at + MAX_RESERVE_AHEAD_BYTES));
      }
      expect(buffer.missingBytes).toBe(0);
      expect(Buffer.compare(buffer.finish(), source)).toBe(0);
    },
  );
});
