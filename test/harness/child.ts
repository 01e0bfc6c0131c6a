// Programs in processes of their own: for what a test cannot do in its own process, such as exiting or running out of
// descriptors. They run the built package (`npm test` builds it first) on plain Node.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Why children cannot run; undefined when they can. */
export const noBuild = existsSync(fileURLToPath(new URL('../../esm/index.js', import.meta.url)))
  ? undefined
  : 'the package is not built: npm run build:ts';

export interface ChildResult {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ChildOptions {
  env?: Record<string, string>;
  /** `ulimit -n`. */
  descriptorLimit?: number;
  /** Killed after this time, in milliseconds. Default 30 s. */
  timeoutMs?: number;
  nodeFlags?: string[];
}

/** Environments that choose each backend of the operating system. */
export const SYSTEM_BACKENDS: [string, Record<string, string>][] = [
  ['native/epoll', { SOCKMAN_BACKEND: 'native', SOCKMAN_POLLER: 'epoll' }],
  ['native/poll', { SOCKMAN_BACKEND: 'native', SOCKMAN_POLLER: 'poll' }],
  ['node-net', { SOCKMAN_BACKEND: 'node-net', SOCKMAN_POLLER: '' }],
];

/** Runs a script of the repository and waits for its end. */
export function runChild(script: string, args: string[] = [], options: ChildOptions = {}): Promise<ChildResult> {
  const { env = {}, descriptorLimit, timeoutMs = 30_000, nodeFlags = [] } = options;
  const command = [process.execPath, ...nodeFlags, fileURLToPath(new URL(`../../${script}`, import.meta.url)), ...args];
  const limit = descriptorLimit === undefined ? '' : `ulimit -n ${descriptorLimit}; `;
  const child = spawn('/bin/sh', ['-c', `${limit}exec "$0" "$@"`, ...command], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}

/** The result of a child that succeeded. */
export const WELL = { status: 0, signal: null, stderr: '' };
