// Every sample compiles under TypeScript strict. Four of five blocks of the README did not.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noBuild } from '../harness/child.ts';
import { ROOT, examples, programsOf } from './samples.ts';

const GUIDES = readdirSync(join(ROOT, 'docs', 'guides')).map((file) => `docs/guides/${file}`);
const samples = [...programsOf('README.md'), ...GUIDES.flatMap(programsOf), ...examples];
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  allowJs: true,
  checkJs: true,
  skipLibCheck: true,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
};

describe.skipIf(noBuild !== undefined)('under TypeScript strict', () => {
  let folder: string;
  const complaints = new Map<string, string[]>();
  const fileOf = (index: number): string => `sample${index}.mts`;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-samples-'));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, 'node_modules', 'sockman'), 'junction');
    symlinkSync(join(ROOT, 'node_modules', '@types'), join(folder, 'node_modules', '@types'), 'junction');
    // What only says its types in comments is checked as JavaScript.
    const files = samples.map(({ text }, index) => {
      const file = join(
        folder,
        /^ \* @param|@type/m.test(text) ? fileOf(index).replace('.mts', '.mjs') : fileOf(index),
      );
      writeFileSync(file, text);
      return file;
    });
    const program = ts.createProgram(files, OPTIONS);
    for (const { file, messageText } of ts.getPreEmitDiagnostics(program)) {
      const name = file?.fileName ?? 'no file';
      complaints.set(name, [...(complaints.get(name) ?? []), ts.flattenDiagnosticMessageText(messageText, '\n')]);
    }
    for (const [index, file] of files.entries()) {
      complaints.set(samples[index]!.name, complaints.get(file) ?? []);
      complaints.delete(file);
    }
    // The compiler reads all types of the package and of Node: seconds, and more on a busy machine.
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(samples.map(({ name }) => name))('%s compiles', (name) => {
    expect(complaints.get(name)).toEqual([]);
  });

  it('no other file has an error', () => {
    expect([...complaints.keys()].sort()).toEqual(samples.map(({ name }) => name).sort());
  });
});
