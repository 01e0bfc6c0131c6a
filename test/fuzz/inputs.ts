// The inputs that are kept: for each target a file of lines in Base64, with comments after `#`. `corpora/` has what reaches
// different code, written by `npm run fuzz -- --keep`; `findings/` what once broke, and why.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The inputs of `corpora/NAME.txt` or `findings/NAME.txt`; none without the file. */
export function keptInputs(folder: 'corpora' | 'findings', name: string): Uint8Array[] {
  const path = join(import.meta.dirname, folder, `${name}.txt`);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  const texts = lines.map((line) => line.replace(/\s*#.*/, '')).filter((text) => text !== '');
  return texts.map((text) => Uint8Array.from(Buffer.from(text, 'base64')));
}
