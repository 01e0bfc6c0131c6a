// Runs a bench that is a program of its own, and keeps what it prints.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { BENCH_DIRECTORY } from './build.mjs';

/**
 * @param {import('./types.mjs').Bench} bench
 * @param {import('./types.mjs').Plan} plan
 * @returns {Promise<import('./types.mjs').Table[]>}
 */
export async function measureProgram({ name, question }, { isSmoke, programOptions }) {
  const script = join(BENCH_DIRECTORY, 'cases', 'programs', `${name}.mjs`);
  const parameters = ['--expose-gc', script, ...(isSmoke ? ['--smoke'] : []), ...programOptions];
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
    if (!isSmoke) process.stdout.write(part);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name} ended with exit code ${code}${isSmoke ? `\n${text}` : ''}`);
  return [{ bench: name, case: name, title: question, columns: 'text', text: text.trim(), rows: [] }];
}
