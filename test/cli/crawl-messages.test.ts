// What `sockman crawl` says when something is wrong or missing.

import { describe, expect, it } from 'vitest';

import { command as crawlCommand } from '../../ts/cli/commands/crawl.ts';
import { summaryLines } from '../../ts/cli/crawl/crawl-picture.ts';
import { PLAIN } from '../../ts/cli/terminal/style.ts';
import { RoundTally } from '../../ts/crawl/report/tally/round-tally.ts';
import { outside } from '../harness/outside.ts';

const crawl = (...args: string[]): Promise<number> => crawlCommand.run(args, outside().io);

describe('sockman crawl', () => {
  it('tells a network that does not exist from one that needs a proxy', async () => {
    await expect(crawl('--onlynet', 'foo')).rejects.toThrow(
      "--onlynet: expected ipv4, ipv6, onion, i2p, cjdns, got 'foo'",
    );
    await expect(crawl('--onlynet', 'onion')).rejects.toThrow('--onlynet: onion cannot be reached without a proxy');
  });

  it('names the server of a fleet that cannot be reached', async () => {
    await expect(crawl('--fleet', 'nats://127.0.0.1:1')).rejects.toThrow(/^the fleet at nats:\/\/127\.0\.0\.1:1: ./);
  });

  it('gives no time to a round without a visit', () => {
    const tally = new RoundTally({ round: 1, chain: 'main', startedAt: 1_700_000_000_000 });
    const [head] = summaryLines(tally.summary({ isComplete: false }), PLAIN);
    expect(head).toBe('round 1: 0 nodes reachable of 0 addresses known, no visit finished (not complete)');
  });
});
