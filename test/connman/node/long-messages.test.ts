import { describe, expect, it } from 'vitest';
import { LongMessages, MAX_HOLD_UP_MS } from '../../../ts/connman/node/long-messages.ts';
import { FIRST_PART_BYTES } from '../../../ts/p2p/transport/transport.ts';

const LONG = FIRST_PART_BYTES + 1;
const [FIRST, SECOND] = [{}, {}];

function heldUp(): LongMessages {
  const messages = new LongMessages(LONG);
  messages.book(FIRST, LONG);
  messages.book(SECOND, LONG);
  return messages;
}

describe('a long message that others wait for', () => {
  it('is overdue after half a minute, also while it grows', () => {
    const messages = heldUp();
    expect(messages.overdue(1_000)).toBeUndefined();
    messages.book(FIRST, LONG + 1);
    expect(messages.overdue(1_000 + MAX_HOLD_UP_MS)).toBeUndefined();
    expect(messages.overdue(1_001 + MAX_HOLD_UP_MS)).toBe(FIRST);
  });

  it('is overdue for itself alone: one that ended in time does not count against the next of its sender', () => {
    const messages = heldUp();
    for (let nowMs = 0; nowMs <= 2 * MAX_HOLD_UP_MS; nowMs += 1_000) {
      expect(messages.overdue(nowMs)).toBeUndefined();
      // Both come to an end, and each sender begins another, between two looks.
      for (const sender of [FIRST, SECOND]) {
        messages.book(sender, 0);
        messages.book(sender, LONG);
      }
    }
  });

  it('holds up nobody once the others are gone', () => {
    const messages = heldUp();
    messages.overdue(0);
    messages.book(SECOND, 0);
    expect(messages.overdue(10 * MAX_HOLD_UP_MS)).toBeUndefined();
    messages.book(SECOND, LONG);
    expect(messages.overdue(10 * MAX_HOLD_UP_MS + 1)).toBeUndefined();
  });
});
