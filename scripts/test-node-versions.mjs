// Runs the package and the conformance suite of the native backend on every Node that is supported, but for the one that runs
// this. The binaries are those of npm's `node` package, in a temporary folder; a version that cannot be fetched is skipped
// with the reason.
//
// Usage, after `npm run prebuilds`: node scripts/test-node-versions.mjs [MAJOR…]

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const MAJORS = ['20', '22', '24', '26'];
/** Longest that one version may take, in milliseconds: several times what it does. */
const TIMEOUT_MS = 240_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'sockman-nodes-'));

/** Prints the backend, or why it is not the native one. */
const SMOKE = {
  'smoke.mjs': "import { createSockMan } from 'sockman';",
  'smoke.cjs': "const { createSockMan } = require('sockman');",
};
const REPORT = `
const sockMan = createSockMan({ eventGotData() {} });
const { bound, errmsg } = sockMan.bindAndStartListening('127.0.0.1:0');
console.log(bound === undefined ? errmsg : (sockMan.backendFallbackReason ?? sockMan.backendName));
sockMan.interruptNet();
sockMan.closeSockets();
`;

/** The packed package as an installed one. */
function unpack() {
  const packing = ['pack', '--json', '--ignore-scripts', '--pack-destination', work];
  const [{ filename }] = JSON.parse(execFileSync('npm', packing, { cwd: root, encoding: 'utf8' }));
  mkdirSync(join(work, 'node_modules', 'sockman'), { recursive: true });
  execFileSync('tar', ['xzf', filename, '-C', 'node_modules/sockman', '--strip-components=1'], { cwd: work });
  for (const [file, importing] of Object.entries(SMOKE)) writeFileSync(join(work, file), importing + REPORT);
}

/** @returns The path of a Node of this major version, or undefined: then the reason was printed. */
function fetchNode(major) {
  const folder = join(work, `node-${major}`);
  mkdirSync(folder);
  const args = ['install', '--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, stderr } = spawnSync('npm', [...args, `node@${major}`], { encoding: 'utf8', timeout: TIMEOUT_MS });
  const node = join(folder, 'node_modules', 'node', 'bin', 'node');
  const { stdout = '' } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (status === 0 && stdout?.startsWith(`v${major}.`)) return node;
  console.log(`node ${major}: skipped, it cannot be fetched: ${stderr.trim().split('\n', 1)[0] || 'no binary'}`);
  return undefined;
}

/** @returns Whether everything held. */
function test(major, node) {
  const started = Date.now();
  for (const file of Object.keys(SMOKE)) {
    const { stdout, stderr } = spawnSync(node, [file], { cwd: work, encoding: 'utf8', timeout: TIMEOUT_MS });
    if (/^native\//.test(stdout)) continue;
    console.error(`node ${major}: ${file} printed ${stdout}${stderr}`);
    return false;
  }
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const suite = spawnSync(
    node,
    [vitest, 'run', '--reporter=dot', '--project=suite', 'test/conformance', '-t', 'native/'],
    {
      cwd: root,
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    },
  );
  const passed = Number(/Tests .*?(\d+) passed/.exec(stripVTControlCharacters(suite.stdout))?.[1] ?? 0);
  const isFine = suite.status === 0 && passed > 0;
  if (!isFine) console.error(`${suite.stdout}\n${suite.stderr}`);
  const outcome = isFine ? 'fine' : suite.status === null ? 'took too long' : 'failed';
  console.log(`node ${major}: ${outcome}, ${passed} tests, ${Math.round((Date.now() - started) / 1_000)} s`);
  return isFine;
}

try {
  const running = process.versions.node.split('.', 1)[0];
  const asked = process.argv.slice(2);
  unpack();
  for (const major of asked.length > 0 ? asked : MAJORS.filter((each) => each !== running)) {
    const node = fetchNode(major);
    if (node !== undefined && !test(major, node)) process.exitCode = 1;
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
