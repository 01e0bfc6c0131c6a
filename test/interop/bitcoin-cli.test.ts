// The real `bitcoin-cli` against a node of ours: every method, its summaries, its ways to say who asks.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { findProgram, freePort } from '../harness/labs/programs.ts';
import { NodeStage } from '../http/rpc/node-stage.ts';

/** The program that BITCOIN_CLI names, or that lies beside the bitcoind that BITCOIND names. */
function cliPath(): string | undefined {
  const { BITCOIN_CLI, BITCOIND } = process.env;
  const path = BITCOIN_CLI ?? (BITCOIND === undefined ? undefined : join(dirname(BITCOIND), 'bitcoin-cli'));
  if (path === undefined || path === '') {
    console.info('tests with bitcoin-cli are skipped: neither BITCOIN_CLI nor BITCOIND names one');
    return undefined;
  }
  if (findProgram(path) === undefined) throw new Error(`${path} is no program`);
  return path;
}

const CLI = cliPath();

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe.skipIf(CLI === undefined)('bitcoin-cli', () => {
  let folder: string;
  let cookie: string;
  let node: NodeStage;
  let other: NodeStage;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-cli-'));
    cookie = join(folder, '.cookie');
    const names = ['net', 'proxy', 'http'];
    const on = new Set<string>();
    const logCategories = {
      names,
      isOn: (name: string) => on.has(name),
      set: (name: string, isOn: boolean) => void (isOn ? on.add(name) : on.delete(name)),
    };
    node = await NodeStage.start({
      auth: { cookieFile: cookie },
      node: { logCategories, stop: () => {} },
    });
    other = await NodeStage.start();
    await node.meet(other);
  });
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  function run(args: readonly string[], input = ''): Promise<Outcome> {
    const child = spawn(CLI!, ['-regtest', `-datadir=${folder}`, ...args], { stdio: 'pipe' });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.stdin.end(input);
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  }

  /** Runs it against the node, with the cookie. */
  const cli = (...args: string[]): Promise<Outcome> =>
    run([`-rpcport=${node.rpc.port}`, `-rpccookiefile=${cookie}`, ...args]);

  /** What it prints; it must succeed. */
  async function printed(...args: string[]): Promise<string> {
    const { code, out, err } = await cli(...args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return out;
  }

  it.each([
    ['getconnectioncount'],
    ['ping'],
    ['getpeerinfo'],
    ['getnettotals'],
    ['getnetworkinfo'],
    ['addnode', '127.0.0.1:1', 'onetry', 'false'],
    ['addnode', '127.0.0.1:2', 'add'],
    ['getaddednodeinfo', '127.0.0.1:2'],
    ['addnode', '127.0.0.1:2', 'remove'],
    ['setban', '192.0.2.0/24', 'add', '100', 'false'],
    ['listbanned'],
    ['setban', '192.0.2.0/24', 'remove'],
    ['clearbanned'],
    ['setnetworkactive', 'true'],
    ['addpeeraddress', '1.2.3.4', '8333', 'true'],
    ['getnodeaddresses', '0', 'ipv4'],
    ['getaddrmaninfo'],
    ['getrawaddrman'],
    ['sendmsgtopeer', '0', 'addr', ''],
    ['setmocktime', '0'],
    ['mockscheduler', '1'],
    ['uptime'],
    ['help'],
    ['help', 'getpeerinfo'],
    ['getrpcinfo'],
    ['logging', '["net"]', '["http"]'],
    ['echo', '1', 'two'],
    ['echojson', '1', '{"two":[3]}'],
    ['getblockchaininfo'],
    ['getblockcount'],
    ['getbestblockhash'],
    ['getblockhash', '0'],
    ['getmempoolinfo'],
    ['stop', '10'],
  ])('calls %s %s', async (...args) => {
    await printed(...args);
  });

  it('sends texts as texts and other arguments as JSON', async () => {
    expect(JSON.parse(await printed('echojson', '1', '"a"', 'null', '{"b":[true]}'))).toEqual([
      1,
      'a',
      null,
      { b: [true] },
    ]);
    expect(JSON.parse(await printed('echo', '1', 'a'))).toEqual(['1', 'a']);
  });

  it('sends named arguments, alone and behind positions', async () => {
    expect(JSON.parse(await printed('-named', 'echo', 'arg1=b'))).toEqual([null, 'b']);
    expect(JSON.parse(await printed('-named', 'echo', 'a', 'b', 'arg3=d'))).toEqual(['a', 'b', null, 'd']);
    const { code, err } = await cli('-named', 'echo', 'a', 'arg0=b');
    expect([code, err]).toEqual([
      8,
      expect.stringContaining('Parameter arg0 specified twice both as positional and named argument'),
    ]);
  });

  it('tells of errors with their code and message', async () => {
    expect(await cli('getaddednodeinfo', 'nobody')).toEqual({
      code: 24,
      out: '',
      err: 'error code: -24\nerror message:\nError: Node has not been added.\n',
    });
    expect((await cli('nomethod')).err).toContain('error code: -32601');
    expect((await cli('help', 'a', 'b')).err).toContain('help ( "command" )');
  });

  it('has the same names and types of arguments', async () => {
    const pairs = JSON.parse(await printed('help', 'dump_all_command_conversions')) as [
      string,
      number,
      string,
      boolean,
    ][];
    const notText = pairs.filter(([, , , isText]) => !isText).map(([method, position]) => `${method} ${position}`);
    expect(notText.toSorted()).toEqual(
      [
        ...[
          'addconnection 2',
          'addnode 2',
          'addpeeraddress 1',
          'addpeeraddress 2',
          'disconnectnode 1',
          'getblockhash 0',
        ],
        ...[
          'getnodeaddresses 0',
          'logging 0',
          'logging 1',
          'mockscheduler 0',
          'sendmsgtopeer 0',
          'setban 2',
          'setban 3',
        ],
        ...['setmocktime 0', 'setnetworkactive 0', 'stop 0'],
        ...['getblockheader 1', 'waitforblock 1', 'waitforblockheight 0', 'waitforblockheight 1', 'waitfornewblock 0'],
      ].toSorted(),
    );
  });

  it('shows a summary with -getinfo', async () => {
    const text = await printed('-getinfo', '-color=never');
    expect(text).toContain('Chain: regtest\nBlocks: 0\nHeaders: 0\n');
    expect(text).toContain('Network: in 0, out 1, total 1\nVersion: 319900\n');
    expect(text).toContain('Min tx relay fee rate (BTC/kvB): 0.00000100');
  });

  it.each(['0', '1', '2', '3', '4'])('shows peers with -netinfo %s', async (level) => {
    const text = await printed('-netinfo', level);
    expect(text).toMatch(/^Bitcoin Core client v\S+ regtest - server 70017\/sockman:/);
    expect(text).toMatch(/out +0 +0 +1 /);
    expect(text.includes('<->')).toBe(level !== '0');
    if (level !== '0') expect((await printed('-netinfo', level, 'outonly')).includes('out')).toBe(true);
  });

  it('counts addresses with -addrinfo', async () => {
    await printed('addpeeraddress', '5.6.7.8', '8333');
    const { addresses_known } = JSON.parse(await printed('-addrinfo')) as { addresses_known: Record<string, number> };
    expect(addresses_known['ipv4']).toBeGreaterThan(0);
    expect(addresses_known['total']).toBe(addresses_known['ipv4']);
  });

  it('calls a method of a wallet that there is not', async () => {
    expect((await printed('-rpcwallet=some wallet/ü', 'getconnectioncount')).trim()).toBe('1');
    const { code, err } = await cli('-rpcwallet=x', 'getwalletinfo');
    expect([code, err]).toEqual([89, expect.stringContaining('Method not found')]);
  });

  it('is refused with a wrong cookie', async () => {
    const wrong = join(folder, 'wrong');
    writeFileSync(wrong, '__cookie__:00');
    const { code, err } = await run([`-rpcport=${node.rpc.port}`, `-rpccookiefile=${wrong}`, 'uptime']);
    expect(code).toBe(1);
    expect(err).toContain('Authorization failed');
  });

  it('takes the password from its input', async () => {
    await using guarded = await NodeStage.start();
    const args = [`-rpcport=${guarded.rpc.port}`, '-rpcuser=tester', '-stdinrpcpass', 'getconnectioncount'];
    expect(await run(args, 'pass:word\n')).toMatchObject({ code: 0, out: '0\n' });
    expect((await run(args, 'pass:wrong\n')).code).toBe(1);
  });

  it('waits for a node that starts', async () => {
    const port = await freePort();
    const waiting = run([`-rpcport=${port}`, '-rpcuser=tester', '-rpcpassword=pass:word', '-rpcwait', 'uptime']);
    await using late = await NodeStage.start({ http: { bind: [`127.0.0.1:${port}`] } });
    late.rpc.rpc.warmUp('Loading addresses…');
    const call = run([`-rpcport=${port}`, '-rpcuser=tester', '-rpcpassword=pass:word', 'uptime']);
    expect((await call).err).toContain('error code: -28\nerror message:\nLoading addresses…\n');
    late.rpc.rpc.finishWarmup();
    expect(await waiting).toMatchObject({ code: 0, err: '' });
  });

  it('gets the answer to stop', async () => {
    expect((await printed('stop', '300')).trim()).toBe('sockman stopping');
  });
});
