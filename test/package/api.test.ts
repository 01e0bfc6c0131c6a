// The API reference that `npm run docs` makes of the docstrings: complete, and without dead links.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
/** TypeDoc reads all types of the package: a minute on a busy machine. */
const TIMEOUT_MS = 240_000;

/** Runs TypeDoc with the settings of the project. @returns Exit code and output. */
function typedoc(...args: string[]): Promise<{ status: number; output: string }> {
  const file = join(ROOT, 'node_modules', 'typedoc', 'bin', 'typedoc');
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { cwd: ROOT, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr });
    });
  });
}

describe('the API reference', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-api-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it(
    'has every public name, documented, and no dead link',
    async () => {
      const out = join(folder, 'api');
      expect(await typedoc('--out', out)).toMatchObject({ status: 0 });
      const pages = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));
      expect(pages.length).toBeGreaterThan(100);
      const dead = pages.flatMap((page) =>
        [...readFileSync(join(out, page), 'utf8').matchAll(/href="([^"#:]+)(?:#[^"]*)?"/g)]
          .map(([, link]) => decodeURI(link!))
          .filter((link) => !existsSync(join(out, dirname(page), link)))
          .map((link) => `${page}: ${link}`),
      );
      expect(dead).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'is not made while a public name has no docstring',
    async () => {
      const entry = join(folder, 'entry.ts');
      writeFileSync(entry, '/** Documented. */\nexport const ONE = 1;\nexport const TWO = 2;\n');
      writeFileSync(join(folder, 'tsconfig.json'), '{ "files": ["entry.ts"], "compilerOptions": { "types": [] } }');
      const options = {
        extends: [join(ROOT, 'typedoc.json')],
        entryPoints: [entry],
        tsconfig: 'tsconfig.json',
        out: 'none',
      };
      writeFileSync(join(folder, 'typedoc.json'), JSON.stringify(options));
      const { status, output } = await typedoc('--options', join(folder, 'typedoc.json'));
      expect(status).not.toBe(0);
      expect(output).toContain('TWO');
      expect(output).not.toContain('ONE (');
    },
    TIMEOUT_MS,
  );
});
