// What `sockman crawl` says when something is wrong or missing.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { command as crawlCommand } from '../../ts/cli/commands/crawl.ts';
import { LiveLine, summaryLines } from '../../ts/cli/crawl/crawl-picture.ts';
import { runCrawl } from '../../ts/cli/crawl/run-crawl.ts';
import { PLAIN } from '../../ts/cli/terminal/style.ts';
import { RoundTally } from '../../ts/crawl/report/tally/round-tally.ts';
import { Village } from '../../ts/testing.ts';
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

  it('goes on when the disk refuses its reports, and makes them of the records at the end', async () => {
    const village = new Village({ count: 25, seed: 2, mix: { both: 1 } });
    village.start();
    const folder = mkdtempSync(join(tmpdir(), 'sockman-no-reports-'));
    // No file can be made where a folder is.
    const obstacle = join(folder, '.snapshot.json.tmp');
    mkdirSync(obstacle);
    const { io } = outside();
    const complaints: string[] = [];
    const complain = (line: string): void => {
      complaints.push(line);
      rmdirSync(obstacle);
    };
    const seeds = village.seeds.map((service) => ({ service, source: 'given' as const }));
    const limits = { groupRate: 1_000, clear: { quietMs: 200 } };
    const options = { chain: 'regtest', followsLocal: true, seeds, folder, ...limits } as const;
    expect(await runCrawl(options, false, { ...io, complain })).toBe(0);
    expect(complaints).toEqual([expect.stringMatching(/^no reports for now: .*snapshot\.json: cannot be opened: /)]);
    expect(existsSync(join(folder, 'report.html'))).toBe(true);
    const { nodeCount } = JSON.parse(readFileSync(join(folder, 'snapshot.json'), 'utf8')) as { nodeCount: number };
    expect(nodeCount).toBe(25);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    rmSync(folder, { recursive: true });
    await village.stop();
  }, 60_000);

  it('knows the rate by the first line', () => {
    const live = new LiveLine();
    const at = (done: number) => ({ round: 1, known: 100, waiting: 50, resting: 0, inFlight: 0, done, groups: 1 });
    live.sample(at(0), 250);
    live.sample(at(50), 5_250);
    expect(live.line(at(50))).toContain('50 waiting · 0 in flight · 10/s · 5 s left');
  });

  it('tells addresses that wait for another try, such as a seed that refused', () => {
    const progress = { round: 1, known: 1, waiting: 1, resting: 1, inFlight: 0, done: 0, groups: 1 };
    expect(new LiveLine().line(progress)).toContain('1 waiting (1 of them to try again) · 0 in flight');
  });

  it('checks what a fleet worker is told before it looks for the server', async () => {
    const fleet = ['--fleet', 'nats://127.0.0.1:1'];
    await expect(crawl(...fleet, '--name', 'a b')).rejects.toThrow(/^name: expected 1 to 32 letters/);
    await expect(crawl(...fleet, '--contact', 'a(b')).rejects.toThrow(/^contact: expected letters, digits/);
    await expect(crawl(...fleet, '--contact', 'a'.repeat(250))).rejects.toThrow(
      /^contact: expected at most 2\d\d characters, got 250$/,
    );
  });

  it('gives no time to a round without a visit', () => {
    const tally = new RoundTally({ round: 1, chain: 'main', startedAt: 1_700_000_000_000 });
    const [head] = summaryLines(tally.summary({ isComplete: false }), PLAIN);
    expect(head).toBe('round 1: 0 nodes reachable of 0 addresses known, no visit finished (not complete)');
  });
});
