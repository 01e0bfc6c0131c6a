// Other people's clients of our RPC, and our answers beside Bitcoin Core's: curl, Python's http.client, a bitcoind.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Bitcoind, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';
import { findProgram } from '../harness/labs/programs.ts';
import { eventually } from '../harness/labs/regtest-node.ts';
import { NodeStage } from '../http/rpc/node-stage.ts';
import { PASSWORD, USER } from '../http/rpc/stage.ts';

function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve) => child.once('close', () => resolve(out)));
}

const missing = ['curl', 'python3'].filter((name) => findProgram(name) === undefined);
if (missing.length > 0) console.info(`tests with clients of RPC are skipped: there is no ${missing.join(', no ')}`);

describe.skipIf(missing.length > 0)('the RPC of a node', () => {
  let node: NodeStage;
  beforeAll(async () => {
    node = await NodeStage.start();
  });
  afterAll(() => node[Symbol.asyncDispose]());

  it('answers curl as in the examples of its help', async () => {
    const help = await node.call<string>('help', 'getconnectioncount');
    const example = help.split('\n').find((line) => line.startsWith('> curl '))!;
    const shown = example.slice(2).replace('myusername', `${USER}:${PASSWORD}`).replace(':8332', `:${node.rpc.port}`);
    expect(await run('sh', ['-c', `${shown} -s`])).toBe('{"jsonrpc":"2.0","result":0,"id":"curltest"}\n');
  });

  it('answers curl with a long body without the wait for a 100', async () => {
    const body = JSON.stringify({ method: 'echo', params: ['x'.repeat(2_000_000)] });
    const url = `http://127.0.0.1:${node.rpc.port}/`;
    const child = spawn('curl', [
      '-s',
      '-u',
      `${USER}:${PASSWORD}`,
      '--data-binary',
      '@-',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code} %{time_total}',
      url,
    ]);
    child.stdin.end(body);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    const [status, seconds] = out.split(' ');
    expect(status).toBe('200');
    expect(Number(seconds)).toBeLessThan(1);
  });

  const noAb = findProgram('ab') === undefined ? ' (skipped: no ab here, Debian package apache2-utils)' : '';
  it.skipIf(noAb !== '')(`answers ab -k on connections that stay open, and each call${noAb}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sockman-ab-'));
    const body = join(folder, 'call.json');
    writeFileSync(body, '{"jsonrpc":"2.0","id":1,"method":"getconnectioncount","params":[]}');
    const load = ['-k', '-q', '-n', '5000', '-c', '50'];
    const call = ['-p', body, '-T', 'application/json', '-A', `${USER}:${PASSWORD}`];
    const out = await run('ab', [...load, ...call, `http://127.0.0.1:${node.rpc.port}/`]);
    rmSync(folder, { recursive: true });
    expect(out).toMatch(/Complete requests: +5000\nFailed requests: +0\nKeep-Alive requests: +5000\n/);
    expect(out).not.toContain('Non-2xx');
    const { calls } = node.rpc.rpc.stats();
    expect(calls.find(({ method }) => method === 'getconnectioncount')!.ok).toBeGreaterThanOrEqual(5_000);
  });

  it("answers Python's http.client on one connection, as Core's tests use it", async () => {
    const program = `
import base64, http.client, json, sys
connection = http.client.HTTPConnection('127.0.0.1', ${node.rpc.port})
headers = {'Authorization': 'Basic ' + base64.b64encode(b'${USER}:${PASSWORD}').decode(), 'Content-Type': 'application/json'}
def call(body):
    connection.request('POST', '/', body if isinstance(body, str) else json.dumps(body), headers)
    answer = connection.getresponse()
    return [answer.status, answer.getheader('Content-Type'), answer.read().decode()]
def request(method, **fields):
    return dict(jsonrpc='2.0', method=method, **fields)
print(json.dumps([
    call(request('getconnectioncount', id=1)),
    call(request('echo', params={'args': [1], 'arg2': 'ü'}, id=2)),
    call(request('ping')),
    call([request('getblockcount', id=3), request('nothing', id=4)]),
    call('junk'),
    connection.sock is not None,
]))
`;
    const answers = JSON.parse(await run('python3', ['-c', program])) as unknown[];
    const json = 'application/json';
    expect(answers).toEqual([
      [200, json, '{"jsonrpc":"2.0","result":0,"id":1}\n'],
      [200, json, '{"jsonrpc":"2.0","result":[1,null,"ü"],"id":2}\n'],
      [204, null, ''],
      [
        200,
        json,
        '[{"jsonrpc":"2.0","result":0,"id":3},{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":4}]\n',
      ],
      [500, json, '{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}\n'],
      true,
    ]);
  });
});

