// The process ends cleanly at every stage of a SockMan's life, by force and by itself.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SYSTEM_BACKENDS, WELL, noBuild, runChild } from '../harness/child.ts';

const STAGES = [
  'created',
  'listening',
  'started',
  'connected',
  'mid-connect',
  'mid-send',
  'duplex',
  'inside-accept',
  'inside-data',
  'inside-eof',
  'interrupted',
  'joined',
  'closing',
  'disposed',
];

describe.skipIf(noBuild !== undefined)(`exit ${noBuild === undefined ? '' : `(skipped: ${noBuild})`}`, () => {
  describe.each(SYSTEM_BACKENDS)('%s', (_name, env) => {
    it.concurrent.each(STAGES)('by process.exit when %s', async (stage) => {
      const result = await runChild('test/lifecycle/children/stages.mjs', [stage, 'exit'], { env });
      expect(result).toMatchObject(WELL);
    });

    it.concurrent('not before it is interrupted, even with nothing open', async () => {
      const result = await runChild('test/lifecycle/children/stages.mjs', ['started-with-nothing-open', 'natural'], {
        env,
      });
      expect(result).toMatchObject({ ...WELL, stdout: 'alive\n' });
    });

    it.concurrent.each(['created', 'disposed'])('by itself when %s', async (stage) => {
      const result = await runChild('test/lifecycle/children/stages.mjs', [stage, 'natural'], { env });
      expect(result).toMatchObject(WELL);
    });
  });
});

describe.skipIf(noBuild !== undefined)('import', () => {
  it('opens no handle, timer or thread, and loads no binary', async () => {
    const entries = Object.entries(
      (
        JSON.parse(readFileSync('package.json', 'utf8')) as {
          exports: Record<string, { import?: { default: string } }>;
        }
      ).exports,
    ).flatMap(([, conditions]) => (conditions.import === undefined ? [] : [conditions.import.default]));
    expect(entries).toContain('./esm/index.js');
    const result = await runChild('test/lifecycle/children/imports.mjs', entries);
    expect(result).toMatchObject(WELL);
  });

  it('loads two files of ours, and none of the large modules of Node', async () => {
    const { stdout } = await runChild('test/lifecycle/children/import-loads.cjs');
    const { files, modules } = JSON.parse(stdout) as { files: string[]; modules: string[] };
    expect(files.sort()).toEqual(['index.js', 'sockman-core.js']);
    expect(modules.filter((name) => ['crypto', 'net', 'os', 'stream'].includes(name))).toEqual([]);
    // In ES modules even a module that Node has loaded costs: each name it exports is read.
    const imported = (file: string): string[] =>
      [...readFileSync(file, 'utf8').matchAll(/^(?:im|ex)port .*from '(.+)';$/gm)].map(([, name]) => name!);
    expect(imported('esm/index.js')).toEqual(['./sockman-core.js']);
    expect(imported('esm/sockman-core.js')).toEqual(['node:module']);
  });
});
