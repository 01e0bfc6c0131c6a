// The files beside the page: each read back as its readers do.

import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatRecord } from '../../../ts/crawl/record/record.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { endpointOf } from '../../../ts/crawl/report/files/node-lists.ts';
import { csvRow } from '../../../ts/crawl/report/files/nodes-csv.ts';
import { replayRecords } from '../../../ts/crawl/report/replay.ts';
import { ReportHistory, RoundReports } from '../../../ts/crawl/report/round-reports.ts';
import type { Summary } from '../../../ts/crawl/report/tally/summary.ts';
import { ROUND_START, sampleRecords } from './sample-records.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-reports-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

async function writeRound(records: Iterable<CrawlRecord>, round = 1, history = new ReportHistory()): Promise<Summary> {
  const reports = await RoundReports.begin({ folder }, { round, chain: 'main' }, history);
  for (const record of records) reports.add(record);
  return reports.finish();
}

const records = [...sampleRecords(2_000, { hostile: true })];
const reachable = records.filter(({ outcome }) => outcome === 'reachable');

describe('the files of a round', () => {
  it('of a process that was killed are in the way of nobody, and go', async () => {
    await RoundReports.begin({ folder }, { round: 1, chain: 'main' }, new ReportHistory());
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).not.toEqual([]);
    await writeRound(records);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('that two processes write are those of the one that began later, and whole', async () => {
    const begin = (round: number): Promise<RoundReports> =>
      RoundReports.begin({ folder }, { round, chain: 'main' }, new ReportHistory());
    const earlier = await begin(1);
    const later = await begin(2);
    await expect(earlier.finish()).rejects.toMatchObject({ code: 'ERR_SOCKMAN_FILE_LOCKED' });
    earlier.abandon();
    expect(readdirSync(folder).filter((name) => !name.endsWith('.tmp'))).toEqual([]);
    await later.finish();
    expect(JSON.parse(read('snapshot.json'))).toMatchObject({ round: 2 });
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('snapshot.json holds the record of each reachable node', async () => {
    const { all } = await writeRound(records);
    const { nodes, nodeCount, round, chain } = JSON.parse(read('snapshot.json')) as {
      nodes: unknown[];
      nodeCount: number;
      round: number;
      chain: string;
    };
    expect([nodeCount, round, chain]).toEqual([all.reachable, 1, 'main']);
    expect(nodes).toEqual(reachable);
  });

  it('snapshot-bitnodes.json has thirteen fields for each node', async () => {
    await writeRound(records);
    const { nodes, total_nodes, latest_height, timestamp } = JSON.parse(read('snapshot-bitnodes.json')) as {
      nodes: Record<string, unknown[]>;
      total_nodes: number;
      latest_height: number;
      timestamp: number;
    };
    expect(total_nodes).toBe(reachable.length);
    expect(Object.keys(nodes)).toEqual(reachable.map(endpointOf));
    expect(new Set(Object.values(nodes).map(({ length }) => length))).toEqual(new Set([13]));
    expect(latest_height).toBe(Math.max(...reachable.map(({ startHeight }) => startHeight!)));
    expect(timestamp).toBe(Math.floor(Math.max(...records.map(({ time }) => time)) / 1_000));
    const [first] = reachable;
    const fields = nodes[endpointOf(first!)]!;
    expect(fields.slice(0, 5)).toEqual([
      first!.protocolVersion,
      first!.userAgent,
      Math.floor(first!.time / 1_000),
      0xc09,
      first!.startHeight,
    ]);
  });

  it('seeds.txt has the columns that makeseeds.py reads', async () => {
    await writeRound(records);
    const [header, ...lines] = read('seeds.txt').trimEnd().split('\n');
    expect(header).toMatch(/^# address +good +lastSuccess/);
    expect(lines).toHaveLength(reachable.length);
    for (const [at, line] of lines.entries()) {
      const columns = line.split(/\s+/);
      expect(columns[0]).toBe(endpointOf(reachable[at]!));
      expect(columns[1]).toBe('1');
      expect(Number(columns[2])).toBe(Math.floor(reachable[at]!.time / 1_000));
      expect(columns.slice(3, 8).every((share) => /^\d+\.\d\d%$/.test(share))).toBe(true);
      expect(Number(columns[8])).toBe(reachable[at]!.startHeight);
      expect(Number.parseInt(columns[9]!, 16)).toBe(0xc09);
      expect(Number(columns[10])).toBe(reachable[at]!.protocolVersion);
      expect(columns[11]).toMatch(/^"/);
    }
  });

  it('seeds.txt tells how reliable a node was, over rounds and over a restart', async () => {
    const node = (round: number, outcome: CrawlRecord['outcome']): CrawlRecord => ({
      time: ROUND_START + round * 3_600_000,
      round,
      address: '1.2.3.4',
      port: 8333,
      network: 'ipv4',
      outcome,
    });
    const shares = (): number[] =>
      read('seeds.txt').trim().split('\n')[1]!.split(/\s+/).slice(3, 8).map(Number.parseFloat);
    const history = new ReportHistory();
    await writeRound([node(1, 'reachable')], 1, history);
    const [first] = shares();
    expect(first).toBeCloseTo(100 * (1 - Math.exp(-1_000 / 7_200)), 1);
    await writeRound([node(2, 'reachable')], 2, history);
    const up = shares();
    expect(up[0]).toBeCloseTo(first! * Math.exp(-0.5) + 100 * (1 - Math.exp(-0.5)), 1);
    expect([...up].sort((a, b) => b - a)).toEqual(up);
    await writeRound([node(3, 'timeout')], 3, ReportHistory.load(folder));
    expect(shares()[0]).toBeCloseTo(up[0]! * Math.exp(-0.5), 1);
    expect(JSON.parse(read('summary.json'))).toMatchObject({ rounds: [{ round: 1 }, { round: 2 }, { round: 3 }] });
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '  =1', '\u00a0=1', '＝1', '=HYPERLINK("http://x",\'y\')'])(
    'nodes.csv keeps a spreadsheet from computing %j',
    (userAgent) => {
      const row = csvRow({ ...reachable[0]!, userAgent });
      expect(row).toContain(`'${userAgent.replaceAll('"', '""')}`);
    },
  );

  it('nodes.csv is read back with what every record holds', async () => {
    await writeRound(records);
    const rows = parseCsv(read('nodes.csv'));
    expect(rows).toHaveLength(records.length + 1);
    const column = rows[0]!.indexOf('userAgent');
    const agents = rows.slice(1).map((row) => row[column]!.replace(/^'/, ''));
    expect(agents).toEqual(records.map(({ userAgent = '' }) => userAgent));
  });

  it('nodes.parquet is read back with what every record holds', async () => {
    await writeRound(records);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, 'nodes.parquet')) });
    expect(rows).toHaveLength(records.length);
    expect(rows.map(({ address }) => address as string)).toEqual(records.map(({ address }) => address));
    expect(rows.map(({ connectMs }) => (connectMs as number | null) ?? undefined)).toEqual(
      records.map(({ connectMs }) => connectMs),
    );
    expect(rows[0]).toMatchObject({ time: BigInt(records[0]!.time), outcome: records[0]!.outcome });
  });

  it('plots are SVG files without a script', async () => {
    const history = new ReportHistory();
    await writeRound(records, 1, history);
    await writeRound(sampleRecords(2_000, { round: 2 }), 2, history);
    const names = readdirSync(join(folder, 'plots'));
    expect(names).toEqual(
      expect.arrayContaining([
        'rounds.svg',
        'rounds-onion.svg',
        'latency-ping-ipv4.svg',
        'address-age.svg',
        'concentration.svg',
      ]),
    );
    for (const name of names)
      expect(read(join('plots', name))).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"(?!.*<script)/);
  });

  it('leaves the lists of nodes of the last complete round while a round is unfinished', async () => {
    await writeRound(records);
    const before = read('snapshot.json');
    const reports = await RoundReports.begin({ folder }, { round: 2, chain: 'main' }, ReportHistory.load(folder));
    for (const record of sampleRecords(50, { round: 2 })) reports.add(record);
    await reports.finish({ isComplete: false });
    expect(read('snapshot.json')).toBe(before);
    expect(JSON.parse(read('summary.json'))).toMatchObject({ round: 2, isComplete: false });
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('a replay', () => {
  const FILES = ['summary.json', 'snapshot.json', 'snapshot-bitnodes.json', 'nodes.csv', 'seeds.txt', 'report.html'];

  it('makes the same files from records alone, torn and damaged lines left out', async () => {
    const history = new ReportHistory();
    const path = join(folder, 'records.ndjson');
    for (let round = 1; round <= 3; round++) {
      const ofRound = [...sampleRecords(500, { round })];
      writeFileSync(path, ofRound.map((record) => `${formatRecord(record)}\n`).join(''), { flag: 'a' });
      await writeRound(ofRound, round, history);
    }
    const made = FILES.map(read);
    appendFileSync(path, 'not a record\n{"time":1,"rou');
    for (const name of FILES) rmSync(join(folder, name));
    const replay = await replayRecords([path], 'main', { folder });
    expect(replay).toMatchObject({ recordCount: 1_500, badLineCount: 1, summary: { round: 3 } });
    for (const [at, name] of FILES.entries()) expect([name, read(name)]).toEqual([name, made[at]]);
  });

  it('of no record writes nothing', async () => {
    const path = join(folder, 'records.ndjson');
    writeFileSync(path, '');
    expect(await replayRecords([path], 'main', { folder })).toEqual({
      summary: undefined,
      recordCount: 0,
      badLineCount: 0,
    });
    expect(readdirSync(folder)).toEqual(['records.ndjson']);
  });
});

/** Rows of RFC 4180. */
function parseCsv(text: string): string[][] {
  const cells = text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g);
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of cells) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}
