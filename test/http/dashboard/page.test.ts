// The page in a real browser, beside a node whose peers talk.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasText, inState, noBrowser, openPage, startBrowser } from './browser.ts';
import { LivelyNode, addressOf } from './lively-node.ts';

/** What a peer calls itself that wants more. */
const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';

describe.skipIf(noBrowser !== '')(`the page of the dashboard${noBrowser}`, () => {
  let browser: Browser;
  const nodes: LivelyNode[] = [];

  beforeAll(async () => {
    browser = await startBrowser();
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    for (const node of nodes.splice(0)) await node.stop();
  });

  afterAll(() => browser?.close());

  /** A node with so many peers that have introduced themselves. */
  async function nodeWith(peerCount: number): Promise<LivelyNode> {
    const node = new LivelyNode();
    nodes.push(node);
    await node.start();
    node.add(
      ...Array.from({ length: peerCount }, (_, index) => ({
        from: addressOf(index),
        agent: `/peer:${index}/`,
        usesV2: index % 2 === 0 && index < 20,
        pingMs: 10 + index,
      })),
    );
    await expect.poll(() => node.hasReady(peerCount), { timeout: 15_000 }).toBe(true);
    return node;
  }

  it('shows what there is, changes with it, and asks nobody but its node', async () => {
    const node = await nodeWith(4);
    const { page, faults } = await openPage(browser, node.at);
    await inState(page, 'live');
    await hasText(page, '#f-connections', /^4$/);
    await hasText(page, '#s-v2', /^2 v2 · 2 v1$/);
    await hasText(page, '#chain', /^main$/);
    await hasText(page, '#peer-count', /^4 of 4 shown$/);
    expect(await page.title()).toBe('sockman · 4 connections · main');
    node.peerManager.sendPings();
    await hasText(page, '#f-ping', /^\d+ ms$/);
    const before = await page.locator('#f-carried').textContent();
    const [one] = node.add({ from: '99.1.2.3:4567', agent: '/late:1.0/' });
    await hasText(page, '#f-connections', /^5$/);
    await page.locator('tr[data-id]', { hasText: '/late:1.0/' }).waitFor();
    await hasText(page, '#events tr', /connected.*99\.1\.2\.3:4567.*\/late:1\.0\//);
    one!.socket.close();
    await hasText(page, '#f-connections', /^4$/);
    await hasText(page, '#events tr', /disconnected.*99\.1\.2\.3:4567.*the peer closed/);
    await page.locator('tr[data-id]', { hasText: '/late:1.0/' }).waitFor({ state: 'detached' });
    expect(await page.locator('#f-carried').textContent()).not.toBe(before);
    node.banMan.ban('192.0.2.0/24');
    await hasText(page, '#bans tr', /192\.0\.2\.0\/24/);
    expect(faults).toEqual([]);
  });

  it('shows what peers say as text', async () => {
    const node = await nodeWith(1);
    node.add({ from: '99.1.2.3:4567', agent: HOSTILE });
    await expect.poll(() => node.hasReady(2)).toBe(true);
    const nodesOfNode = [...node.connman.nodes()];
    // Over the wire it loses its brackets: the page must not rely on that.
    expect(nodesOfNode.at(-1)!.cleanSubVer).not.toContain('<');
    for (const peer of nodesOfNode) {
      Object.assign(peer, { cleanSubVer: HOSTILE.slice(0, 40) + peer.cleanSubVer });
    }
    (nodesOfNode[0]!.receivedBytesByType as Map<string, number>).set('<b>bold</b>', 1e6);
    const { page, faults } = await openPage(browser, node.at);
    const row = page.locator('tr[data-id]').first();
    await row.waitFor();
    await expect.poll(() => row.textContent()).toContain('<img src=x onerror=');
    for (const each of await page.locator('tr[data-id]').all()) await each.click();
    await page.locator('tr[data-id="0"]').click();
    await hasText(page, '.more', /<b>bold<\/b>/);
    await hasText(page, '.more', /<img src=x/);
    expect(await page.locator('main img, main script, main b >> text=bold').count()).toBe(0);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(faults).toEqual([]);
  });

  it('sorts, filters, finds, and opens a row by click and by key', async () => {
    const node = await nodeWith(12);
    const { page, faults } = await openPage(browser, node.at);
    const ids = async (): Promise<number[]> =>
      (await page.locator('tr[data-id]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-id')))).map(
        Number,
      );
    await expect.poll(async () => (await ids()).length).toBe(12);
    await page.getByRole('button', { name: 'Id', exact: true }).click();
    expect(await ids()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('ascending');
    await page.getByRole('button', { name: 'Id', exact: true }).click();
    expect((await ids())[0]).toBe(11);
    await page.getByRole('button', { name: 'User agent' }).click();
    expect((await ids()).slice(0, 3)).toHaveLength(3);
    await page.locator('#find').fill('PEER:1');
    await hasText(page, '#peer-count', /^3 of 12 shown$/);
    await page.locator('#filters').getByText('onion').click();
    await page.locator('#no-match').waitFor();
    await page.locator('#show-all').click();
    await hasText(page, '#peer-count', /^12 of 12 shown$/);
    await page.getByRole('button', { name: 'Id', exact: true }).click();
    await page.getByRole('button', { name: 'Permissions' }).focus();
    await page.keyboard.press('Tab');
    // Chromium has the box that scrolls in between.
    if ((await page.evaluate('document.activeElement.tagName')) !== 'TR') await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.dataset.id')).toBe((await ids())[0]!.toString());
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    const second = (await ids())[1]!;
    expect(await page.evaluate('document.activeElement.dataset.id')).toBe(String(second));
    await page.keyboard.press('Enter');
    await hasText(page, '.more', /Received by message type.*version.*Sent by message type.*verack/);
    expect(await page.locator('tr[aria-expanded=true]').getAttribute('data-id')).toBe(String(second));
    await page.keyboard.press('Escape');
    expect(await page.locator('.more').count()).toBe(0);
    // Still there after the next rows have come: nothing moves under the focus.
    await page.waitForTimeout(2_500);
    expect(await page.evaluate('document.activeElement.dataset.id')).toBe(String(second));
    await page.keyboard.press('End');
    expect(await page.evaluate('document.activeElement.dataset.id')).toBe(String((await ids()).at(-1)));
    expect(faults).toEqual([]);
  });

  it('comes back by itself when its server was gone, by a crash or in order', async () => {
    const node = await nodeWith(2);
    const port = Number(new URL(node.at).port);
    const { page, faults } = await openPage(browser, node.at);
    await inState(page, 'live');
    node.killServer();
    await inState(page, 'disconnected');
    await hasText(page, '#banner', /^Connection to the node lost at \d\d:\d\d:\d\d\. .*next try in \d+ s/);
    await hasText(page, '#f-connections', /^2$/);
    node.serve({}, port);
    await page.getByRole('button', { name: 'Try now' }).click();
    await inState(page, 'live');
    expect(await page.locator('#banner').isVisible()).toBe(false);
    await node.stopServer();
    await inState(page, 'shutdown');
    await hasText(page, '#live', /^Stopped$/);
    await hasText(page, '#banner', /^The node is shutting down\./);
    node.serve({}, port);
    await inState(page, 'live');
    // A browser tells of each try that failed, whatever is made of it.
    expect(
      faults.filter(
        (fault) =>
          !fault.includes('ERR_CONNECTION_REFUSED') && !/ERR_(INCOMPLETE_CHUNKED|EMPTY|CONNECTION_RESET)/.test(fault),
      ),
    ).toEqual([]);
  });

  it('says why it has no stream, and shows a snapshot', async () => {
    const node = new LivelyNode();
    nodes.push(node);
    await node.start({ maxClients: 1 });
    node.add({ from: '99.1.2.3:4567' });
    await expect.poll(() => node.hasReady(1)).toBe(true);
    const first = await openPage(browser, node.at);
    await inState(first.page, 'live');
    const { page } = await openPage(browser, node.at);
    await inState(page, 'error');
    await hasText(page, '#banner', /^The node refused the stream: 503, 1 pages are open already\. .*next try in \d+ s/);
    await hasText(page, '#f-connections', /^1$/);
    await first.page.close();
    await expect.poll(() => node.dashboard.clientCount).toBe(0);
    await page.getByRole('button', { name: 'Try now' }).click();
    await inState(page, 'live');
  });

  it('has a frame while it waits, and a sentence when there are no peers', async () => {
    const node = await nodeWith(0);
    const context = await browser.newContext();
    const page = await context.newPage();
    let release = (): void => {};
    await page.route('**/events', async (route) => {
      await new Promise<void>((resolve) => (release = resolve));
      await route.continue();
    });
    await page.goto(`${node.at}/dashboard`);
    await inState(page, 'loading');
    await hasText(page, '#live', /^Connecting…$/);
    expect(await page.locator('#peer-rows tr').count()).toBe(17);
    release();
    await inState(page, 'empty');
    await hasText(page, '#no-peers', /^No peers yet.*It has 0 of 10 outbound connections/);
    await hasText(page, '#f-ping', /^–$/);
    node.add({ from: '99.1.2.3:4567' });
    await inState(page, 'live');
    expect(await page.locator('#no-peers').isVisible()).toBe(false);
  });

  it('holds few rows of a thousand peers, and comes to each of them', async () => {
    const node = await nodeWith(1_000);
    const { page, faults } = await openPage(browser, node.at);
    await hasText(page, '#peer-count', /^1 000 of 1 000 shown$/);
    expect(await page.locator('#peer-table').getAttribute('aria-rowcount')).toBe('1001');
    const box = page.locator('#peer-scroll');
    const rowCounts: number[] = [];
    for (let step = 0; step <= 20; step++) {
      await box.evaluate((element, share) => (element.scrollTop = share * element.scrollHeight), step / 20);
      await page.waitForTimeout(30);
      rowCounts.push(await page.locator('tr[data-id]').count());
    }
    expect(Math.max(...rowCounts)).toBeLessThan(60);
    expect(await page.locator('tr[aria-rowindex="1001"]').isVisible()).toBe(true);
    // All heights add up, and an open row adds its own.
    const height = (): Promise<number> => box.evaluate((element) => element.scrollHeight);
    const closed = await height();
    await page.locator('tr[aria-rowindex="1001"]').click();
    await page.locator('tr.more').waitFor();
    expect((await height()) - closed).toBe(7 * 28);
    await page.keyboard.press('Home');
    await box.evaluate((element) => (element.scrollTop = 0));
    await page.waitForTimeout(50);
    expect(await height()).toBe(closed + 7 * 28);
    expect(faults).toEqual([]);
  });

  it('reads single seconds of its traffic by key, and keeps its theme', async () => {
    const node = await nodeWith(2);
    const { page, faults } = await openPage(browser, node.at);
    await inState(page, 'live');
    await page.waitForTimeout(4_000);
    await page.locator('#traffic').focus();
    await page.keyboard.press('End');
    await hasText(page, '#readout', /^now: in [\d.]+ K?B\/s · out [\d.]+ K?B\/s$/);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await hasText(page, '#readout', /^\d s ago: in /);
    const background = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await background()).toBe('rgb(252, 252, 251)');
    await page.locator('label', { hasText: 'Dark' }).click();
    expect(await background()).toBe('rgb(16, 18, 20)');
    await page.reload();
    expect(await background()).toBe('rgb(16, 18, 20)');
    expect(faults).toEqual([]);
  });
});
