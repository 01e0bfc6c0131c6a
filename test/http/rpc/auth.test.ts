// Credentials and lists of methods, over a socket. Cases of Bitcoin Core's rpc_users and rpc_whitelist.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request as sendRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import type { Logger } from '../../../ts/util/logger.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { RpcAuth } from '../../../ts/rpc.ts';
import type { RpcAuthOptions } from '../../../ts/rpc.ts';
import { PASSWORD, RpcStage, USER, basic } from './stage.ts';
import type { Reply } from './stage.ts';

const CALL = '{"method":"echo","id":1}';

/** The entries that Bitcoin Core's tests use, with their passwords. */
const KNOWN = [
  {
    user: 'rt',
    password: 'cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM=',
    entry: 'rt:93648e835a54c573682c2eb19f882535$7681e9c5b74bdd85e78166031d2058e1069b3ed7ed967c93fc63abba06f31144',
  },
  {
    user: 'user1',
    password: 'bitcoin',
    entry: 'user1:6dd184e5e69271fdd69103464630014f$eb3d7ce67c4d1ff3564270519b03b636c0291012692a5fa3dd1d2075daedd07b',
  },
  {
    user: 'user2',
    password: 'bitcoin',
    entry: 'user2:57b2f77c919eece63cfa46c2f06e46ae$266b63902f99f97eeaab882d4a87f8667ab84435c3799f2ce042ef5a994d620b',
  },
];

let stage: RpcStage | undefined;
afterEach(async () => {
  await stage?.[Symbol.asyncDispose]();
  stage = undefined;
});

function serve(auth: RpcAuthOptions = {}): RpcStage {
  stage = new RpcStage([], auth);
  return stage;
}

const asUser = (at: RpcStage, user: string, password: string, body = CALL): Promise<Reply> =>
  at.send('POST', '/', body, { authorization: basic(user, password) });

describe('the page of another site', () => {
  const post = (at: RpcStage, headers: Record<string, string>, method = 'POST'): Promise<Reply> =>
    at.send(method, '/', CALL, { authorization: basic(USER, PASSWORD), ...headers });

  it.each(['http://evil.example', 'http://127.0.0.1', 'null', 'file://', ''])(
    'with the origin "%s" cannot call with the credentials of its visitor',
    async (origin) => {
      const at = serve();
      const { status, text } = await post(at, { origin });
      expect([status, text]).toEqual([403, 'a page of another site may not do this\n']);
      expect(at.rpc.stats()).toMatchObject({ authFailures: 1 });
      expect(at.rpc.stats().calls.find(({ method }) => method === 'echo')).toMatchObject({ ok: 0, error: 0 });
    },
  );

  it('is told from a page of the server, also behind a proxy with TLS, and from those that are allowed', async () => {
    const at = serve({ allowOrigins: ['https://Admin.example'] });
    for (const [origin, host] of [
      [`http://127.0.0.1:${at.port}`, `127.0.0.1:${at.port}`],
      ['https://node.example', 'Node.example'],
      ['https://admin.example', 'node.example'],
    ]) {
      expect((await post(at, { origin: origin!, host: host! })).status).toBe(200);
    }
  });

  it.each(['https://admin.example/', 'admin.example', 'null', 'https://a b', '', 7, undefined])(
    'is not allowed by %j, which no browser sends',
    (origin) => {
      expect(() => new RpcAuth({ allowOrigins: ['https://admin.example', origin as string] })).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG', message: expect.stringMatching(/^allowOrigins: /) }),
      );
    },
  );

  it('may read: the browser keeps the answer from it', async () => {
    const at = serve();
    at.http.route('GET', '/status', (request) => request.writeReply(200), { beforeBody: at.auth.guard });
    const headers = { authorization: basic(USER, PASSWORD), origin: 'http://evil.example' };
    expect((await at.send('GET', '/status', '', headers)).status).toBe(200);
  });
});

