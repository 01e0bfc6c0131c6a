// A project that uses the package as a stranger would, in a folder of its own.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';

export const ROOT = join(import.meta.dirname, '..', '..');
const TOOLS = join(inject('work'), 'tools', 'node_modules');

/** A file of one of the tools. */
export const tool = (path: string): string => join(TOOLS, path);

/** Serves one connection, talks to itself over it, and prints backend, what came back, and why it is not native. */
const ECHO = `
const echo = createSockMan({ eventGotData: (id, data) => void echo.queueBytes(id, data) }, OPTIONS);
const { bound, errmsg } = echo.bindAndStartListening('127.0.0.1:0');
if (errmsg !== undefined) throw new Error(errmsg);
echo.startSocketsThreads();
const socket = connect(bound.port, bound.address.toString(), () => socket.write('hello'));
socket.on('data', (data) => {
  console.log(echo.backendName, String(data), echo.backendFallbackReason);
  socket.destroy();
  echo.interruptNet();
  echo.closeSockets();
});
`;

/** The program as an ES module or as CommonJS; `options` is an expression for the options of the SockMan. */
export function echoProgram(format: 'esm' | 'cjs', options = '{}'): string {
  const importing =
    format === 'esm'
      ? "import { connect } from 'node:net';\nimport { createSockMan } from 'sockman';\n"
      : "const { connect } = require('node:net');\nconst { createSockMan } = require('sockman');\n";
  return importing + ECHO.replace('OPTIONS', options);
}

export const NATIVE = /^native\/\w+ hello undefined\n$/;
export const MOVED = 'node-net hello a bundler moved the code out of its package\n';

/** The environment of a shell, without what `npm run` adds to it. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_ENV|SOCKMAN_|INIT_CWD)/i.test(name)),
);

export class Stranger {
  readonly folder: string;

  constructor(files: Record<string, string> = {}) {
    this.folder = mkdtempSync(join(inject('work'), 'project-'));
    this.write({ 'package.json': '{ "name": "stranger", "version": "1.0.0", "private": true }', ...files });
  }

  write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, name)), { recursive: true });
      writeFileSync(join(this.folder, name), text);
    }
  }

  /** Runs a command here. @returns What it printed. @throws {Error} It failed; the message has both of its outputs. */
  run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { cwd: this.folder, env: { ...environment, ...env }, maxBuffer: 2 ** 24 };
      execFile(command, args, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
      });
    });
  }

  node(...args: string[]): Promise<string> {
    return this.run(process.execPath, args);
  }
}

/** A project with the package unpacked in it, as every package manager leaves it. */
export async function withPackage(files: Record<string, string> = {}): Promise<Stranger> {
  const stranger = new Stranger({ ...files, 'node_modules/sockman/.keep': '' });
  await stranger.run('tar', ['xzf', inject('tarball'), '-C', 'node_modules/sockman', '--strip-components=1']);
  return stranger;
}
