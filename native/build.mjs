// Builds the addon on a platform for which the package brings no binary (such as FreeBSD):
//
//     node node_modules/sockman/native/build.mjs [FILE]
//
// It has the requirements of node-gyp: a compiler for C++20, make and Python. node-gyp and the headers it compiles against
// come from the registry, into a temporary folder that is deleted afterwards. The addon goes where `load.cjs` looks for it,
// or to FILE: then name FILE with the option `addon`. `npm ci` deletes it with the package, so run this again after that.
//
// scripts/prebuild.mjs builds what ships with it: `--tools FOLDER` names a node_modules that has the tools, `--arch` a
// foreign architecture.

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The build tools, in the versions that this release is built with (test/native-sources.test.ts compares package.json). */
const TOOLS = ['node-gyp@^12.4.0', 'node-addon-api@^8.9.2'];

const BINDING = "{ 'targets': [{ 'target_name': 'sockman', 'includes': ['native/sockman.gypi'] }] }\n";

const native = dirname(fileURLToPath(import.meta.url));
const { binaryFile } = createRequire(import.meta.url)('./load.cjs');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tools: { type: 'string' }, arch: { type: 'string', default: process.arch } },
});
const output = resolve(positionals[0] ?? binaryFile());
const work = mkdtempSync(join(tmpdir(), 'sockman-build-'));
try {
  build();
  mkdirSync(dirname(output), { recursive: true });
  copyFileSync(join(work, 'build', 'Release', 'sockman.node'), output);
  console.log(`built ${output}`);
} catch (error) {
  console.error(`sockman: the addon was not built: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

function build() {
  writeFileSync(join(work, 'package.json'), '{ "private": true }\n');
  writeFileSync(join(work, 'binding.gyp'), BINDING);
  cpSync(native, join(work, 'native'), { recursive: true });
  const modules = join(work, 'node_modules');
  if (values.tools === undefined) run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...TOOLS]);
  else symlinkSync(resolve(values.tools), modules, 'junction');
  const nodeGyp = join(modules, 'node-gyp', 'bin', 'node-gyp.js');
  run(process.execPath, [nodeGyp, 'rebuild', '--silent', '--jobs=max', `--arch=${values.arch}`, ...nodeDir()]);
}

/** The folder of Node's installation, if it has headers (from a tarball or a distribution): then no download is needed. */
function nodeDir() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'uv.h')) ? [`--nodedir=${prefix}`] : [];
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw error ?? new Error(`${command} ended with ${status}`);
}
