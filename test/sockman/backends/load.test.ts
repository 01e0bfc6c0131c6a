// Where the loader looks for the addon, and what it leaves alone meanwhile.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as loader from '../../../native/load.cjs';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const require = createRequire(import.meta.url);
const { loadAddon } = require(join(ROOT, 'native', 'load.cjs')) as typeof loader;
const addon = loadAddon();
const binary = Object.keys(require.cache).find((name) => name.endsWith('.node'));

const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
const libc = process.platform !== 'linux' ? '' : report.header.glibcVersionRuntime === undefined ? '.musl' : '.glibc';
const otherLibc = libc === '.musl' ? '.glibc' : '.musl';

describe.skipIf(!addon.ok)(`the loader ${addon.ok ? '' : `(skipped: ${addon.reason})`}`, () => {
  let folder: string;
  let prebuilds: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-'));
    prebuilds = join(folder, 'prebuilds', `${process.platform}-${process.arch}`);
    mkdirSync(prebuilds, { recursive: true });
    mkdirSync(join(folder, 'native'));
    copyFileSync(join(ROOT, 'native', 'load.cjs'), join(folder, 'native', 'load.cjs'));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  const load = (): ReturnType<typeof loader.loadAddon> =>
    (require(join(folder, 'native', 'load.cjs')) as typeof loader).loadAddon();

  it.each(['with', 'without'])('takes the prebuilt binary %s the libc of this process in its name', (how) => {
    copyFileSync(binary!, join(prebuilds, how === 'with' ? `sockman${libc}.node` : 'sockman.node'));
    if (libc !== '') writeFileSync(join(prebuilds, `sockman${otherLibc}.node`), 'for others');
    expect(load()).toMatchObject({ ok: true });
  });

  it('says of each place what was wrong there', () => {
    writeFileSync(join(prebuilds, `sockman${libc}.node`), 'damaged');
    const { reason } = load() as { reason: string };
    expect(reason.split('; ')).toHaveLength(3);
    expect(reason).toContain(`${join(folder, 'build', 'Release', 'sockman.node')}: no such file`);
    expect(reason).toContain(join(prebuilds, `sockman${libc}.node`));
  });

  it('makes no report of the process: that asks DNS about the peers of its sockets', () => {
    const getReport = vi.spyOn(process.report, 'getReport');
    copyFileSync(binary!, join(prebuilds, `sockman${libc}.node`));
    expect(load()).toMatchObject({ ok: true });
    expect(getReport).not.toHaveBeenCalled();
  });
});
