// Debian's Chromium, driven by playwright-core.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';

/** The browser: `CHROMIUM`, or where Debian has it. */
const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Why there is no browser; empty where there is one. */
export const noBrowser = existsSync(EXECUTABLE) ? '' : ` (skipped: no ${EXECUTABLE}, it is in the package chromium)`;

/** It may not look at anything but this machine, and does not try. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

/** A page, and what should not have happened on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, requests to elsewhere. */
  readonly faults: string[];
}

/** Opens a page. @param at - Origin of the server. */
export async function openPage(browser: Browser, at: string, path = '/dashboard'): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(8_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(at) && !url.startsWith('data:')) faults.push(`request: ${url}`);
  });
  await page.goto(at + path);
  return { page, faults };
}

/** Awaits a state of the page. */
export async function inState(page: Page, state: string, timeout = 15_000): Promise<void> {
  await page.locator(`html[data-state=${state}]`).waitFor({ state: 'attached', timeout });
}

/** Awaits a text of an element. */
export async function hasText(page: Page, selector: string, text: string | RegExp): Promise<void> {
  await expect
    .poll(async () => (await page.locator(selector).first().textContent())?.replaceAll('\u202f', ' '), {
      timeout: 8_000,
    })
    .toMatch(text);
}
