// Every block of code on the pages is run. A program with a block of text behind it runs as it stands and prints that text;
// the others are named below, with what runs them. Lines for a shell that begin with `npx sockman` are read by the command.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../ts/cli/commands.ts';
import { noBuild } from '../harness/child.ts';
import { ROOT, pages, textOf } from './pages.ts';

interface Block {
  readonly page: string;
  readonly language: string;
  readonly code: string;
  /** The text in the block behind it. */
  readonly prints: string | undefined;
}

const FENCE = /^```(\w*)\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms;

const blocks: Block[] = pages.flatMap((page) =>
  [...textOf(page).matchAll(FENCE)].map(([, language, code, prints]) => ({
    page,
    language: language!,
    code: code!,
    prints,
  })),
);

/** Blocks that do not run as they stand: what is in them, and what runs them or why nothing does. */
const OTHERWISE: readonly (readonly [page: string, part: string, reason: string])[] = [
  ['README.md', '', 'test/samples/readme.test.ts'],
  ['docs/guides/http-server.md', '', 'test/http/guide.test.ts'],
  ['docs/guides/json-rpc.md', 'notes', 'test/http/rpc/guide.test.ts'],
  ['docs/guides/bundling.md', '', 'test/package, with each bundler'],
  ['docs/guides/streams.md', 'tls.connect', 'below: its proxy is not there'],
  ['docs/guides/from-node-net.md', 'chat', 'below: it serves until Ctrl-C'],
  ['docs/guides/backend.md', 'node:test', 'test/sockman/backends: the same loop, for vitest'],
  [
    'docs/guides/backend.md',
    'ReadinessBackend',
    'test/sockman/backends/readiness, over drivers in memory; its types in test/samples',
  ],
  ['docs/guides/miner.md', 'bitcoin', 'test/docs/miner.test.ts'],
  ['docs/guides/run-a-node.md', 'maxconnections=40', 'test/docs/node-options.test.ts'],
  ['docs/guides/watch-a-node.md', 'scrape_configs', 'test/interop/prometheus.test.ts, without credentials'],
  ['docs/architecture.md', '', 'a drawing'],
  ['docs/data-flow.md', '', 'a drawing'],
  ['.github/ISSUE_TEMPLATE/bug.md', '', 'to be filled in'],
];

const reasonOf = ({ page, code }: Block): string | undefined =>
  OTHERWISE.find(([of, part]) => of === page && code.includes(part))?.[2];

const isShell = ({ language }: Block): boolean => language === 'sh';
const runsAsItStands = (block: Block): boolean => block.language === 'js' && block.prints !== undefined;

/** `npx sockman …` lines of the pages, blocks of four blanks included. */
const commandLines = pages.flatMap((page) =>
  [...textOf(page).matchAll(/^ *npx sockman (.*)$/gm)].map(([, line]) => [page, line!] as const),
);

/** The words of a line, without comment, pipe and redirection. */
const wordsOf = (line: string): string[] =>
  line
    .replace(/\s[#|>].*$/, '')
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/^['"]|['"]$/g, ''));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-docs-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'sockman'), 'junction');
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(code: string): ChildProcess {
  const file = join(folder, `${process.hrtime.bigint()}.mjs`);
  writeFileSync(file, code);
  return spawn(process.execPath, [file], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: 15_000 });
}

/** All that a program prints, with its exit code. */
async function outcomeOf(child: ChildProcess): Promise<{ status: number | null; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

const blockWith = (page: string, part: string): string =>
  blocks.find((block) => block.page === page && block.language === 'js' && block.code.includes(part))!.code;

describe.skipIf(noBuild !== undefined)(`programs of the pages ${noBuild ?? ''}`, () => {
  it.each(blocks.filter(runsAsItStands).map((block) => [block.page, block] as const))(
    'one of %s prints what the page says',
    async (_, { code, prints }) => {
      expect(await outcomeOf(start(code))).toEqual({ status: 0, stdout: prints, stderr: '' });
    },
  );

  it('TLS over a stream says why a proxy cannot be reached', async () => {
    const code = blockWith('docs/guides/streams.md', 'tls.connect').replace('127.0.0.1:9050', '127.0.0.1:1');
    const { status, stderr } = await outcomeOf(start(code));
    expect([status, stderr]).toEqual([0, expect.stringContaining('ECONNREFUSED')]);
  });

  it('the chat tells the others what one says, and ends at Ctrl-C', async () => {
    const child = start(blockWith('docs/guides/from-node-net.md', 'chat').replace('127.0.0.1:7008', '127.0.0.1:0'));
    const ended = once(child, 'exit');
    const [line] = (await once(child.stdout!.setEncoding('utf8'), 'data')) as [string];
    const members: Socket[] = [];
    for (let count = 0; count < 3; count++) {
      const member = connect(Number(/:(\d+)/.exec(line)![1]), '127.0.0.1').setEncoding('utf8');
      await once(member, 'connect');
      // Connected is not accepted: it is a member once the others hear it.
      const introduced = Promise.all(members.map((other) => once(other, 'data')));
      if (members.length > 0) member.write('here');
      await introduced;
      members.push(member);
    }
    const heard = Promise.all(members.slice(1).map((member) => once(member, 'data')));
    members[0]!.write('hello');
    expect(await heard).toEqual([['hello'], ['hello']]);
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    for (const member of members) member.destroy();
  });
});

describe('blocks of the pages', () => {
  it('all run, or are named with a reason', () => {
    const forgotten = blocks.filter(
      (block) =>
        !runsAsItStands(block) && block.language !== 'text' && !isShell(block) && reasonOf(block) === undefined,
    );
    expect(forgotten.map(({ page, code }) => `${page}: ${code.slice(0, 60)}`)).toEqual([]);
  });

  it('in shell language are lines of the command, or named with a reason', () => {
    const lines = blocks
      .filter((block) => isShell(block) && reasonOf(block) === undefined)
      .flatMap(({ page, code }) => code.split('\n').map((line) => `${page}: ${line}`));
    expect(lines.filter((line) => !/: (npx sockman .*|NODE_DEBUG=sockman .*)?$/.test(line))).toEqual([]);
  });

  it.each(commandLines)('%s: sockman %s is understood', async (_, line) => {
    // `--debug` belongs to no command: it is taken off before.
    const [name, ...words] = wordsOf(line).filter((word) => word !== '--debug');
    if (name!.startsWith('-')) return;
    expect(Object.keys(COMMANDS)).toContain(name);
    const command = await COMMANDS[name!]!.load();
    expect(() => command.check(words)).not.toThrow();
  });
});