describe('credentials', () => {
  it.each(KNOWN)('of $user in rpcauth let in', async ({ user, password, entry }) => {
    const at = serve({ rpcAuth: [entry] });
    expect((await asUser(at, user, password)).status).toBe(200);
    expect((await asUser(at, user, `${password}wrong`)).status).toBe(401);
  });

  it('may be several of one user', async () => {
    const other = KNOWN[1]!.entry.replace('user1', 'rt');
    const at = serve({ rpcAuth: [KNOWN[0]!.entry, other] });
    expect((await asUser(at, 'rt', KNOWN[0]!.password)).status).toBe(200);
    expect((await asUser(at, 'rt', 'bitcoin')).status).toBe(200);
  });

  it.each([
    ['rpcuser💻', 'rpcpassword🔑'],
    ['', 'only a password'],
    ['with', 'co:lo:ns'],
  ])('of user "%s" with rpcpassword let in', async (user, password) => {
    const at = serve({ user, password });
    expect((await asUser(at, user, password)).status).toBe(200);
    expect((await asUser(at, `${user}x`, password)).status).toBe(401);
  });

  it('that are missing are asked for at once', async () => {
    const at = serve();
    const startMs = performance.now();
    const { status, headers, text } = await at.send('POST', '/', CALL);
    expect(performance.now() - startMs).toBeLessThan(200);
    expect([status, headers['www-authenticate'], text]).toEqual([401, 'Basic realm="jsonrpc"', '']);
  });

  it.each([
    ['a wrong password', basic(USER, 'wrong')],
    ['a wrong user', basic('wrong', PASSWORD)],
    ['both', basic('wrong', 'wrong')],
    ['another scheme', 'Bearer abc'],
    ['Digest', 'Digest username="x"'],
    ['the scheme in lower case', basic(USER, PASSWORD).replace('Basic', 'basic')],
    ['no colon', `Basic ${Buffer.from('user').toString('base64')}`],
    ['Base64 without its padding', basic(USER, PASSWORD).replace(/=+$/, '')],
    ['Base64 with something behind it', `${basic(USER, PASSWORD)}!`],
    ['Base64 for addresses', 'Basic dXN_cjpw'],
    ['bits that mean nothing', 'Basic dXNlcjpwdx=='],
    ['nothing behind the scheme', 'Basic '],
    ['an empty header', ''],
  ])('with %s are refused after a quarter of a second', async (_, authorization) => {
    const at = serve();
    const startMs = performance.now();
    const { status, headers, text } = await at.send('POST', '/', CALL, { authorization });
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(249);
    expect([status, headers['www-authenticate'], text]).toEqual([401, 'Basic realm="jsonrpc"', '']);
    expect(at.rpc.stats().authFailures).toBe(1);
  });

  it('with blanks around the Base64 are read', async () => {
    const header = basic(USER, PASSWORD).replace('Basic ', 'Basic  \t');
    expect((await serve().send('POST', '/', CALL, { authorization: `${header} ` })).status).toBe(200);
  });

  it('are looked at before the body is read', async () => {
    const at = serve();
    const headers = { authorization: basic(USER, 'wrong'), 'content-length': '1000000', expect: '100-continue' };
    const { status, headers: answer } = await at.send('POST', '/', '', headers);
    expect([status, answer.connection]).toEqual([401, 'close']);
  });

  it('are looked at behind the method of the request', async () => {
    const at = serve();
    const { status, text, headers } = await at.send('GET', '/', '');
    expect([status, text, headers.allow]).toEqual([405, 'JSONRPC server handles only POST requests', 'POST']);
    expect((await at.send('GET', '/wallet/x', '')).status).toBe(405);
    expect((await at.send('POST', '/other', CALL)).status).toBe(404);
    expect((await at.send('POST', '/?x', CALL)).status).toBe(404);
  });

  it('are looked at again where a connection sends others, or the cookie is gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sockman-auth-'));
    const path = join(folder, '.cookie');
    await using at = new RpcStage([], { cookieFile: path });
    const [, password] = readFileSync(path, 'latin1').split(':') as [string, string];
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (...credentials: [string, string] | []): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = credentials.length === 0 ? {} : { authorization: basic(...credentials) };
        const asked = sendRequest({ port: at.port, agent, method: 'POST', headers }, (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode!));
        });
        asked.once('error', reject).end('{"method":"echo"}');
      });
    const accepted = (): number => at.http.stats().accepted;
    expect(await ask('__cookie__', password)).toBe(200);
    expect(await ask('__cookie__', password)).toBe(200);
    expect(await ask('__cookie__', `${password}x`)).toBe(401);
    expect(await ask()).toBe(401);
    expect(await ask(USER, PASSWORD)).toBe(200);
    expect(await ask('__cookie__', password)).toBe(200);
    at.auth.close();
    expect(await ask('__cookie__', password)).toBe(401);
    expect(await ask(USER, PASSWORD)).toBe(200);
    at.auth.open();
    expect(await ask('__cookie__', password)).toBe(401);
    // A refused one is closed, as its body was not read: the others came on connections that had let in somebody before.
    expect(accepted()).toBe(4);
    agent.destroy();
    rmSync(folder, { recursive: true });
  });

  it('guessed at many connections are not answered faster', async () => {
    const at = serve();
    const startMs = performance.now();
    const replies = await Promise.all(Array.from({ length: 40 }, () => asUser(at, USER, 'wrong')));
    expect(replies.every(({ status }) => status === 401)).toBe(true);
    // Sixteen at a time.
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(2.9 * 250);
  });

  it('serve other routes as well', async () => {
    const at = serve();
    at.http.route('GET', '/page', (request) => request.writeReply(200, request.user), {
      queued: false,
      beforeBody: at.auth.guard,
    });
    expect((await at.send('GET', '/page', '')).status).toBe(401);
    expect((await at.send('GET', '/page', '', { authorization: basic(USER, PASSWORD) })).text).toBe(USER);
  });

  it('are in no message and no log line', async () => {
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const logger: Logger = { ...silentLogger, debug: log, info: log, warn: log };
    const at = serve({ logger });
    await asUser(at, 'someone\n', 'guessed-secret');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^ThreadRPCServer incorrect password attempt from 127\.0\.0\.1:\d+ for user "someone\\n"$/,
    );
    expect(() => new RpcAuth({ rpcAuth: ['me:my-secret'] })).toThrow(/^((?!my-secret).)*$/);
  });

  it.each(['', 'foo', 'foo:bar', 'foo:bar:baz', 'foo$bar:baz', 'foo$bar$baz', 'foo:bar$baz$x'])(
    'in rpcauth "%s" are refused, also among good ones',
    (text) => {
      expect(() => new RpcAuth({ rpcAuth: [KNOWN[0]!.entry, text] })).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'ERR_SOCKMAN_INVALID_ARG' }),
      );
    },
  );
});

