// Builds the addon of a checkout into build/Release: with node-gyp (binding.gyp), or with cmake-js (native/CMakeLists.txt)
// where node-gyp cannot run, for want of Python say. A machine that can do neither is told so, and gets the package
// without the addon: the `node-net` backend serves, and tests of the addon are skipped with that reason.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

const TOOLS = [
  { name: 'node-gyp', bin: 'bin/node-gyp.js', args: ['rebuild', '--silent', `--jobs=max`, ...nodeDir()] },
  { name: 'cmake-js', bin: 'bin/cmake-js', args: ['compile', '-d', 'native', '-O', 'build', '--CDSOCKMAN_TESTS=OFF'] },
];

/** Where this Node brings its headers along (installed from a tarball or a distribution), they need no download. */
function nodeDir() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'uv.h')) ? [`--nodedir=${prefix}`] : [];
}

function build({ name, bin, args }) {
  const script = join(dirname(require.resolve(`${name}/package.json`)), bin);
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  return status === 0;
}

if (!TOOLS.some(build)) {
  console.error('sockman: the addon was not built; SockMan will run on its node-net backend.');
  if (process.env.CI) process.exitCode = 1;
}
