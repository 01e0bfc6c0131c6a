// Colours of a terminal, by meaning. Without a terminal, or with `NO_COLOR` set, every style is plain.

/** Ways to highlight text. Each takes a text and returns it with its colour codes. */
export interface Style {
  heading(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
}

const plain = (text: string): string => text;

/** No colours. */
export const PLAIN: Style = { heading: plain, good: plain, bad: plain, faint: plain };

const paint = (on: number, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`;

/** The sixteen colours of every terminal, as its user configured them. */
export const COLOURED: Style = {
  heading: paint(1, 22),
  good: paint(32, 39),
  bad: paint(31, 39),
  faint: paint(2, 22),
};

/**
 * The style for a stream: coloured on a terminal that has colours, unless `NO_COLOR`, `TERM=dumb` or the like disable them;
 * `FORCE_COLOR` enables them. Node implements these rules.
 */
export function styleFor(stream: { hasColors?: () => boolean }): Style {
  return stream.hasColors?.() === true ? COLOURED : PLAIN;
}
