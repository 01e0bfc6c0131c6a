// Lines that stay, and below them a picture that is redrawn, such as a table.
//
// Between two drawings the cursor stands where the picture begins, so erasing it is clearing what lies below the cursor. A
// terminal that becomes narrower may break the lines of the picture, or cut them: in both cases it keeps the cursor with the
// text under it, and nothing needs to be counted. What breaking pushes out of the screen's top stays in the history.

/** The terminal to draw on: its standard output. */
export interface TerminalStream {
  write(text: string): unknown;
  /** Height and width, in characters; 0 if the terminal does not tell, as serial lines and some containers do. */
  readonly rows: number;
  readonly columns: number;
}

/**
 * From the line's beginning, behind a `^C` that Ctrl-C may have left there: clears this line, then everything below.
 * Clearing from the first cell of the screen would move its content into the history on some terminals.
 */
const ERASE = '\r\x1b[K\n\x1b[J\x1b[A';
/**
 * Each line of a picture takes one row, even before Node knows that the terminal became narrower. Such a terminal would put
 * the rest of a long line into its last cell, one character over the other: longer lines are cut here.
 */
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';

/** The screen of one terminal. */
export class Screen {
  readonly #stream: TerminalStream;
  #picture: readonly string[] = [];

  constructor(stream: TerminalStream) {
    this.#stream = stream;
  }

  /** Prints a line above the picture. @param write - Another way to the same terminal. Default: this stream. */
  print(line: string, write: (text: string) => void = (text) => void this.#stream.write(text)): void {
    this.#erase();
    write(`${line}\n`);
    this.#show();
  }

  /** Replaces the picture. If it is higher than the screen, its last lines are left out, and counted. */
  redraw(lines: readonly string[]): void {
    this.#erase();
    this.#picture = [...lines];
    this.#show();
  }

  /** Redraws the picture after the terminal's size changed. */
  refresh(): void {
    this.#erase();
    this.#show();
  }

  /** Leaves the picture, and puts the cursor below it for other output. */
  leave(): void {
    this.#erase();
    this.#draw();
    this.#picture = [];
  }

  #erase(): void {
    if (this.#picture.length > 0) this.#stream.write(ERASE);
  }

  #show(): void {
    const rows = this.#draw();
    if (rows > 0) this.#stream.write(`\x1b[${rows}A`);
  }

  /** Draws from the cursor on and ends below. @returns The rows used. */
  #draw(): number {
    const { length } = this.#picture;
    if (length === 0) return 0;
    // The row below the picture, where the cursor ends, counts as well.
    const { rows, columns } = this.#stream;
    const room = rows > 0 ? Math.max(1, rows - 1) : Infinity;
    const lines =
      length <= room ? this.#picture : [...this.#picture.slice(0, room - 1), `… and ${length - room + 1} more lines`];
    const width = columns > 0 ? columns : Infinity;
    this.#stream.write(`${NO_WRAP}${lines.map((line) => `${cutVisible(line, width)}\n`).join('')}${WRAP}`);
    return lines.length;
  }
}

/** A colour code, which takes no room, or a character. */
// eslint-disable-next-line no-control-regex
const CODE_OR_CHARACTER = /\x1b\[[\d;]*m|[^]/gu;

/** Cuts a line at the edge; colour codes stay, so that colours end where they should. */
function cutVisible(line: string, width: number): string {
  if (line.length <= width) return line;
  const isCode = (part: string): boolean => part.length > 1 && part.startsWith('\x1b');
  const parts = line.match(CODE_OR_CHARACTER) ?? [];
  const total = parts.filter((part) => !isCode(part)).length;
  if (total <= width) return line;
  let shown = 0;
  return parts
    .map((part) => {
      if (isCode(part)) return part;
      shown++;
      return shown < width ? part : shown === width ? '…' : '';
    })
    .join('');
}
