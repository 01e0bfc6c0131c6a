import { describe, expect, it } from 'vitest';
import { connectionBudget } from '../../../ts/connman/settings/budget.ts';

describe('the connection budget', () => {
  // maxConnections, full relay, block relay, inbound, outbound slots
  it.each([
    [0, 0, 0, 0, 0],
    [1, 1, 0, 0, 1],
    [8, 8, 0, 0, 8],
    [9, 8, 1, 0, 9],
    [10, 8, 2, 0, 10],
    [11, 8, 2, 0, 11],
    [12, 8, 2, 1, 11],
    [32, 8, 2, 21, 11],
    [125, 8, 2, 114, 11],
  ])('of %i connections gives the outbound ones their slots first', (total, full, block, inbound, slots) => {
    expect(connectionBudget(total)).toEqual({
      maxAutomatic: total,
      maxFullRelay: full,
      maxBlockRelay: block,
      maxFeeler: 1,
      maxInbound: inbound,
      outboundSlots: slots,
    });
  });

  it.each([-1, 1.5, NaN, Infinity])('refuses %d connections', (total) => {
    expect(() => connectionBudget(total)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }));
  });
});
