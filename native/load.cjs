// Finds and loads the addon. Plain CommonJS, because only here `__dirname` means the same for the sources, the ES
// modules and the CommonJS build. Loading happens in `loadAddon`, never at import, and a failure is a result.

'use strict';

const { readFileSync } = require('node:fs');
const { join } = require('node:path');

/** Tools that list the files of a program take this folder as a whole, since the path is made of literals. */
const prebuilds = join(__dirname, '..', 'prebuilds');

/** Where the binary of this platform is, if there is one. */
exports.binaryFile = function binaryFile() {
  const libc = process.platform === 'linux' ? (isMusl() ? '.musl' : '.glibc') : '';
  return join(prebuilds, `${process.platform}-${process.arch}`, `sockman${libc}.node`);
};

/** Where a binary may be: a build of this checkout first, then the prebuilt ones of the package. */
function* candidates() {
  yield join(__dirname, '..', 'build', 'Release', 'sockman.node');
  yield exports.binaryFile();
  // One that runs on any libc.
  if (process.platform === 'linux') yield join(prebuilds, `${process.platform}-${process.arch}`, 'sockman.node');
}

/**
 * Whether this process runs on musl, by what is mapped into it: binaries for glibc may load there and then crash.
 * Not by `process.report`: that names the peers of all sockets, for which it asks DNS about each, and waits.
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
