// Runs every bench that stands alone, each for about a second, so that none rots. (bench/run.mjs --smoke does the same for
// those that compare servers.)

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCHES = ['p2p-v1', 'p2p-v2', 'p2p-crowd', 'addrman', 'network-life', 'dial-socks5', 'stratum'];

for (const name of BENCHES) {
  const script = fileURLToPath(new URL(`../bench/cases/programs/${name}.mjs`, import.meta.url));
  console.log(`\n${name}`);
  const { status } = spawnSync(process.execPath, ['--expose-gc', script, '--smoke'], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
