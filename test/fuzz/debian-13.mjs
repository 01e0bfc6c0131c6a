// Unpacks Debian 13's loader, C and C++ libraries into .campaign/fuzz/debian-13, for the addon of Jazzer.js on systems with an older
// glibc. Nothing is installed: `npm run fuzz` starts Node under that loader. Needs curl, xz and dpkg-deb.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const MIRROR = 'http://deb.debian.org/debian';
const PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'];
const MAX_OUTPUT_BYTES = 2 ** 28;

const folder = resolve(import.meta.dirname, '../../.campaign/fuzz/debian-13');
const download = (path) =>
  execFileSync('curl', ['-sSf', `${MIRROR}/${path.replaceAll('+', '%2B')}`], { maxBuffer: MAX_OUTPUT_BYTES });

const index = execFileSync('xz', ['-d'], {
  input: download('dists/trixie/main/binary-amd64/Packages.xz'),
  maxBuffer: MAX_OUTPUT_BYTES,
}).toString();
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const name of PACKAGES) {
  const entry = index.split('\n\n').find((text) => text.startsWith(`Package: ${name}\n`));
  const field = (key) => new RegExp(`^${key}: (.*)$`, 'm').exec(entry)[1];
  const archive = download(field('Filename'));
  if (createHash('sha256').update(archive).digest('hex') !== field('SHA256')) throw new Error(`${name} is damaged`);
  const file = join(folder, `${name}.deb`);
  writeFileSync(file, archive);
  execFileSync('dpkg-deb', ['-x', file, folder]);
  rmSync(file);
  console.log(`${name} ${field('Version')}`);
}
