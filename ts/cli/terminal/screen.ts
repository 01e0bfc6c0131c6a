// Lines that stay, and below them a picture that is drawn anew again and again, such as a table.
//
// Between two drawings the cursor stands where the picture begins, so erasing it is clearing what lies below the cursor. A
// terminal that becomes narrower may break the lines of the picture, or cut them: in both cases it keeps the cursor with the
// text under it, and nothing needs to be counted. What breaking pushes out of the screen's top stays in the history.

/** What is drawn on: standard output of a terminal. */
export interface TerminalStream {
  write(text: string): unknown;
  /** Height, in characters. */
  readonly rows: number;
}

/**
 * From the line's beginning, behind a `^C` that Ctrl-C may have left there: this line, then what is below it. Terminals take
 * clearing from the first cell of the screen on for clearing the screen, and keep what was there in their history.
 */
const ERASE = '\r\x1b[K\n\x1b[J\x1b[A';
/** Each line of a picture takes one row, also while Node does not know yet that the terminal is narrower. */
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';

/** The screen of one terminal. */
export class Screen {
  readonly #stream: TerminalStream;
  #picture: readonly string[] = [];

  constructor(stream: TerminalStream) {
    this.#stream = stream;
  }

  /** Writes a line above the picture. @param write - Where to, if not here: the same terminal by another name. */
  print(line: string, write: (text: string) => void = (text) => void this.#stream.write(text)): void {
    this.#erase();
    write(`${line}\n`);
    this.#show();
  }

  /** Replaces the picture. Of one that is higher than the screen the last lines are left out, and counted. */
  redraw(lines: readonly string[]): void {
    this.#erase();
    this.#picture = [...lines];
    this.#show();
  }

  /** Draws the picture again: the terminal has another size. */
  refresh(): void {
    this.#erase();
    this.#show();
  }

  /** Puts the cursor below the picture, which stays as it is: what comes now is of somebody else. */
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

  /** Draws from the cursor on and ends below. @returns The rows it took. */
  #draw(): number {
    const { length } = this.#picture;
    if (length === 0) return 0;
    // The row below the picture, where the cursor comes to stand, counts as well.
    const room = Math.max(1, this.#stream.rows - 1);
    const lines =
      length <= room ? this.#picture : [...this.#picture.slice(0, room - 1), `… and ${length - room + 1} more lines`];
    this.#stream.write(`${NO_WRAP}${lines.map((line) => `${line}\n`).join('')}${WRAP}`);
    return lines.length;
  }
}
