// Loads the addon, from this package and from nowhere else. Whatever stands in the way is a reason, never an exception.
//
// A bundler moves this module into a file of its own: what lies beside that is somebody else's, and is neither loaded nor
// looked at further. Who bundles names the binary with the option `addon` (docs/guides/bundling.md).

import { createRequire } from 'node:module';
import type * as addonLoader from '../../../native/load.cjs';
import type { Addon } from '../../../native/load.cjs';
import { nodeFs } from '../../util/load-later.ts';
import { VERSION } from '../../util/version.ts';

export type { Addon, Engine } from '../../../native/load.cjs';

export type AddonResult = ReturnType<typeof addonLoader.loadAddon>;

/** @param file - Absolute path of a binary to try before the package's own. */
export function loadAddon(file?: string): AddonResult {
  const runtime = foreignRuntime();
  if (runtime !== undefined) return { ok: false, reason: `${runtime} has no event loop for it` };
  if (file === undefined) return attempt(loadOwn);
  const named = attempt(() => loadFile(file));
  if (named.ok) return named;
  const own = attempt(loadOwn);
  return own.ok ? own : { ok: false, reason: `${named.reason}; ${own.reason}` };
}

function attempt(load: () => AddonResult): AddonResult {
  try {
    return load();
  } catch (error) {
    // A module that is missing is told with all who asked for it, a line each.
    return { ok: false, reason: (error as Error).message.split('\n', 1)[0]! };
  }
}

/** Other runtimes that load Node-API addons have no event loop to watch from, and abort when asked for it. */
function foreignRuntime(): string | undefined {
  const { bun, deno } = process.versions;
  return bun !== undefined ? 'Bun' : deno !== undefined ? 'Deno' : undefined;
}

/** The literal paths are read by tools that list what a program needs; scripts/build-ts.mjs shortens them for the bundles. */
function loadOwn(): AddonResult {
  if (!isInPackage()) return { ok: false, reason: 'a bundler moved the code out of its package' };
  const require = createRequire(import.meta.url);
  // Required when asked for: `import` of a CommonJS file has Node parse it before anybody needs it.
  return (require('../../../native/load.cjs') as typeof addonLoader).loadAddon();
}

/** Whether this module lies where the package has it, judged by what the package.json there says. */
function isInPackage(): boolean {
  try {
    const require = createRequire(import.meta.url);
    const manifest = JSON.parse(nodeFs().readFileSync(require.resolve('../../../package.json'), 'utf8')) as Manifest;
    return manifest.name === 'sockman' && manifest.version === VERSION;
  } catch {
    // No such file, or, in CommonJS made of a module, no `import.meta.url`.
    return false;
  }
}

type Manifest = Record<'name' | 'version', unknown>;

/** Not by `require`: webpack takes every made `require` for its own. */
function loadFile(file: string): AddonResult {
  const module = { exports: {} };
  process.dlopen(module, file);
  const addon = module.exports as Addon;
  return addon.isLoopAvailable ? { ok: true, addon } : { ok: false, reason: `${file}: no event loop to watch from` };
}
