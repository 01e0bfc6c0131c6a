// The input and output of a command, in memory.

import type { CliIo } from '../../ts/cli/terminal/cli-io.ts';
import { PLAIN } from '../../ts/cli/terminal/style.ts';
import { noteProgress } from './until.ts';

/** What a command printed, and what ends it. */
export interface Outside {
  readonly io: CliIo;
  readonly lines: string[];
  readonly complaints: string[];
  /** Everything that was drawn, on a terminal. */
  readonly screens: string[][];
  readonly stop: AbortController;
  /** What SIGHUP does. */
  hangUp(): void;
}

/**
 * An outside that keeps what it is told.
 *
 * @param endsAt - The command is stopped as soon as something that it prints or draws matches.
 * @param columns - The width of a terminal; 0 for none.
 */
export function outside(endsAt?: RegExp, columns = 0): Outside {
  const stop = new AbortController();
  const lines: string[] = [];
  const complaints: string[] = [];
  const screens: string[][] = [];
  const hangUps = new Set<() => void>();
  const look = (text: string): void => {
    noteProgress();
    if (endsAt?.test(text) === true) stop.abort();
  };
  const io: CliIo = {
    print: (line) => {
      lines.push(line);
      look(line);
    },
    complain: (line) => {
      complaints.push(line);
      noteProgress();
    },
    redraw:
      columns === 0
        ? undefined
        : (screen) => {
            screens.push([...screen]);
            look(screen.join('\n'));
          },
    columns,
    style: PLAIN,
    isBehind: false,
    caughtUp: () => Promise.resolve(),
    signal: stop.signal,
    onHangUp: (listener) => {
      hangUps.add(listener);
      return () => void hangUps.delete(listener);
    },
  };
  const hangUp = (): void => hangUps.forEach((listener) => listener());
  return { io, lines, complaints, screens, stop, hangUp };
}