/** Keys of a value and of what is in it, in order; of lists those of the first member. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.entries(value).map(([key, member]) => [key, shapeOf(member)]);
}

const BY_MESSAGE = ['bytessent_per_msg', 'bytesrecv_per_msg'];

describe.skipIf(bitcoindPath() === undefined)('beside a bitcoind, connected with each other, a node of ours', () => {
  let node: NodeStage;
  let core: Bitcoind;
  beforeAll(async () => {
    core = await Bitcoind.start([DIALS_NOBODY]);
    node = await NodeStage.start({ node: { stop: () => {} } });
  }, 60_000);
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    await core.stop();
  });

  it('has the same keys in the same order in getpeerinfo, whoever dialed', async () => {
    await node.call('addnode', core.address, 'onetry');
    await core.rpc('addnode', node.address, 'onetry');
    const pinged = (peers: readonly object[]): boolean =>
      peers.length === 2 && peers.every((peer) => 'minping' in peer);
    await eventually(async () => pinged(await node.peers())).toBe(true);
    await eventually(async () => pinged(await core.peers())).toBe(true);
    const inbound = (is: boolean) => (peer: { inbound: boolean }) => peer.inbound === is;
    for (const isInbound of [true, false]) {
      const ours = (await node.peers()).find(inbound(isInbound))!;
      const theirs = (await core.peers()).find(inbound(isInbound))!;
      // What a ping in flight adds is not always there.
      const keys = (peer: object) => Object.keys(peer).filter((key) => key !== 'pingwait');
      expect(keys(ours)).toEqual(keys(theirs));
      const rest = (peer: object) =>
        shapeOf(
          Object.fromEntries(
            Object.entries(peer).filter(
              ([key]) => !['pingwait', ...BY_MESSAGE, 'permissions', 'inflight'].includes(key),
            ),
          ),
        );
      expect(rest(ours)).toEqual(rest(theirs));
    }
  });

  it.each(['getnetworkinfo', 'getnettotals', 'getaddrmaninfo', 'getrpcinfo'])(
    'has the same keys in the same order in %s',
    async (method) => {
      const without = ({ warnings: _, localaddresses: __, ...rest }: Record<string, unknown>) => rest;
      const keys = (answer: Record<string, unknown>) => Object.keys(answer);
      const [ours, theirs] = [
        await node.call<Record<string, unknown>>(method),
        await core.rpc<Record<string, unknown>>(method),
      ];
      expect(keys(ours)).toEqual(keys(theirs));
      expect(shapeOf(without(ours))).toEqual(shapeOf(without(theirs)));
    },
  );

  it('has no key in getmempoolinfo that is not there', async () => {
    const [ours, theirs] = [await node.call<object>('getmempoolinfo'), await core.rpc<object>('getmempoolinfo')];
    expect(Object.keys(theirs)).toEqual(expect.arrayContaining(Object.keys(ours)));
  });

  it('has the same genesis block in getblockchaininfo, and no other keys', async () => {
    const theirs = await core.rpc<Record<string, unknown>>('getblockchaininfo');
    const ours = await node.call<Record<string, unknown>>('getblockchaininfo');
    expect(Object.keys(ours)).toEqual(Object.keys(theirs));
    const { warnings: _, verificationprogress: __, size_on_disk: ___, ...known } = theirs;
    expect(ours).toMatchObject(known);
  });

  it.each([
    'addnode',
    'addconnection',
    'disconnectnode',
    'getaddednodeinfo',
    'setban',
    'getnodeaddresses',
    'addpeeraddress',
    'sendmsgtopeer',
    'setnetworkactive',
    'help',
    'stop',
    'uptime',
    'echo',
    'setmocktime',
    'mockscheduler',
    'getblockhash',
    'exportasmap',
  ])('has the same first line in the help of %s', async (method) => {
    const first = (text: string): string => text.split('\n')[0]!;
    expect(first(await node.call('help', method))).toBe(first(await core.rpc('help', method)));
  });

  it('has the same entries for its arguments', async () => {
    type Entry = [string, number, string, boolean];
    const theirs = await core.rpc<Entry[]>('help', 'dump_all_command_conversions');
    const ours = await node.call<Entry[]>('help', 'dump_all_command_conversions');
    const known = new Set(ours.map(([method]) => method));
    // A node that has no bytes of a block has no verbosity to choose.
    known.delete('getblock');
    const sorted = (entries: readonly Entry[]) =>
      entries
        .filter(([method]) => known.has(method))
        .map((entry) => entry.join(' '))
        .toSorted();
    expect(sorted(ours)).toEqual(sorted(theirs));
  });

  it.each([
    ['addnode', ['1.2.3.4', 'add', 'x']],
    ['addnode', [1, 2]],
    ['addnode', ['1.2.3.4', 'remove']],
    ['setban', ['1.2.3.4/99', 'add']],
    ['setban', ['1.2.3.4', 'remove']],
    ['setban', ['1.2.3.4', 'add', 1, true]],
    ['setban', ['1.2.3.4', 'add', 1.5]],
    ['disconnectnode', []],
    ['disconnectnode', ['x', 1]],
    ['disconnectnode', ['nobody']],
    ['getaddednodeinfo', ['nobody']],
    ['getnodeaddresses', [-1]],
    ['getnodeaddresses', [1, 'Foo']],
    ['getnodeaddresses', [2 ** 40]],
    ['addpeeraddress', ['x', 1]],
    ['addpeeraddress', ['1.2.3.4', 70_000]],
    ['sendmsgtopeer', [0, 'thirteenchars', '']],
    ['sendmsgtopeer', [0, 'x', 'z']],
    ['sendmsgtopeer', [99, 'x', '']],
    ['setmocktime', [-1]],
    ['mockscheduler', [0]],
    ['getblockhash', [-1]],
    ['setnetworkactive', [1]],
    ['help', [0]],
    ['nomethod', []],
    ['echo', { arg0: 1, nothing: 2 }],
    ['echo', { args: [1], arg0: 1 }],
  ])('refuses %s %j with the same code and message', async (method, params) => {
    const ours = await node.rpc.call(method, params);
    const theirs = await core.refusal(method, params);
    expect(ours.error).toEqual(theirs);
  });
});
