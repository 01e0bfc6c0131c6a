// Bitcoin Core's own functional tests drive `sockman node`: its test framework starts a program, gives it a folder with a
// bitcoin.conf, and speaks JSON-RPC and the P2P protocol with it.
//
//   CORE_SRC=/path/to/bitcoin node scripts/functional-tests.mjs [--verbose] [--keep] [name…]
//
// CORE_SRC is a checkout of Bitcoin Core; nothing in it is changed, and nothing of it is kept here. Tests of `bitcoin-cli` need
// that program: BITCOINCLI, or build/bin/bitcoin-cli of the checkout. Python 3.10 or newer runs the tests.
//
// A test that was written for the framework's chain of 200 blocks is tried on an empty one as well: this node has no chain, and
// many of them only stand on it. That is a subclass of the test with `setup_clean_chain`, the test itself is as it is.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chmodSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The tests of what a node without a chain has. */
const TESTS = [
  'p2p_add_connections',
  'p2p_addr_relay',
  'p2p_addrfetch',
  'p2p_addrv2_relay',
  'p2p_disconnect_ban',
  'p2p_eviction',
  'p2p_getaddr_caching',
  'p2p_handshake',
  'p2p_leak',
  'p2p_ping',
  'p2p_timeouts',
  'p2p_v2_encrypted',
  'p2p_v2_transport',
  'rpc_net',
  'rpc_setban',
  'rpc_bind',
  'rpc_users',
  'rpc_whitelist',
  'rpc_named_arguments',
  'interface_http',
  'interface_rpc',
  'interface_bitcoin_cli',
];

/** Longest run of one test, in milliseconds. */
const TEST_TIMEOUT_MS = 300_000;

/** Exit codes of the framework. */
const PASSED = 0;
const SKIPPED = 77;

/** Most characters of a reason in the table. */
const MAX_REASON_CHARS = 160;

/** Runs a test on an empty chain: the name of its module, then its own arguments. */
const CLEAN_CHAIN = `
import importlib, sys
from test_framework.test_framework import BitcoinTestFramework
name = sys.argv.pop(1)
module = importlib.import_module(name)
Test = next(each for each in vars(module).values()
            if isinstance(each, type) and issubclass(each, BitcoinTestFramework) and each.__module__ == name)
class OnEmptyChain(Test):
    def set_test_params(self):
        Test.set_test_params(self)
        self.setup_clean_chain = True
    def run_test(self):
        Test.run_test(self)
OnEmptyChain(module.__file__).main()
`;

