// The programs that users copy: the blocks of the README, and examples/.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterEach, expect } from 'vitest';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface Sample {
  name: string;
  language: 'js' | 'ts';
  text: string;
}

/** The fenced programs of a page, in their order. */
export function programsOf(page: string): Sample[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```(js|ts)\n(.*?)^```/gms)].map(([, language, code], index) => ({
    name: `program ${index + 1} of ${page}`,
    language: language as Sample['language'],
    text: code!,
  }));
}

export const examples: Sample[] = readdirSync(join(ROOT, 'examples')).map((file) => ({
  name: `examples/${file}`,
  language: 'js',
  text: readFileSync(join(ROOT, 'examples', file), 'utf8'),
}));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

/** Runs a program as a module of a stranger: `sockman` is the built package. It is stopped after the test. */
export function run({ language, text }: Sample): ChildProcess {
  const program =
    language === 'js' ? text : ts.transpileModule(text, { compilerOptions: { module: 99, target: 9 } }).outputText;
  return start(['--input-type=module', '-e', program]);
}

/** Runs a file of the repository. It is stopped after the test. */
export const runFile = (file: string, ...args: string[]): ChildProcess => start([file, ...args]);

function start(args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8');
  children.push(child);
  return child;
}

/** Resolves with the first match in what a child prints. */
export function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout!.on('data', (piece: string) => {
      text += piece;
      const match = pattern.exec(text);
      if (match !== null) resolve(match);
    });
    child.once('exit', () => reject(new Error(`ended after printing ${JSON.stringify(text)}`)));
  });
}

/** The sample with an address in place of the one it has. */
export function withAddress(sample: Sample, from: string, to: string): Sample {
  expect(sample.text).toContain(from);
  return { ...sample, text: sample.text.replace(from, to) };
}
