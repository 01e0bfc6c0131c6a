// Builds the binaries that go into the package: for this machine, and for 64-bit ARM where Debian's cross compiler
// (g++-aarch64-linux-gnu) is installed. Platforms beyond that are built by .github/workflows/release.yml on machines of
// their own.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const ARM_PREFIX = 'aarch64-linux-gnu-';

function prebuild(args, env) {
  const bin = join(root, 'node_modules', '.bin', 'prebuildify');
  const { status } = spawnSync(bin, ['--quiet', '--napi', '--strip', '--tag-libc', '--name', 'sockman', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
}

const canCross =
  process.platform === 'linux' && process.arch === 'x64' && spawnSync(`${ARM_PREFIX}g++`, ['--version']).status === 0;
if (canCross) {
  const [cc, cxx, strip] = ['gcc', 'g++', 'strip'].map((tool) => ARM_PREFIX + tool);
  prebuild(['--arch', 'arm64'], { CC: cc, CXX: cxx, LINK: cxx, PREBUILD_STRIP_BIN: strip, STRIP: strip });
}
prebuild([], {});