const args = process.argv.slice(2);
const isVerbose = args.includes('--verbose');
const keeps = args.includes('--keep');
const named = args.filter((arg) => !arg.startsWith('--'));
const { CORE_SRC } = process.env;
if (CORE_SRC === undefined || CORE_SRC === '') {
  console.error('CORE_SRC names no checkout of Bitcoin Core');
  process.exit(2);
}
const source = resolve(CORE_SRC);
const functional = join(source, 'test', 'functional');
const main = join(import.meta.dirname, '..', 'esm', 'cli', 'main.js');
for (const path of [functional, main]) {
  if (existsSync(path)) continue;
  console.error(`${path} is not there${path === main ? ': npm run build:ts makes it' : ''}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'sockman-functional-'));
const configFile = join(folder, 'config.ini');
const node = join(folder, 'bitcoind');
const launcher = join(folder, 'on_empty_chain.py');
const cli = process.env['BITCOINCLI'] ?? join(source, 'build', 'bin', 'bitcoin-cli');
writeFileSync(node, `#!/bin/sh\nexec '${process.execPath}' '${main}' node --ignore-chain-options "$@"\n`);
chmodSync(node, 0o755);
writeFileSync(launcher, CLEAN_CHAIN);
writeFileSync(configFile, configOf(isExecutable(cli)));

let isInterrupted = false;
process.on('SIGINT', () => {
  isInterrupted = true;
});

const rows = [];
for (const name of named.length > 0 ? named : TESTS) {
  if (isInterrupted) break;
  rows.push(await run(name.replace(/\.py$/, '')));
  console.log(lineOf(rows.at(-1)));
}
if (!keeps) rmSync(folder, { recursive: true, force: true });
else console.log(`(kept: ${folder})`);

const results = [...new Set(rows.map(({ result }) => result))];
const counts = results.map((result) => `${rows.filter((row) => row.result === result).length} ${result}`);
console.log(`\n${rows.length} tests: ${counts.join(', ')}`);
process.exitCode = rows.every(({ result }) => result !== 'failed') ? 0 : 1;

/** Runs one test as it stands and, if it does not pass, on an empty chain. */
async function run(name) {
  const file = join(functional, `${name}.py`);
  if (!existsSync(file)) return { name, result: 'failed', seconds: 0, reason: `${file} is not there` };
  const asIs = await runOnce(name, [file]);
  if (asIs.result !== 'failed') return { name, ...asIs };
  // Only the set-up of the framework's chain is left out that way: what failed on an empty one would fail again.
  if (!asIs.needsChain) return { name, ...asIs };
  const clean = await runOnce(name, [launcher, name]);
  const seconds = asIs.seconds + clean.seconds;
  const result = clean.result === 'passed' ? 'passed on an empty chain' : clean.result;
  return { name, ...clean, result, seconds };
}

async function runOnce(name, command) {
  const tmp = join(folder, command[0] === launcher ? `${name}-empty` : name);
  const options = [`--configfile=${configFile}`, `--cachedir=${join(folder, 'cache')}`, `--tmpdir=${tmp}`];
  const startedAt = performance.now();
  const child = spawn('python3', ['-B', ...command, ...options], {
    cwd: folder,
    env: { ...process.env, BITCOIND: node, BITCOINCLI: cli, PYTHONPATH: functional, PYTHONUNBUFFERED: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      if (isVerbose) process.stdout.write(text);
    });
  }
  const timer = setTimeout(() => end(child.pid), TEST_TIMEOUT_MS);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  // Nodes that a failed test left behind are in the same process group.
  end(child.pid);
  const seconds = (performance.now() - startedAt) / 1_000;
  const result = code === PASSED ? 'passed' : code === SKIPPED ? 'skipped' : 'failed';
  const needsChain = /in _initialize_chain\b|in setup_nodes\b/.test(output);
  return { result, seconds, needsChain, reason: result === 'passed' ? '' : reasonOf(output, name, code) };
}

function end(groupId) {
  try {
    process.kill(-groupId, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

/** The line of the test that failed, and what Python said. */
function reasonOf(output, name, code) {
  const lines = output.split('\n');
  const skipped = lines.find((line) => line.includes('Test Skipped: '));
  if (skipped !== undefined) return skipped.slice(skipped.indexOf('Test Skipped: '));
  const where = lines.findLast((line) => line.includes(`${name}.py", line `));
  const line = /line (\d+)/.exec(where ?? '')?.[1];
  const what = lines.findLast((each) => /^[\w.]*(Error|Exception|Failed|Exit|Timeout)\w*\b/.test(each));
  const text = `${line === undefined ? '' : `line ${line}: `}${what ?? (code === null ? 'took too long' : `exit code ${code}`)}`;
  return text.length > MAX_REASON_CHARS ? `${text.slice(0, MAX_REASON_CHARS)}…` : text;
}

function lineOf({ name, result, seconds, reason }) {
  return `${name.padEnd(24)} ${result.padEnd(24)} ${seconds.toFixed(0).padStart(4)} s  ${reason}`.trimEnd();
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What the build of Bitcoin Core would have written: which parts there are. */
function configOf(hasCli) {
  return [
    '[environment]',
    'CLIENT_NAME=sockman',
    'CLIENT_BUGREPORT=docs/guides/run-a-node.md',
    `SRCDIR=${source}`,
    `BUILDDIR=${folder}`,
    'EXEEXT=',
    `RPCAUTH=${join(source, 'share', 'rpcauth', 'rpcauth.py')}`,
    '[components]',
    'ENABLE_BITCOIND=true',
    ...(hasCli ? ['ENABLE_CLI=true'] : []),
    '',
  ].join('\n');
}
