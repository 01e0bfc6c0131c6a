// The table on a terminal, a real one: tmux breaks long lines when it becomes narrower, as most do, and cuts those of its
// alternate screen, as xterm does with all.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { Screen } from '../../ts/cli/terminal/screen.ts';
import { itUnless } from '../harness/backends.ts';
import { noBuild } from '../harness/child.ts';
import { Terminal, noTerminal } from '../harness/labs/terminal.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'esm', 'cli', 'main.js');

describe('a screen', () => {
  /** What a terminal of this height is written; wrapping is off while a picture is drawn. */
  function terminal(rows: number): { screen: Screen; take: () => string } {
    const written: string[] = [];
    const screen = new Screen({ rows, columns: 80, write: (text: string) => written.push(text) });
    return { screen, take: () => written.splice(0).join('') };
  }
  const drawn = (...lines: string[]): string => `\x1b[?7l${lines.map((line) => `${line}\n`).join('')}\x1b[?7h`;
  const ERASED = '\r\x1b[K\n\x1b[J\x1b[A';

  it('is redrawn from the line’s beginning, where Ctrl-C left its ^C', () => {
    const { screen, take } = terminal(24);
    screen.redraw(['one', 'two']);
    expect(take()).toBe(`${drawn('one', 'two')}\x1b[2A`);
    screen.redraw(['three']);
    expect(take()).toBe(`${ERASED}${drawn('three')}\x1b[1A`);
    screen.redraw([]);
    expect(take()).toBe(ERASED);
  });

  it('leaves out and counts what is higher than the terminal', () => {
    const { screen, take } = terminal(5);
    screen.redraw(['1', '2', '3', '4', '5', '6']);
    expect(take()).toBe(`${drawn('1', '2', '3', '… and 3 more lines')}\x1b[4A`);
  });

  it('keeps what is printed above the picture', () => {
    const { screen, take } = terminal(24);
    screen.redraw(['picture']);
    take();
    screen.print('line');
    expect(take()).toBe(`${ERASED}line\n${drawn('picture')}\x1b[1A`);
  });

  it('is left with the cursor below the picture', () => {
    const { screen, take } = terminal(24);
    screen.redraw(['picture']);
    take();
    screen.leave();
    screen.leave();
    expect(take()).toBe(`${ERASED}${drawn('picture')}`);
  });
});

describe('the table of sockman node', () => {
  for (const [what, prepare] of [
    ['breaks', ''],
    ['cuts', String.raw`printf '\033[?1049h\033[H'; `],
  ] as const) {
    itUnless(noBuild ?? noTerminal)(
      `is redrawn in a terminal that ${what} long lines, and takes nothing above it along`,
      async () => {
        const program = `'${process.execPath}' '${MAIN}' node --listen 127.0.0.1:0; echo ended with $?; sleep 60`;
        const terminal = new Terminal(150, `${prepare}seq 12; echo the line above; ${program}`);
        // So many that breaking the table's lines pushes none of it out of the screen.
        const above = [
          ...Array.from({ length: 12 }, (_, at) => String(at + 1)),
          'the line above',
          expect.stringMatching(/^listening at /),
          expect.stringMatching(/^dialing a second node /),
        ];
        const wide = [/^id {2}address .* session$/, /^ 0 {2}127\.0\.0\.1:\d+ .* [0-9a-f]{8}$/];
        const narrow = [/^id {2}address .* received {2,}sent$/, /^ 0 {2}127\.0\.0\.1:\d+ .* k?B$/];
        const comes = (table: RegExp[], ...below: string[]): Promise<void> =>
          expect
            .poll(() => terminal.lines, { timeout: 8_000 })
            .toEqual([...above, ...table.map((line) => expect.stringMatching(line) as unknown), ...below]);
        try {
          await comes(wide);
          for (const columns of [56, 150, 40, 56]) {
            terminal.resize(columns);
            await comes(columns > 100 ? wide : narrow);
          }
          terminal.type('C-c');
          await comes(narrow, 'ended with 0');
        } finally {
          terminal.close();
        }
      },
    );
  }
});
