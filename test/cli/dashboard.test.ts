// `sockman node --dashboard` as a person uses it: the printed address, opened in a browser.

import type { Browser } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { command as nodeCommand } from '../../ts/cli/commands/node.ts';
import { outside } from '../harness/outside.ts';
import { hasText, inState, noBrowser, startBrowser } from '../http/dashboard/browser.ts';

let browser: Browser | undefined;
afterAll(() => browser?.close());

async function start() {
  const { io, lines, stop } = outside();
  const ended = nodeCommand.run(['--dashboard', '--rpcport=0'], io);
  const find = (): string | undefined => lines.find((line) => /^dashboard at http:\/\/.*127\.0\.0\.1/.test(line));
  await expect.poll(find, { timeout: 8_000 }).toBeDefined();
  const url = find()!.slice('dashboard at '.length);
  return { url, stop, ended };
}

describe('sockman node --dashboard', () => {
  it('is refused where the server is switched off that would serve it', async () => {
    const { io } = outside();
    const run = nodeCommand.run(['--dashboard', '-server=0', '-connect=0'], io);
    await expect(run).rejects.toThrow(/dashboard.*server=0/);
  });

  it('prints where the page is, asks for credentials, and counts its pages', async () => {
    const { url, stop, ended } = await start();
    const { origin, username, password, pathname } = new URL(url);
    expect(pathname).toBe('/dashboard');
    expect((await fetch(origin + pathname)).status).toBe(401);
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const page = await fetch(origin + pathname, { headers: { authorization } });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const metrics = await (await fetch(`${origin}/metrics`, { headers: { authorization } })).text();
    expect(metrics).toContain('sse_clients 0\n');
    stop.abort();
    expect(await ended).toBe(0);
  });

  it.skipIf(noBrowser !== '')(`shows the node in a browser, and says when it ends${noBrowser}`, async () => {
    const { url, stop, ended } = await start();
    browser = await startBrowser();
    const page = await browser.newPage();
    await page.goto(url);
    await inState(page, 'live');
    await hasText(page, '#chain', /^regtest$/);
    await hasText(page, '#f-connections', /^1$/);
    await page.locator('tr[data-id]').first().click();
    await hasText(page, '.more', /Received by message type.*version/);
    stop.abort();
    await inState(page, 'shutdown');
    expect(await ended).toBe(0);
  });
});
