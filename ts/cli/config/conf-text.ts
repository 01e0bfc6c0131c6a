// The lines of a `bitcoin.conf`: `name=value`, `[section]`, `#` and what follows it. (Bitcoin Core src/common/config.cpp)

import { StartError } from '../start-error.ts';

/** A configuration file is invalid; the message names the file and the line. */
export class ConfError extends StartError {
  constructor(message: string) {
    super(`Error reading configuration file: ${message}`);
    this.name = 'ConfError';
  }
}

/** One assignment. */
export interface ConfEntry {
  /** '' outside of a section. */
  readonly section: string;
  readonly name: string;
  /** The text; false for `noname=1`, true for `noname=0`. */
  readonly value: string | boolean;
  /** `file:line`. */
  readonly place: string;
}

/** A section in a file. */
export interface ConfSection {
  readonly name: string;
  readonly place: string;
}

/** The content of a file. */
export interface ConfText {
  readonly entries: readonly ConfEntry[];
  readonly sections: readonly ConfSection[];
}

const BLANKS = /^[ \t\r]+|[ \t\r]+$/g;

/** @throws {ConfError} A line has none of the three forms, or its meaning is ambiguous. */
export function parseConf(text: string, file: string): ConfText {
  const entries: ConfEntry[] = [];
  const sections: ConfSection[] = [];
  let section = '';
  for (const [index, whole] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const place = `${file}:${index + 1}`;
    const hash = whole.indexOf('#');
    const line = trim(hash < 0 ? whole : whole.slice(0, hash));
    if (line === '') continue;
    if (line.startsWith('[') && line.endsWith(']')) {
      section = line.slice(1, -1);
      sections.push({ name: section, place });
      continue;
    }
    const { key, value } = assignmentOf(line, place);
    if (hash >= 0 && key.includes('rpcpassword')) {
      throw new ConfError(`${place}: a # in rpcpassword would begin a comment: choose another password`);
    }
    // `regtest.port` before any section is `port` of [regtest].
    const named = section === '' && key.includes('.') ? key.slice(0, key.indexOf('.')) : undefined;
    if (named !== undefined) sections.push({ name: named, place });
    entries.push({
      section: named ?? section,
      place,
      ...nameAndValue(named === undefined ? key : key.slice(named.length + 1), value),
    });
  }
  return { entries, sections };
}

function assignmentOf(line: string, place: string): { key: string; value: string } {
  if (line.startsWith('-')) throw new ConfError(`${place}: '${line}': options have no dashes in a file`);
  const equals = line.indexOf('=');
  if (equals >= 0) return { key: trim(line.slice(0, equals)), value: trim(line.slice(equals + 1)) };
  const hint = line.startsWith('no') ? `; to negate, write ${line}=1` : '';
  throw new ConfError(`${place}: '${line}': expected name=value${hint}`);
}

/**
 * `noname` is the negation of `name`; with a false value it is a double negation.
 * @param value - Undefined without an equals sign.
 */
export function nameAndValue(key: string, value: string | undefined): { name: string; value: string | boolean } {
  if (!key.startsWith('no')) return { name: key, value: value ?? '' };
  return { name: key.slice(2), value: value !== undefined && !readsAsTrue(value) };
}

/** Bitcoin Core's reading of a switch: empty text and numbers except zero are true, all other text is false. */
export function readsAsTrue(text: string): boolean {
  return text === '' || Number.parseInt(text, 10) > 0 || Number.parseInt(text, 10) < 0;
}

function trim(text: string): string {
  return text.replace(BLANKS, '');
}
