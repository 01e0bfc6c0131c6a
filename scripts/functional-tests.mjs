// Bitcoin Core's own functional tests drive `sockman node`: its test framework starts a program, gives it a folder with a
// bitcoin.conf, and speaks JSON-RPC and the P2P protocol with it.
//
//   CORE_SRC=/path/to/bitcoin node scripts/functional-tests.mjs [--verbose] [--keep] [--list] [name…]
//
// It ends with 1 if a test fails in something that this node has. test/interop/functional-tests.test.ts runs it where CORE_SRC is set.
//
// CORE_SRC is a checkout of Bitcoin Core; nothing in it is changed, and nothing of it is kept here. Tests of `bitcoin-cli` need
// that program: BITCOINCLI, or build/bin/bitcoin-cli of the checkout. Python 3.10 or newer runs the tests.
//
// A test that was written for the framework's chain of 200 blocks is tried on an empty one as well: this node has no chain, and
// many of them only stand on it. A test that mines is then run statement by statement, to show what holds before and behind its
// blocks. Both are subclasses of the test, made by functional-tests.py; the test itself is as it is.

import { execFileSync, spawn } from 'node:child_process';
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

/** Most characters of a reason in the table, and of a statement below it. */
const MAX_REASON_CHARS = 160;
const MAX_STATEMENT_CHARS = 110;

/**
 * What a statement of a test names that has to do with blocks, a mempool or a wallet: this node has none of them. Also peers
 * that are counted although statements of that kind were to make them.
 */
const OF_CHAIN = new RegExp(
  [
    'generate|BLOCKS|blockcount|bestblock|create_block|send_blocks|test_blocks|sync_all|sync_blocks|submitblock|tip_height',
    'last_block|blockchaininfo|nStartingHeight|NODE_NETWORK_LIMITED|Local services|services nwl',
    '[Ww]allet|ver\\.relay|minfeefilter|evicted_peers|high-hash',
  ].join('|'),
);

/** What a statement asks for that is answered otherwise on purpose. */
const OTHERWISE = /403 Forbidden/;

const args = process.argv.slice(2);
const isVerbose = args.includes('--verbose');
const keeps = args.includes('--keep');
const named = args.filter((arg) => !arg.startsWith('--'));
if (args.includes('--list')) {
  console.log(TESTS.join('\n'));
  process.exit(0);
}
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
const launcher = join(import.meta.dirname, 'functional-tests.py');
const cli = process.env['BITCOINCLI'] ?? join(source, 'build', 'bin', 'bitcoin-cli');
writeFileSync(node, `#!/bin/sh\nexec '${process.execPath}' '${main}' node --ignore-chain-options "$@"\n`);
chmodSync(node, 0o755);
writeFileSync(configFile, configOf(isExecutable(cli)));

let isInterrupted = false;
process.on('SIGINT', () => {
  isInterrupted = true;
});

const rows = [];
for (const name of named.length > 0 ? named : TESTS) {
  if (isInterrupted) break;
  rows.push(await run(name.replace(/\.py$/, '')));
  console.log([lineOf(rows.at(-1)), ...rows.at(-1).notes].join('\n'));
}
if (!keeps) rmSync(folder, { recursive: true, force: true });
else console.log(`(kept: ${folder})`);

const results = [...new Set(rows.map(({ result }) => result))];
const counts = results.map((result) => `${rows.filter((row) => row.result === result).length} ${result}`);
console.log(`\n${rows.length} tests: ${counts.join(', ')}`);
process.exitCode = rows.every(({ result }) => result !== 'failed') ? 0 : 1;

/** Runs one test as it stands; if it does not pass, on an empty chain, and then statement by statement. */
async function run(name) {
  const file = join(functional, `${name}.py`);
  if (!existsSync(file)) return { name, result: 'failed', seconds: 0, reason: `${file} is not there`, notes: [] };
  const asIs = await runOnce(name, [file]);
  if (asIs.result !== 'failed') return { name, ...asIs, notes: [] };
  // Only the set-up of the framework's chain is left out that way: what failed on an empty one would fail again.
  const clean = asIs.needsChain ? await runOnce(`${name}-empty`, [launcher, 'whole', name]) : asIs;
  const seconds = asIs.seconds + (clean === asIs ? 0 : clean.seconds);
  if (clean.result === 'passed') return { name, ...clean, result: 'passed on an empty chain', seconds, notes: [] };
  const stepped = await runOnce(`${name}-steps`, [launcher, 'steps', name]);
  return { name, ...clean, ...judged(stepped.output), seconds: seconds + stepped.seconds };
}

/** What the statements of a test came to. */
function judged(output) {
  const line = output.split('\n').findLast((each) => each.startsWith('STEPS '));
  if (line === undefined) return { notes: ['  (its statements could not be run one by one)'] };
  const steps = JSON.parse(line.slice('STEPS '.length));
  const failed = steps.filter(({ failure }) => failure !== null);
  const others = failed.filter((step) => !isOfChain(step, failed) && !OTHERWISE.test(step.text));
  const notes = failed.map((step) => noteOf(step));
  const count = `${steps.length - failed.length} of ${steps.length} statements`;
  if (others.length > 0) return { reason: `${count} pass`, notes };
  const isOtherwise = failed.some(({ text }) => OTHERWISE.test(text));
  if (isOtherwise) return { result: 'passed but for a choice', reason: `${count} pass`, notes };
  return { result: 'passed but for a chain', reason: `${count} pass`, notes };
}

/** Whether a statement needs a chain, or stands in a part of the test behind one that does. */
function isOfChain({ method, text, line }, failed) {
  if (OF_CHAIN.test(text)) return true;
  const isPart = method !== 'run_test';
  return isPart && failed.some((step) => step.method === method && step.line < line && OF_CHAIN.test(step.text));
}

function noteOf({ line, text, failure }) {
  const first = text.split('\n')[0];
  const shown = first.length > MAX_STATEMENT_CHARS ? `${first.slice(0, MAX_STATEMENT_CHARS)}…` : first;
  return `    line ${line}: ${shown}\n      ${failure}`;
}

async function runOnce(name, command) {
  const tmp = join(folder, name);
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
  return { result, seconds, needsChain, output, reason: result === 'passed' ? '' : reasonOf(output, name, code) };
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
  const where = lines.findLast((line) => line.includes(`${name.replace(/-.*/, '')}.py", line `));
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

/** How a `bitcoin-cli` calls itself: tests look for it in its output. */
function nameOf(program) {
  const version = execFileSync(program, ['-version'], { encoding: 'utf8' });
  return version.slice(0, version.indexOf(' RPC client version'));
}

/** What the build of Bitcoin Core would have written: which parts there are. */
function configOf(hasCli) {
  return [
    '[environment]',
    `CLIENT_NAME=${hasCli ? nameOf(cli) : 'sockman'}`,
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
