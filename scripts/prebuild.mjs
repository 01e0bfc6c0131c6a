// Builds the binaries that go into the package: for this machine, and for 64-bit ARM where Debian's cross compiler
// (g++-aarch64-linux-gnu) is installed. Platforms beyond that are built by .github/workflows/release.yml on machines of
// their own. A package is not packed without the binary of the machine it is packed on: a failure ends with code 1.
//
// Usage: node scripts/prebuild.mjs [--arch ARCH]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { binaryFile } = createRequire(import.meta.url)('../native/load.cjs');
const ARM_PREFIX = 'aarch64-linux-gnu-';

const { values } = parseArgs({ options: { arch: { type: 'string', default: process.arch } } });

const canCross =
  process.platform === 'linux' && process.arch === 'x64' && spawnSync(`${ARM_PREFIX}g++`, ['--version']).status === 0;
if (canCross && values.arch === process.arch) {
  const [CC, CXX, STRIP] = ['gcc', 'g++', 'strip'].map((tool) => ARM_PREFIX + tool);
  prebuild('arm64', { CC, CXX, LINK: CXX, STRIP });
}
prebuild(values.arch, {});

/** The binary takes its place only when it is whole: an older one there stays if the build fails, but nothing is packed. */
function prebuild(arch, env) {
  const work = mkdtempSync(join(tmpdir(), 'sockman-prebuild-'));
  try {
    const target = join(root, 'prebuilds', `${process.platform}-${arch}`, basename(binaryFile()));
    const built = join(work, basename(target));
    const all = { ...process.env, ...env };
    const tools = join(root, 'node_modules');
    run(process.execPath, [join(root, 'native', 'build.mjs'), built, '--tools', tools, '--arch', arch], all);
    run(all.STRIP ?? 'strip', [process.platform === 'darwin' ? '-Sx' : '--strip-all', built], all);
    cpSync(built, target);
    console.log(target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function run(command, args, env) {
  const { status, error } = spawnSync(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status === 0) return;
  console.error(`prebuild: ${command} failed${error === undefined ? '' : `: ${error.message}`}`);
  process.exit(1);
}
