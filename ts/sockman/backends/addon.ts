// Loads the addon, from this package only. A failure is returned as a reason, never thrown.
//
// A bundler moves this module into a file of its own; files beside that one belong to another project, and are neither
// loaded nor read. Bundled programs name the binary with the option `addon` (docs/guides/bundling.md).

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
    // The message about a missing module lists all modules that required it, a line each: the first line is enough.
    return { ok: false, reason: (error as Error).message.split('\n', 1)[0]! };
  }
}

/** Other runtimes that load Node-API addons lack the event loop functions, and abort when the addon asks for them. */
function foreignRuntime(): string | undefined {
  const { bun, deno } = process.versions;
  return bun !== undefined ? 'Bun' : deno !== undefined ? 'Deno' : undefined;
}

/** The literal paths are read by tools that list what a program needs; scripts/build-ts.mjs shortens them for the bundles. */
function loadOwn(): AddonResult {
  if (!isInPackage()) return { ok: false, reason: 'a bundler moved the code out of its package' };
  const require = createRequire(import.meta.url);
  // Required on demand: for an `import` of a CommonJS file, Node would parse it at once.
  return (require('../../../native/load.cjs') as typeof addonLoader).loadAddon();
}

/** Whether this module is where the package has it, according to the package.json there. */
function isInPackage(): boolean {
  try {
    const require = createRequire(import.meta.url);
    const manifest = JSON.parse(nodeFs().readFileSync(require.resolve('../../../package.json'), 'utf8')) as Manifest;
    return manifest.name === 'sockman' && manifest.version === VERSION;
  } catch {
    // No such file, or no `import.meta.url`, in CommonJS made from a module.
    return false;
  }
}

type Manifest = Record<'name' | 'version', unknown>;

/** Without `require`: webpack takes every made `require` for its own. */
function loadFile(file: string): AddonResult {
  const module = { exports: {} };
  process.dlopen(module, file);
  const addon = module.exports as Addon;
  return addon.isLoopAvailable ? { ok: true, addon } : { ok: false, reason: `${file}: no event loop to watch from` };
}
