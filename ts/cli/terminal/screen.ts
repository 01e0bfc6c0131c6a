// Lines that stay, and below them a picture that is redrawn, such as a table.

/** The terminal to draw on: its standard output. */
export interface TerminalStream {
  write(text: string): unknown;
  /** Height, in characters. */
  readonly rows: number;
}

/**
 * From the line's beginning, behind a `^C` that Ctrl-C may have left there: clears this line, then everything below.
 * Clearing from the first cell of the screen would move its content into the history on some terminals.
 */
const ERASE = '\r\x1b[K\n\x1b[J\x1b[A';
/** Each line of a picture takes one row, even before Node knows that the terminal became narrower. */
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
    const room = Math.max(1, this.#stream.rows - 1);
    const lines =
      length <= room ? this.#picture : [...this.#picture.slice(0, room - 1), `… and ${length - room + 1} more lines`];
    this.#stream.write(`${NO_WRAP}${lines.map((line) => `${line}\n`).join('')}${WRAP}`);
    return lines.length;
  }
}
