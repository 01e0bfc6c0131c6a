// Lines that stay, and below them a picture that is drawn anew again and again, such as a table.
//
// What was drawn is erased by going up as many rows as it takes now: a terminal that became narrower broke its lines.

/** What is drawn on: standard output of a terminal. */
export interface TerminalStream {
  write(text: string): unknown;
  /** Width and height, in characters. */
  readonly columns: number;
  readonly rows: number;
}

/** To the line's beginning, where Ctrl-C may have left a `^C`, and up. */
const rowsUp = (rows: number): string => (rows > 0 ? `\r\x1b[${rows}A` : '\r');
const CLEAR_BELOW = '\x1b[0J';

/** What gives a text its colours and takes no room. */
// eslint-disable-next-line no-control-regex -- Escape sequences begin with a control character.
const COLOURS = /\x1b\[[0-9;]*m/g;

/** The screen of one terminal. */
export class Screen {
  readonly #stream: TerminalStream;
  /** The picture as it was given, and as it is on the screen. */
  #picture: readonly string[] = [];
  #drawn: readonly string[] = [];

  constructor(stream: TerminalStream) {
    this.#stream = stream;
  }

  /** Writes a line above the picture. @param write - Where to, if not here: the same terminal by another name. */
  print(line: string, write: (text: string) => void = (text) => void this.#stream.write(text)): void {
    this.#erase();
    write(`${line}\n`);
    this.#draw();
  }

  /** Replaces the picture. Of one that is higher than the screen the last lines are left out, and counted. */
  redraw(lines: readonly string[]): void {
    this.#picture = [...lines];
    this.refresh();
  }

  /** Draws the picture again: the terminal has another size. */
  refresh(): void {
    this.#erase();
    this.#draw();
  }

  #erase(): void {
    if (this.#drawn.length === 0) return;
    const rows = this.#drawn.reduce((sum, line) => sum + this.#rowsOf(line), 0);
    this.#stream.write(`${rowsUp(rows)}${CLEAR_BELOW}`);
    this.#drawn = [];
  }

  #draw(): void {
    if (this.#picture.length === 0) return;
    // The row of the cursor, below the picture, counts as well.
    const room = Math.max(1, this.#stream.rows - 1);
    const { length } = this.#picture;
    this.#drawn =
      length <= room ? this.#picture : [...this.#picture.slice(0, room - 1), `… and ${length - room + 1} more lines`];
    this.#stream.write(this.#drawn.map((line) => `${line}\n`).join(''));
  }

  #rowsOf(line: string): number {
    const length = line.replace(COLOURS, '').length;
    return Math.max(1, Math.ceil(length / Math.max(1, this.#stream.columns)));
  }
}
