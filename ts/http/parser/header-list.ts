// The header of a request. It is kept as the text that came, and taken apart when somebody asks.

import { trimmed } from './framing.ts';

/** Name and value, as they came; the value without the blanks around it. */
export type HeaderField = readonly [name: string, value: string];

/** Header fields in the order they came; names are found in any case. */
export class HeaderList implements Iterable<HeaderField> {
  /** @internal */
  readonly text: string;
  #fields: HeaderField[] | undefined = undefined;

  /** @param text - Header lines that the parser accepted, each with its line end. */
  constructor(text: string) {
    this.text = text;
  }

  /** The value of the first field of that name, in any case; undefined without one. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    for (const [other, value] of this.#read()) {
      if (other.length === wanted.length && other.toLowerCase() === wanted) return value;
    }
    return undefined;
  }

  /** The values of all fields of that name, in order. */
  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.#read().flatMap(([other, value]) => (other.toLowerCase() === wanted ? [value] : []));
  }

  /** All fields, in order, duplicates included. */
  [Symbol.iterator](): Iterator<HeaderField> {
    return this.#read()[Symbol.iterator]();
  }

  #read(): HeaderField[] {
    this.#fields ??= this.text.split('\n').slice(0, -1).map(fieldOf);
    return this.#fields;
  }
}

function fieldOf(line: string): HeaderField {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), trimmed(line.slice(colon + 1))];
}