describe('a list of methods', () => {
  /** Which of some methods a user may call. */
  async function allowed(auth: RpcAuthOptions): Promise<string[]> {
    const at = serve(auth);
    const names: string[] = [];
    for (const method of ['echo', 'help', 'getrpcinfo', 'nothing']) {
      const { status, text } = await at.post(`{"method":"${method}"}`);
      if (status === 403) expect(text).toBe('');
      else names.push(method);
    }
    return names;
  }

  const everything = ['echo', 'help', 'getrpcinfo', 'nothing'];
  it.each<[RpcAuthOptions, string[]]>([
    [{}, everything],
    [{ whitelistDefault: false }, everything],
    [{ whitelistDefault: true }, []],
    [{ whitelist: [`${USER}:echo,help`] }, ['echo', 'help']],
    [{ whitelist: [`${USER}:echo, help`] }, ['echo', 'help']],
    [{ whitelist: [`${USER}:echo help`] }, ['echo', 'help']],
    [{ whitelist: [`${USER}:,echo,,help,`] }, ['echo', 'help']],
    [{ whitelist: [`${USER}: echo , help `] }, ['echo', 'help']],
    [{ whitelist: [`${USER}:nothing`] }, ['nothing']],
    [{ whitelist: [`${USER}:`] }, []],
    [{ whitelist: [USER] }, []],
    [{ whitelist: [`${USER}:echo,help`, `${USER}:help,getrpcinfo`] }, ['help']],
    [{ whitelist: [`${USER}:echo`, USER] }, []],
    [{ whitelist: ['other:echo'] }, []],
    [{ whitelist: ['other:echo'], whitelistDefault: false }, everything],
    [{ whitelist: [`${USER}:echo`], whitelistDefault: false }, ['echo']],
  ])('%j allows %j', async (auth, names) => {
    expect(await allowed(auth)).toEqual(names);
  });

  it('refuses a batch with one forbidden member, and runs nothing of it', async () => {
    const at = serve({ whitelist: [`${USER}:echo`] });
    const { status, text } = await at.post('[{"method":"echo"},{"method":"help"}]');
    expect([status, text]).toEqual([403, '']);
    expect(at.rpc.stats().calls.find(({ method }) => method === 'echo')).toEqual({ method: 'echo', ok: 0, error: 0 });
    expect((await at.post('[{"method":"echo"},{"method":"echo"}]')).status).toBe(200);
  });

  it.each(['5', '[]', '{}', '{"method":5}'])('makes a batch with the member %s one error', async (member) => {
    const { status, text } = await serve({ whitelist: [`${USER}:echo`] }).post(`[{"method":"echo"},${member}]`);
    const error = '{"code":-32600,"message":"Invalid Request object"}';
    expect([status, text]).toEqual([400, `{"result":null,"error":${error},"id":null}\n`]);
  });

  it('that is missing where nothing is the default refuses everything but what is no JSON', async () => {
    const at = serve({ whitelistDefault: true });
    expect([(await at.post('[]')).status, (await at.post('5')).status, (await at.post('x')).status]).toEqual([
      403, 403, 500,
    ]);
  });
});

describe('options', () => {
  it.each<[object, string]>([
    [{ cookieReaders: 'world' }, 'cookieReaders'],
    [{ cookieFile: 'relative' }, 'cookieFile'],
    [{ whiteList: [] }, 'whiteList'],
  ])('%j are refused by name', (options, name) => {
    expect(() => new RpcAuth(options)).toThrow(name);
  });
});
