// Other people's HTTP clients against an `HttpServer`.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpServer } from '../../ts/http.ts';
import { findProgram } from '../harness/labs/programs.ts';

const run = promisify(execFile);

/** A test that needs a program; without it skipped, with the reason in its title. */
function itWith(name: string, debianPackage: string): (title: string, test: () => Promise<void>) => void {
  if (findProgram(name) !== undefined) return (title, test) => it(`${name} ${title}`, test, 60_000);
  return (title, test) => it.skip(`${name} ${title} (skipped: not installed, Debian package ${debianPackage})`, test);
}

describe('HttpServer and other people', () => {
  const server = new HttpServer({ maxConnections: 1_000 });
  const folder = mkdtempSync(join(tmpdir(), 'sockman-http-'));
  const body = join(folder, 'body');
  const sent = Buffer.alloc(2 * 1_048_576, 'abc');
  let base: string;

  beforeAll(() => {
    writeFileSync(body, sent);
    server.route('GET', '/hello', (request) => request.writeReply(200, 'hello'));
    server.route('POST', '/echo', (request) => request.writeReply(200, request.body));
    server.route('POST', '/size', (request) => request.writeReply(200, String(request.body.length)));
    server.route('GET', '/stream', async (request) => {
      const stream = request.writeHeader('Content-Type', 'text/plain').startStream(200);
      for (let count = 0; count < 100; count++)
        if (!stream.write(`${'x'.repeat(count * 100)}\n`)) await stream.drained();
      stream.end();
    });
    server.route('GET', '/page', (request) =>
      request
        .writeHeader('Content-Type', 'text/html; charset=utf-8')
        .writeReply(
          200,
          "<!doctype html><p>loading</p><script>fetch('/hello').then((r) => r.text()).then((t) => (document.body.textContent = t + ' from fetch'))</script>",
        ),
    );
    base = `http://${server.start()[0]}`;
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  itWith('curl', 'curl')('gets, posts, streams, and reuses its connection', async () => {
    const accepted = server.stats().accepted;
    const { stdout } = await run('curl', ['-sS', `${base}/hello`, `${base}/hello`, '-o', '-', `${base}/stream`]);
    expect(stdout.startsWith('hellohello\n')).toBe(true);
    expect(stdout.length).toBe(10 + 495_000 + 100);
    expect(server.stats().accepted).toBe(accepted + 1);
  });

  itWith('curl', 'curl')('sends 2 MiB after 100 Continue without a pause', async () => {
    const format = '%{http_code} %{time_total}';
    const args = [
      '-sS',
      '-o',
      join(folder, 'back'),
      '-w',
      format,
      '-H',
      'Expect: 100-continue',
      '--data-binary',
      `@${body}`,
    ];
    const { stdout } = await run('curl', [...args, '--expect100-timeout', '20', `${base}/echo`]);
    const [code, seconds] = stdout.split(' ');
    expect(code).toBe('200');
    // Had the server kept silent it would have taken the twenty seconds.
    expect(Number(seconds)).toBeLessThan(20);
  });

  itWith('curl', 'curl')('sends chunks, asks in HTTP/1.0, and asks for the head alone', async () => {
    const chunked = await run('curl', [
      '-sS',
      '-H',
      'Transfer-Encoding: chunked',
      '--data-binary',
      `@${body}`,
      `${base}/size`,
    ]);
    expect(chunked.stdout).toBe(String(sent.length));
    const old = await run('curl', ['-sS', '-0', `${base}/stream`]);
    expect(old.stdout.length).toBe(495_000 + 100);
    const head = await run('curl', ['-sS', '-I', `${base}/hello`]);
    expect(head.stdout).toContain('Content-Length: 5\r\n');
  });

  itWith('python3', 'python3')('keeps a connection of http.client through ten requests', async () => {
    const program = `
import http.client, sys
c = http.client.HTTPConnection(sys.argv[1])
for i in range(10):
    c.request('POST', '/echo', body=b'x' * i * 1000)
    r = c.getresponse()
    b = r.read()
    assert r.status == 200 and len(b) == i * 1000 and not r.will_close
c.request('GET', '/stream')
r = c.getresponse()
assert r.chunked and len(r.read()) == 495100
c.request('POST', '/echo', body=iter([b'a', b'b' * 70000]), encode_chunked=True, headers={'Transfer-Encoding': 'chunked'})
assert len(c.getresponse().read()) == 70001
print('done')`;
    const { stdout } = await run('python3', ['-c', program, base.slice('http://'.length)]);
    expect(stdout).toBe('done\n');
  });

  itWith('ab', 'apache2-utils')('-k completes every request on connections that stay open', async () => {
    const { stdout } = await run('ab', ['-k', '-q', '-n', '5000', '-c', '50', `${base}/hello`]);
    expect(stdout).toMatch(/Complete requests: +5000\nFailed requests: +0\nKeep-Alive requests: +5000\n/);
  });

  itWith('wrk', 'wrk')('sees no error', async () => {
    const { stdout } = await run('wrk', ['-c', '50', '-t', '1', '-d', '1s', `${base}/hello`]);
    expect(Number(/(\d+) requests in/.exec(stdout)![1])).toBeGreaterThan(0);
    expect(stdout).not.toMatch(/Socket errors|Non-2xx/);
  });

  it('Node’s fetch gets, posts and streams', async () => {
    expect(await (await fetch(`${base}/hello`)).text()).toBe('hello');
    const back = await fetch(`${base}/echo`, { method: 'POST', body: sent });
    expect(Buffer.from(await back.arrayBuffer()).equals(sent)).toBe(true);
    expect((await (await fetch(`${base}/stream`)).text()).length).toBe(495_000 + 100);
    expect((await fetch(`${base}/nothing`)).status).toBe(404);
  });

  itWith('chromium', 'chromium')('loads a page whose script fetches', async () => {
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ];
    const more = ['--disable-component-update', '--disable-sync', `--user-data-dir=${join(folder, 'chromium')}`];
    const { stdout } = await run('chromium', [
      ...flags,
      ...more,
      '--virtual-time-budget=5000',
      '--dump-dom',
      `${base}/page`,
    ]);
    expect(stdout).toContain('hello from fetch');
  });
});
