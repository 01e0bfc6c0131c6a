// Every state of the page, in both widths and both themes: nothing is cut off or wider than the window. With SCREENSHOTS=1
// pictures of all of them go into build/screenshots, to be looked at beside the design.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inState, noBrowser, openPage, startBrowser } from './browser.ts';
import { LivelyNode } from './lively-node.ts';
import { liven } from './lively-crowd.ts';

const FOLDER = resolve(import.meta.dirname, '../../../build/screenshots');

const WIDTHS = [1280, 390];
const THEMES = ['Light', 'Dark'];

/** The charts follow a change of width in the next frame. */
const NEXT_FRAMES = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';

const TAKES_PICTURES = process.env['SCREENSHOTS'] === '1';

/** How long peers talk before the first picture; more of it makes a better chart. */
const TALK_SECONDS = Number(process.env['TALK_SECONDS'] ?? (TAKES_PICTURES ? 8 : 2));

describe.skipIf(noBrowser !== '')(`states of the dashboard${noBrowser}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(FOLDER, { recursive: true });
    browser = await startBrowser();
  });

  afterAll(() => browser?.close());

  async function picture(page: Page, name: string, fullPage: boolean): Promise<void> {
    if (TAKES_PICTURES) await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage });
  }

  async function take(page: Page, name: string): Promise<void> {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      for (const theme of THEMES) {
        await page.locator('.theme label', { hasText: theme }).click();
        await page.evaluate(NEXT_FRAMES);
        const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
        expect(wide, `${name} at ${width}`).toBe(0);
        await picture(page, `${name}-${theme.toLowerCase()}-${width}`, true);
      }
    }
  }

  it('are each shown, and none is wider than its window', { timeout: 120_000 + TALK_SECONDS * 1_000 }, async () => {
    const node = new LivelyNode();
    await node.start({ maxClients: 1 });
    const port = Number(new URL(node.at).port);
    try {
      const { page } = await openPage(browser, node.at);
      await inState(page, 'empty');
      await take(page, 'empty');
      const calm = await liven(node);
      await inState(page, 'live');
      await page.waitForTimeout(TALK_SECONDS * 1_000);
      await page.setViewportSize({ width: 1280, height: 860 });
      await page.locator('.theme label', { hasText: 'Light' }).click();
      // That of the README: docs/dashboard.png is a copy.
      await picture(page, 'readme', false);
      await page.locator('tr[data-id]').nth(4).click();
      await page.waitForTimeout(2_500);
      await page.locator('#traffic').focus();
      for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowLeft');
      await take(page, 'live');
      calm();
      const refused = await openPage(browser, node.at);
      await inState(refused.page, 'error');
      await take(refused.page, 'error');
      await refused.page.close();
      node.killServer();
      await inState(page, 'disconnected');
      await take(page, 'disconnected');
      node.serve({}, port);
      await inState(page, 'live');
      await node.stopServer();
      await inState(page, 'shutdown');
      await take(page, 'shutdown');
      node.serve({}, port);
      const waiting = await browser.newPage();
      await waiting.route('**/events', () => {});
      await waiting.goto(`${node.at}/dashboard`);
      await inState(waiting, 'loading');
      await take(waiting, 'loading');
    } finally {
      await node.stop();
    }
  });
});
