// Where the command keeps compiled code, and that a real Node that can keeps it there.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import nodeModule from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keepCompiledCode } from '../../ts/cli/compile-cache.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CACHE_VARIABLE = process.platform === 'win32' ? 'LOCALAPPDATA' : 'XDG_CACHE_HOME';

/** The folders that Node was asked for. */
function foldersFor(environment: NodeJS.ProcessEnv): unknown[] {
  const folders: unknown[] = [];
  keepCompiledCode((folder) => folders.push(folder), environment);
  return folders;
}

describe('Compiled code of the command', () => {
  it("is kept in the user's cache folder", () => {
    const cache = join(tmpdir(), 'cache-of-a-user');
    expect(foldersFor({ [CACHE_VARIABLE]: cache })).toEqual([join(cache, 'sockman')]);
  });

  it('is kept below the home folder when no cache folder is named, or one by a relative path', () => {
    const below = join(homedir(), '.cache', 'sockman');
    expect(foldersFor({})).toEqual([below]);
    expect(foldersFor({ [CACHE_VARIABLE]: 'cache' })).toEqual([below]);
  });

  it('is left to Node where NODE_COMPILE_CACHE says something', () => {
    for (const NODE_COMPILE_CACHE of ['/elsewhere', '']) expect(foldersFor({ NODE_COMPILE_CACHE })).toEqual([]);
  });

  it('is not kept by a Node that cannot', () => {
    keepCompiledCode(undefined, {});
  });

  const why = 'enableCompileCache' in nodeModule ? undefined : `Node ${process.versions.node} keeps none`;
  it.skipIf(why !== undefined)(
    `lies in the folder after a command has run${why === undefined ? '' : ` (skipped: ${why})`}`,
    () => {
      const cache = mkdtempSync(join(tmpdir(), 'sockman-cache-'));
      try {
        const env = { ...process.env, [CACHE_VARIABLE]: cache };
        delete env['NODE_COMPILE_CACHE'];
        const { status } = spawnSync(process.execPath, [join(ROOT, 'esm', 'cli', 'main.js'), 'node', '--help'], {
          env,
        });
        expect(status).toBe(0);
        expect(readdirSync(join(cache, 'sockman'), { recursive: true }).length).toBeGreaterThan(1);
      } finally {
        rmSync(cache, { recursive: true });
      }
    },
  );
});
