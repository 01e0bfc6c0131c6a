// Our modules in a form that child processes can import: Node 20 does not run TypeScript.

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const SOURCES = fileURLToPath(new URL('../../ts/', import.meta.url));

const COMPILER_OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  rewriteRelativeImportExtensions: true,
  verbatimModuleSyntax: true,
};

/** A copy of parts of `ts/` in JavaScript, in a temporary folder. */
export interface TranspiledModules {
  /** The address a program imports a module by, such as `addrman/addr-man`. */
  url(module: string): string;
  /** Deletes the folder. */
  remove(): void;
}

/** Transpiles whole folders of `ts/`, such as `addrman` and all it imports. Types are not checked. */
export function transpile(...folders: string[]): TranspiledModules {
  const target = mkdtempSync(join(tmpdir(), 'sockman-js-'));
  writeFileSync(join(target, 'package.json'), '{"type":"module"}');
  for (const folder of folders) {
    for (const name of readdirSync(join(SOURCES, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const source = readFileSync(join(SOURCES, folder, name), 'utf8');
      const path = join(target, folder, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, ts.transpileModule(source, { compilerOptions: COMPILER_OPTIONS }).outputText);
    }
  }
  return {
    url: (module) => pathToFileURL(join(target, `${module}.js`)).href,
    remove: () => rmSync(target, { recursive: true }),
  };
}
