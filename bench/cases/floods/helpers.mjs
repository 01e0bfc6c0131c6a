// Child processes of the flood bench, and requests to them.

import { fork } from 'node:child_process';
import { join } from 'node:path';
import { loadCoreCommand } from '../../lib/processes.mjs';

/** All children, so that none outlives the bench. @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();

/** Starts a script of this folder on the load's core. @param {string} file @param {string[]} parameters */
export function start(file, parameters) {
  const [execPath, ...execArgv] = loadCoreCommand([process.execPath]);
  const child = fork(join(import.meta.dirname, file), parameters, { execPath, execArgv });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/**
 * Sends a request and waits for the answer; without a request, waits for the next message.
 * @param {import('node:child_process').ChildProcess} child @param {string | undefined} request @returns {Promise<any>}
 */
export function ask(child, request) {
  return new Promise((resolve, reject) => {
    const onExit = (/** @type {number | null} */ code, /** @type {string | null} */ signal) =>
      reject(new Error(`a process of the bench ended: ${signal ?? code}`));
    child.once('exit', onExit);
    child.once('message', (answer) => {
      child.off('exit', onExit);
      resolve(answer);
    });
    if (request !== undefined) child.send(request);
  });
}

/** Ends a child and waits until it is gone. @param {import('node:child_process').ChildProcess} child */
export async function end(child) {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await ended;
}
