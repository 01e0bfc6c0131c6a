// The report, opened in Debian's Chromium: as readers see it.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReportHistory, RoundReports } from '../../../ts/crawl/report/round-reports.ts';
import type { RoundFacts, Summary } from '../../../ts/crawl/report/tally/summary.ts';
import { REPORT_NETWORKS } from '../../../ts/crawl/report/tally/summary.ts';
import { HOSTILE_USER_AGENTS, sampleRecords } from './sample-records.ts';

const CHROMIUM = '/usr/bin/chromium';
const noChromium = existsSync(CHROMIUM) ? undefined : `(skipped: no ${CHROMIUM})`;

/** Where pictures of the page go, to be looked at; nowhere by default. */
const { REPORT_PICTURES: pictures } = process.env;

const PROPAGATION: RoundFacts['propagation'] = {
  connections: 6_204,
  hours: 24,
  blocks: {
    seen: 144,
    all: { p50: 612, p90: 2_410 },
    networks: { ipv4: { p50: 388, p90: 1_290 }, onion: { p50: 1_120, p90: 3_240 } },
  },
  transactions: { seen: 41_208, all: { p50: 5_400, p90: 14_200 }, networks: { ipv4: { p50: 4_600, p90: 12_100 } } },
};

const FACTS: RoundFacts = {
  known: { ipv4: 2_400, ipv6: 1_200, onion: 1_400, i2p: 300, cjdns: 60 },
  distinct: 231_480,
  droppedForPort: 8_902,
  droppedForTime: 9_974,
  excluded: 37,
  leftAlone: 12,
  propagation: PROPAGATION,
};

/** How a page is made and opened. */
interface Opening {
  readonly facts?: RoundFacts;
  readonly hostile?: boolean;
  readonly theme?: 'light' | 'dark';
}

describe.skipIf(noChromium !== undefined)(`the report in Chromium ${noChromium ?? ''}`, () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-report-'));
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  /** Makes reports of some rounds, opens the page, and gives what it complained about. */
  async function open(
    name: string,
    rounds: number,
    size: number,
    { facts = {}, hostile = false, theme = 'light' }: Opening = {},
  ) {
    const place = join(folder, name);
    const history = new ReportHistory();
    let summary: Summary | undefined;
    for (let round = 1; round <= rounds; round++) {
      const reports = await RoundReports.begin(
        { folder: place, ourUserAgent: '/sockman-crawler:1.4.0/' },
        { round, chain: 'main' },
        history,
      );
      for (const record of sampleRecords(size + ((round * 37) % 90), { round, hostile })) reports.add(record);
      summary = await reports.finish(round === rounds ? facts : {});
    }
    const page = await browser.newPage({ colorScheme: theme, viewport: { width: 1_280, height: 900 } });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => request.url().startsWith('file:') || complaints.push(`request: ${request.url()}`));
    await page.goto(pathToFileURL(join(place, 'report.html')).href);
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
    return { page, summary: summary!, complaints, place };
  }

  const textOf = async (page: Page, selector: string): Promise<string> =>
    (await page.locator(selector).innerText()).replaceAll('\u202f', '');

  it('shows the numbers of summary.json without a complaint', async () => {
    const { page, complaints, place } = await open('full', 6, 4_000, { facts: FACTS });
    const summary = JSON.parse(readFileSync(join(place, 'summary.json'), 'utf8')) as Summary;
    expect(await textOf(page, 'h1')).toBe(`${summary.all.reachable} Bitcoin nodes accept connections.`);
    const rows = page.locator('#networks tbody tr');
    for (const [at, name] of REPORT_NETWORKS.entries()) {
      const cells = (await rows.nth(at).locator('td').allInnerTexts()).map((text) => text.replaceAll('\u202f', ''));
      const { reachable, known } = summary.networks[name];
      expect([cells[0], cells[2]]).toEqual([String(reachable), String(known)]);
    }
    for (const [at, name] of REPORT_NETWORKS.entries()) {
      const cells = await page.locator('#outcomes tbody tr').nth(at).locator('td.num').allInnerTexts();
      const numbers = cells.map((text) => Number(text.replaceAll('\u202f', '')));
      const { outcomes } = summary.networks[name];
      expect(numbers.slice(0, 5)).toEqual([
        outcomes.reachable,
        outcomes.full,
        outcomes.refused,
        outcomes.timeout,
        outcomes.unreachable,
      ]);
      expect(numbers.reduce((sum, value) => sum + value, 0)).toBe(
        Object.values(outcomes).reduce((sum, value) => sum + value, 0),
      );
    }
    const agents = await page.locator('#software .bars.long li').allInnerTexts();
    expect(agents.map((text) => text.replaceAll('\u202f', '').split('\n').slice(0, 2))).toEqual(
      summary.userAgents.top.map(({ name, nodes }) => [name, String(nodes)]),
    );
    expect(await page.locator('#propagation .num').first().innerText()).toContain('50');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('is dark where the reader wants it, by preference or by its own switch', async () => {
    const { page } = await open('dark', 6, 4_000, { facts: FACTS, theme: 'dark' });
    const background = (): Promise<string> => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(await background()).toBe('rgb(16, 18, 20)');
    await page.locator('label', { hasText: 'Light' }).click();
    expect(await background()).toBe('rgb(252, 252, 251)');
    await page.close();
  });

  it('shows user agents with markup as text', async () => {
    const { page, complaints } = await open('hostile', 1, 3_000, { hostile: true });
    const shown = await page.locator('#software .bars.long').innerText();
    for (const agent of HOSTILE_USER_AGENTS) expect(shown).toContain(agent.replace('\u202e', '\\u202e'));
    expect(await page.locator('script, iframe, img').count()).toBe(0);
    expect(await page.title()).toMatch(/^Bitcoin network, round 1,/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('says of a first round that the line comes with the second', async () => {
    const { page, complaints } = await open('first', 1, 3_000);
    expect(await page.locator('#rounds').innerText()).toContain('This is the first round.');
    expect(await page.locator('#propagation').innerText()).toContain('No data');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('says of an unfinished round how much was visited', async () => {
    const { page, summary, complaints } = await open('partial', 2, 3_000, {
      facts: { isComplete: false, known: { ipv4: 3_000, ipv6: 1_000, onion: 1_000, i2p: 140, cjdns: 20 } },
    });
    const percent = (summary.visitedShare * 100).toFixed(0);
    expect(await textOf(page, '.unfinished')).toContain(`${percent}% of the frontier visited`);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('has a sentence in every place where an empty round has no numbers', async () => {
    const { page, complaints } = await open('empty', 1, 0 - 37);
    expect(await textOf(page, 'h1')).toBe('0 Bitcoin nodes accept connections.');
    expect(await page.locator('section .note').count()).toBeGreaterThanOrEqual(7);
    expect(await page.locator('body').innerText()).not.toMatch(/NaN|Infinity|undefined/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('fits a phone without scrolling sideways', async () => {
    const { page } = await open('phone', 3, 2_000, { facts: FACTS });
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, 'phone.png'), fullPage: true });
    await page.close();
  });
});
