// Finds and loads the addon. Plain CommonJS, because `__dirname` must mean the same for the sources, the ES modules and the
// CommonJS build. `loadAddon` loads it, never the import, and a failure is a result.

'use strict';

const { readFileSync } = require('node:fs');
const { join } = require('node:path');

/** Tools that list the files of a program include this folder as a whole, since the path is made of literals. */
const prebuilds = join(__dirname, '..', 'prebuilds');

/** The binary of this platform, if there is one. */
exports.binaryFile = function binaryFile() {
  const libc = process.platform === 'linux' ? (isMusl() ? '.musl' : '.glibc') : '';
  return join(prebuilds, `${process.platform}-${process.arch}`, `sockman${libc}.node`);
};

/** Possible binaries: a build of this checkout first, then the prebuilt ones of the package. */
function* candidates() {
  yield join(__dirname, '..', 'build', 'Release', 'sockman.node');
  yield exports.binaryFile();
  // A binary that runs with any libc.
  if (process.platform === 'linux') yield join(prebuilds, `${process.platform}-${process.arch}`, 'sockman.node');
}

/**
 * Whether this process runs on musl, by what is mapped into it: binaries for glibc may load there and then crash.
 * `process.report` is not used, since it looks up the names of all sockets' peers in DNS, and waits for them.
 */
function isMusl() {
  if (process.platform !== 'linux') return false;
  try {
    return readFileSync('/proc/self/maps', 'utf8').includes('/ld-musl-');
  } catch {
    return false;
  }
}

/** @returns {{ ok: true, addon: object } | { ok: false, reason: string }} */
exports.loadAddon = function loadAddon() {
  const reasons = [];
  for (const file of candidates()) {
    try {
      const addon = require(file);
      if (addon.isLoopAvailable) return { ok: true, addon };
      reasons.push(`${file}: no event loop to watch from`);
    } catch (error) {
      reasons.push(
        error.code === 'MODULE_NOT_FOUND' ? `${file}: no such file` : String(error.message).split('\n', 1)[0],
      );
    }
  }
  return { ok: false, reason: reasons.join('; ') };
};
