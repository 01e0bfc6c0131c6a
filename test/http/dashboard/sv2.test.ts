// The dashboard of a Stratum V2 server: what its stream tells, and what its page shows.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Connman } from '../../../ts/connman.ts';
import { Dashboard } from '../../../ts/dashboard.ts';
import type { DashboardOptions } from '../../../ts/dashboard.ts';
import { HttpServer } from '../../../ts/http.ts';
import { MockTemplateSource, Sv2Client, Sv2Connman, TemplateProvider } from '../../../ts/stratum.ts';
import { hasText, inState, noBrowser, openPage, startBrowser } from './browser.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server with templates of a mock chain, and its page. */
function world(options: Partial<DashboardOptions> = {}) {
  const sv2 = new Sv2Connman();
  const { bound } = sv2.bindAndStartListening('127.0.0.1:0');
  const provider = new TemplateProvider(sv2, new MockTemplateSource());
  provider.start();
  const httpServer = new HttpServer();
  const dashboard = new Dashboard({ sv2, httpServer, chain: 'regtest', ...options });
  dashboard.attach(httpServer);
  const at = `http://${httpServer.start()[0]}`;
  closers.push(
    () => provider.stop(),
    () => dashboard.stop(),
    () => httpServer[Symbol.asyncDispose](),
  );
  const { authorityX } = sv2;
  const connect = async (vendor: string): Promise<Sv2Client> => {
    const server = { host: '127.0.0.1', port: bound!.port, authorityX };
    const client = new Sv2Client({ server, vendor, firmware: '1.0', reconnect: false });
    closers.push(() => client.stop());
    const block = new Promise<void>((resolve) => {
      client.on('message', ({ name }) => void (name === 'SetNewPrevHash' && resolve()));
    });
    client.start();
    await block;
    return client;
  };
  const snapshot = async (): Promise<Record<string, unknown>> =>
    (await (await fetch(`${at}/dashboard/snapshot`)).json()) as Record<string, unknown>;
  return { sv2, at, connect, snapshot };
}

describe('the dashboard of a Stratum V2 server', () => {
  it('needs a server or a node', () => {
    expect(() => new Dashboard({})).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });

  it('tells of clients, handshakes and messages, and carries the bytes of the server', async () => {
    const { connect, snapshot } = world();
    expect(await snapshot()).toMatchObject({ sv2: { list: [], clients: { ready: 0 } }, peers: [], bans: null });
    await connect('a miner');
    const shown = await snapshot();
    expect(shown).toMatchObject({
      chain: 'regtest',
      shows: { node: false, sv2: true },
      peers: [],
      addrman: null,
      log: [],
      sv2: {
        clients: { handshake: 0, setup: 0, ready: 1 },
        handshakes: { ok: 1, failed: 0 },
        list: [{ state: 'ready', agent: 'a miner 1.0', templates: 1, dropped: 0, solutions: 0, lastSolution: null }],
      },
      totals: { received: expect.any(Number), listening: [] },
    });
    const { sent, received } = shown['sv2'] as Record<string, [string, number][]>;
    expect(Object.fromEntries(sent!)).toMatchObject({ NewTemplate: 1, SetNewPrevHash: 1 });
    expect(Object.fromEntries(received!)).toMatchObject({ SetupConnection: 1 });
    expect((shown['totals'] as { received: number }).received).toBeGreaterThan(100);
  });

  it('tells in its stream what changed', async () => {
    const { at, connect } = world();
    const ending = new AbortController();
    const { body } = await fetch(`${at}/events`, { signal: ending.signal });
    let text = '';
    const reading = (async () => {
      for await (const piece of body!.pipeThrough(new TextDecoderStream())) text += piece;
    })().catch(() => {});
    await expect.poll(() => text).toContain('event: snapshot');
    await connect('late');
    await expect.poll(() => text, { timeout: 8_000 }).toMatch(/event: sv2\ndata: .*"agent":"late 1\.0"/);
    ending.abort();
    await reading;
  });

  it('lists no more than two hundred clients', async () => {
    const { sv2, snapshot } = world();
    const client = { id: 0, address: 'x', state: 'ready', setup: undefined, connectedAtMs: 0 };
    Object.assign(sv2, { clients: () => Array.from({ length: 1_000 }, () => client) });
    const { list } = (await snapshot())['sv2'] as { list: unknown[] };
    expect(list).toHaveLength(200);
  });

  it('stands beside that of a node', async () => {
    const connman = new Connman({ chain: 'regtest', listen: false, noConnect: true });
    closers.push(() => connman.stop());
    const { snapshot } = world({ connman });
    expect(await snapshot()).toMatchObject({ shows: { node: true, sv2: true }, sv2: { list: [] }, peers: [] });
  });
});

describe.skipIf(noBrowser !== '')(`the page of a Stratum V2 server${noBrowser}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(() => browser?.close());

  it('shows its clients, and nothing of a node', { timeout: 30_000 }, async () => {
    const { at, connect } = world();
    const { page, faults } = await openPage(browser, at);
    await inState(page, 'empty');
    await hasText(page, '#no-clients', /^No client is connected/);
    for (const selector of ['#peers', '#matrix', '#f-v2', '#listening', '#bans-head', '#book']) {
      expect(await page.locator(selector).isVisible(), selector).toBe(false);
    }
    const client = await connect('<b>miner</b>');
    await inState(page, 'live');
    await hasText(page, '#f-sv2-clients', /^1$/);
    await hasText(page, '#s-sv2-clients', /^1 ready · 0 on the way$/);
    await hasText(page, '#f-sv2-templates', /^1$/);
    await hasText(page, '#sv2-rows tr', /^\d+127\.0\.0\.1:\d+ready<b>miner<\/b> 1\.0/);
    expect(await page.locator('#sv2-rows b').count()).toBe(0);
    expect(await page.title()).toBe('sockman · 1 connections · regtest');
    await hasText(page, '#f-carried', /^[1-9]/);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
    await client.stop();
    await inState(page, 'empty');
    expect(faults).toEqual([]);
  });

  it('has no Stratum part for a node alone', async () => {
    const connman = new Connman({ chain: 'regtest', listen: false, noConnect: true });
    closers.push(() => connman.stop());
    const { at } = world({ connman, sv2: undefined } as object);
    const { page, faults } = await openPage(browser, at);
    await inState(page, 'empty');
    expect(await page.locator('#sv2').isVisible()).toBe(false);
    expect(await page.locator('#peers').isVisible()).toBe(true);
    expect(faults).toEqual([]);
  });
});
