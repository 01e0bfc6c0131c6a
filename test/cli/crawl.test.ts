// The command `crawl`: a village to crawl, reports to look at, and what it says.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Village } from '../../ts/testing.ts';
import { noBuild, runChild } from '../harness/child.ts';

const MAIN = 'esm/cli/main.js';

describe.skipIf(noBuild !== undefined)('sockman crawl', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-cli-crawl-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('crawls the village of --demo, and ends with the report', async () => {
    const { status, stdout, stderr } = await runChild(MAIN, ['crawl', '--demo', '--out', folder], {
      timeoutMs: 100_000,
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/round 1: 1,\d{3} nodes reachable of 2,000 addresses known/);
    expect(stdout).toContain(join(folder, 'report.html'));
    const summary = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as { all: { known: number } };
    expect(summary.all.known).toBe(2_000);
    const files = readdirSync(folder);
    for (const name of ['records.ndjson', 'report.html', 'snapshot.json', 'nodes.csv', 'seeds.txt']) {
      expect(files).toContain(name);
    }
    expect(readFileSync(join(folder, 'records.ndjson'), 'utf8').trimEnd().split('\n')).toHaveLength(2_000);

    // The village of a second round is the same: its addresses are known already.
    const again = await runChild(MAIN, ['crawl', '--demo', '--out', folder], { timeoutMs: 100_000 });
    expect(again.stdout).toMatch(/round 2: 1,\d{3} nodes reachable of 2,000 addresses known/);

    const { port } = JSON.parse(readFileSync(join(folder, 'village.json'), 'utf8')) as { port: number };
    const other = createServer().listen(port);
    await once(other, 'listening');
    const refused = await runChild(MAIN, ['crawl', '--demo', '--out', folder], { timeoutMs: 100_000 });
    other.close();
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`the village of ${folder} needs its ports again`);
  }, 240_000);

  it('says what it is told in JSON, and makes the same reports of the records', async () => {
    const village = new Village({ count: 25, seed: 2, mix: { v1: 3, both: 2 } });
    village.start();
    const from = join(folder, 'from');
    writeFileSync(from, `# where to begin\n${String(village.seeds[0])}\n`);
    const out = join(folder, 'out');
    const args = ['crawl', '--chain', 'regtest', '--from', from, '--json', '--attempts', '1', '--group-rate', '100'];
    const { status, stdout } = await runChild(MAIN, [...args, '--v2', 'never']);
    expect(status).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect(events[0]).toMatchObject({ event: 'round', round: 1, isResumed: false });
    expect(events.filter(({ event }) => event === 'record')).toHaveLength(25);
    expect(events.at(-1)).toMatchObject({ event: 'summary', summary: { all: { reachable: 25 } } });
    const records = join(folder, 'records.ndjson');
    const { address, port } = village.seeds[0]!;
    writeFileSync(
      records,
      `${JSON.stringify({ time: 1_900_000_000_000, round: 2, address: String(address), port, network: 'ipv4', outcome: 'reachable' })}\n`,
    );
    const replayed = await runChild(MAIN, ['crawl', '--replay', records, '--chain', 'regtest', '--out', out]);
    expect(replayed.status).toBe(0);
    expect(replayed.stdout).toContain('1 node reachable of 1 address known');
    expect(readdirSync(out)).toContain('report.html');
    await village.stop();
  }, 60_000);

  it.each([
    [['--every', '10'], /--every/],
    [['--rounds', '2'], /--rounds needs --every/],
    [['--seed', 'nowhere'], /--seed/],
    [['--onlynet', 'onion'], /onion cannot be reached/],
    [['--replay', 'x'], /--replay needs --out/],
    [['--replay', 'x', '--out', 'y', '--seed', '127.0.0.1'], /--seed has no effect with --replay/],
    [['--demo', '--seed', '127.0.0.1'], /--seed has no effect with --demo/],
    [['--demo', '--chain', 'signet'], /--chain has no effect with --demo/],
    [['--demo', '--rounds', '2'], /--rounds needs --every/],
    [['--contact', 'a/b', '--seed', '127.0.0.1'], /contact: expected letters/],
  ])('refuses %j', (args, message) => {
    const program = fileURLToPath(new URL(`../../${MAIN}`, import.meta.url));
    try {
      execFileSync(process.execPath, [program, 'crawl', ...args], { stdio: 'pipe' });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ status: 2 });
      expect(String((error as { stderr: Buffer }).stderr)).toMatch(message);
    }
  });
});
