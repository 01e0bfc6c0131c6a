// The addon loaded twice in one process, from two files: both work, and neither takes the other's engine for its own.

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const loaded = require('../../../native/load.cjs').loadAddon();
assert.ok(loaded.ok, loaded.reason);
const file = Object.keys(require.cache).find((name) => name.endsWith('.node'));
const folder = mkdtempSync(join(tmpdir(), 'sockman-'));
const copy = join(folder, 'copy.node');
copyFileSync(file, copy);
const other = require(copy);
assert.notEqual(other.Engine, loaded.addon.Engine);

const engines = [loaded.addon, other, loaded.addon].map((addon) => {
  const settings = Int32Array.of(65_536, 64, 1, 0, 0, 0);
  const exchange = new Int32Array(37);
  const engine = new addon.Engine(new Int32Array(2048), new Uint8Array(3 * 65_536), exchange, settings, '');
  // IPv4 (4), port 0, no scope, 127.0.0.1: see native/core/address.h.
  const handle = engine.listen(Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1), 16, false, false);
  assert.notEqual(handle, -1, `errno ${exchange[1]}`);
  assert.equal(
    engine.start(() => {}),
    0,
  );
  return engine;
});
for (const engine of engines) engine.destroy();
rmSync(folder, { recursive: true });
