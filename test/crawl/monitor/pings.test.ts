// How often a monitor pings those it holds, in virtual time.

import { expect, it } from 'vitest';
import { Monitor } from '../../../ts/crawl/monitor/monitor.ts';
import { VirtualVillage } from '../village/crawl-village.ts';

/** A `ping` over V1: header and nonce. */
const PING_BYTES = 32;

it.each([1, 3, 700])(
  '%i held peers get a ping each in every interval, and no more',
  async (count) => {
    const stage = new VirtualVillage({ count, seed: 3, mix: { v1: 1 } });
    const crawl = stage.options({ v2: 'never', groupRate: 1_000, groupConcurrency: 1_000 });
    const monitor = new Monitor({ crawl, pingEveryMs: 60_000 });
    monitor.start();
    const { clock } = stage.net;
    await stage.until(new Promise<void>((resolve) => clock.after(120_000, resolve)));
    expect(monitor.picture.held).toBe(count);
    const before = monitor.picture.bytesSent;
    clock.advance(600_000);
    const pings = (monitor.picture.bytesSent - before) / PING_BYTES;
    expect(pings).toBeGreaterThan(9.5 * count);
    expect(pings).toBeLessThanOrEqual(10 * count + 1);
    await stage.until(Promise.all([monitor.stop(), stage.village.stop()]));
  },
  60_000,
);
