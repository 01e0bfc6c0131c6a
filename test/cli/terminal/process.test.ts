// The command as a process: terminals of all kinds, full disks, terminals that are closed.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { itUnless } from '../../harness/backends.ts';
import { WELL, noBuild, runChild } from '../../harness/child.ts';
import { missingPrograms } from '../../harness/labs/programs.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'esm', 'cli', 'main.js');
const SOCKMAN = `'${process.execPath}' '${MAIN}'`;

/** Why there is no pseudo-terminal; undefined when there is one. */
const noScript = missingPrograms({ script: 'bsdutils' });
/** Why there is no full disk; undefined when there is one. */
const noFullDisk = existsSync('/dev/full') ? undefined : 'there is no /dev/full';

/** A node that talks to itself. */
const NODE = 'node --listen 127.0.0.1:0';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockman-process-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a shell command to its end. */
function shell(command: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, NODE_OPTIONS: '', ...env }, timeout: 60_000 };
    execFile('/bin/sh', ['-c', command], options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe('a terminal', () => {
  const inTerminal = `script -qec "${SOCKMAN} ${NODE} --for 2" /dev/null </dev/null`;

  itUnless(noBuild ?? noScript)('that does not tell its size shows the whole table', async () => {
    const { status, stdout } = await shell(inTerminal, { TERM: 'xterm' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/id {2}address .*received +sent/);
    expect(stdout).toMatch(/127\.0\.0\.1:\d+ .* k?B/);
    expect(stdout).not.toContain('more lines');
  });

  itUnless(noBuild ?? noScript)('that is dumb gets lines without codes', async () => {
    const { status, stdout } = await shell(inTerminal, { TERM: 'dumb' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/id {2}address .*received +sent/);
    expect(stdout).not.toContain('\x1b');
  });
});

describe('a full disk behind standard output', () => {
  const COMPLAINT = /^sockman: standard output cannot be written: ENOSPC[^\n]*\n$/;

  itUnless(noBuild ?? noFullDisk)('is one line on standard error, and an exit with 1', async () => {
    const { status, stderr } = await shell(`${SOCKMAN} sv2-server --help >/dev/full`);
    expect(stderr).toMatch(COMPLAINT);
    expect(status).toBe(1);
  });

  itUnless(noBuild ?? noFullDisk)('ends a running node, which leaves nothing behind', async () => {
    const { status, stderr } = await shell(`${SOCKMAN} ${NODE} --datadir '${folder}' --rpc --rpcport=0 >/dev/full`);
    expect(stderr).toMatch(COMPLAINT);
    expect(status).toBe(1);
    expect(existsSync(join(folder, 'regtest', 'peers.dat'))).toBe(true);
    expect(existsSync(join(folder, 'regtest', '.cookie'))).toBe(false);
  });
});

describe.skipIf(noBuild !== undefined)('a terminal that is closed', () => {
  it('ends a node without a log as SIGTERM does: the cookie is removed', async () => {
    const args = [MAIN, ...NODE.split(' '), '--datadir', folder, '--rpc', '--rpcport=0'];
    const node = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(node, 'exit');
    let said = '';
    for await (const text of node.stdout.setEncoding('utf8')) {
      said += String(text);
      if (!said.includes('RPC server at')) continue;
      expect(existsSync(join(folder, 'regtest', '.cookie'))).toBe(true);
      node.kill('SIGHUP');
      node.kill('SIGHUP');
      break;
    }
    expect(await exit).toEqual([0, null]);
    expect(existsSync(join(folder, 'regtest', '.cookie'))).toBe(false);
  });
});

describe.skipIf(noBuild !== undefined)('--debug', () => {
  const run = (...args: string[]) => runChild('esm/cli/main.js', [...NODE.split(' '), '--for', '0', ...args]);

  it('takes a category of a node from the next word', async () => {
    const { stdout, ...rest } = await run('--printtoconsole', '--debug', 'net');
    expect(rest).toEqual(WELL);
    expect(stdout).toContain('sockman version');
  });

  it('shows internal steps in front of anything else', async () => {
    const { status, stderr } = await run('--debug', '--json');
    expect(status).toBe(0);
    expect(stderr).toContain('SOCKMAN');
  });
});
