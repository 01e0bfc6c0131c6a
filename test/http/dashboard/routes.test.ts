// What a browser may load, under which name, and with which headers.

import { afterEach, describe, expect, it } from 'vitest';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { Connman } from '../../../ts/connman.ts';
import { Dashboard } from '../../../ts/dashboard.ts';
import { HttpServer } from '../../../ts/http.ts';
import type { HttpHandler } from '../../../ts/http.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function world(guard?: HttpHandler, allowHosts: readonly string[] = []) {
  const connman = new Connman({ chain: 'regtest', listen: false, noConnect: true });
  const dashboard = new Dashboard({ connman, allowHosts });
  const server = new HttpServer();
  dashboard.attach(server, guard === undefined ? {} : { guard });
  const bound = server.start()[0]!;
  closers.push(
    () => connman.stop(),
    () => server[Symbol.asyncDispose](),
    () => dashboard.stop(),
  );
  const ask = (
    path: string,
    host = String(bound),
  ): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> =>
    new Promise((resolve, reject) => {
      const asked = httpRequest({ host: '127.0.0.1', port: bound.port, path, headers: { host } }, (answer) => {
        let body = '';
        answer.on('data', (piece) => (body += piece));
        answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body }));
      });
      asked.on('error', reject).end();
    });
  return { ask, bound };
}

const PATHS = ['/dashboard', '/dashboard/app.js', '/dashboard/style.css', '/dashboard/snapshot'];

describe('the dashboard', () => {
  it.each([
    ['/dashboard', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/dashboard/app.js', 'text/javascript; charset=utf-8', 'uplot-license.txt'],
    ['/dashboard/style.css', 'text/css; charset=utf-8', 'light-dark('],
    ['/dashboard/snapshot', 'application/json', '"peers":[]'],
  ])('serves %s under its policy', async (path, type, part) => {
    const { ask } = world();
    for (let count = 0; count < 2; count++) {
      const { status, headers, body } = await ask(path);
      expect(status).toBe(200);
      expect(body).toContain(part);
      expect(headers).toMatchObject({
        'content-type': type,
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
    }
  });

  it('has no styles in its page that the policy would refuse, and nothing from elsewhere', async () => {
    const { ask } = world();
    const { body } = await ask('/dashboard');
    expect(body).not.toMatch(/ style=| on\w+=|<style|javascript:/);
    for (const path of PATHS.slice(0, 3))
      expect((await ask(path)).body).not.toMatch(/(src|href|url)\s*[=(]\s*["']?https?:/);
  });

  it.each([
    '127.0.0.1',
    '127.0.0.1:8080',
    '[::1]:8080',
    'localhost',
    'LOCALHOST:1',
    '10.1.2.3',
    'node.home',
    'Node.Home:8332',
  ])('answers for the host %s', async (host) => {
    const { ask } = world(undefined, ['node.home']);
    for (const path of PATHS) expect((await ask(path, host)).status).toBe(200);
  });

  it.each(['evil.example', 'evil.example:8332', 'localhost.evil.example', '127.0.0.1.evil.example', 'node.home.', 'x'])(
    'refuses the host %s, for the page and the stream',
    async (host) => {
      const { ask } = world(undefined, ['node.home']);
      for (const path of [...PATHS, '/events', '/dashboard/peer?id=1'])
        expect((await ask(path, host)).status).toBe(403);
    },
  );

  it('asks its guard before anything else is told', async () => {
    const { ask } = world((request) => request.writeHeader('WWW-Authenticate', 'Basic realm="x"').writeReply(401));
    for (const path of [...PATHS, '/events', '/dashboard/peer?id=1']) {
      const { status, body } = await ask(path);
      expect([status, body]).toEqual([401, '']);
    }
  });

  it.each(['', '?id=', '?id=x', '?id=-1', '?id=99', '?id=1e400', '?id=9007199254740993'])(
    'knows no peer %j',
    async (query) => expect((await world().ask(`/dashboard/peer${query}`)).status).toBe(404),
  );

  it('says where its page should be when it is not there', () => {
    const connman = new Connman({ chain: 'regtest', listen: false });
    const dashboard = new Dashboard({ connman, pageFolder: '/nowhere' });
    expect(() => dashboard.attach(new HttpServer())).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_SYSTEM' }));
    dashboard.stop();
  });
});
