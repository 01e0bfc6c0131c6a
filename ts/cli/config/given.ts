// The values given for options, before they are parsed: where each was given, and which of several applies.
//
// Settings come from the command line, from the section of the chain in the configuration files, and from the part of those
// files before any section. (Bitcoin Core src/common/settings.cpp)

/** One value given for an option. */
export interface Given {
  /** The text after the equals sign; false for a negation (`noproxy=1`), true for a double one (`noproxy=0`). */
  readonly value: string | boolean;
  /** Where it was given, for messages: `-port`, or `bitcoin.conf:3: port`. */
  readonly origin: string;
}

/** The values of one place: for each option, in order. */
export type Layer = ReadonlyMap<string, readonly Given[]>;

/** All values that were given. */
export interface GivenOptions {
  readonly commandLine: Layer;
  /** By section; '' is the part before any section. */
  readonly sections: ReadonlyMap<string, Layer>;
}

/** Adds a value to a layer. */
export function addGiven(layer: Map<string, Given[]>, name: string, given: Given): void {
  const earlier = layer.get(name);
  if (earlier === undefined) layer.set(name, [given]);
  else earlier.push(given);
}

/** The values of one option in one place: a negation drops those before it. */
class Span {
  readonly kept: readonly Given[];
  /** The last value, if it is a negation. */
  readonly negation: Given | undefined;
  readonly hasNegation: boolean;

  constructor(all: readonly Given[] = []) {
    const lastNegation = all.findLastIndex(({ value }) => value === false);
    this.hasNegation = lastNegation >= 0;
    this.kept = all.slice(lastNegation + 1);
    this.negation = this.hasNegation && this.kept.length === 0 ? all[lastNegation] : undefined;
  }
}

/** How to look up an option. */
export interface LookUp {
  readonly section: string;
  /** Whether the part before any section applies: for a network option only on the main chain. */
  readonly usesTop: boolean;
}

/**
 * The effective value of a single-valued option.
 * The command line has priority, and its last value is used; then the section, then the part before any section, and in a
 * file the **first** value is used. A negation at the end of a place is used even where values would not be.
 */
export function singleOf({ commandLine, sections }: GivenOptions, name: string, look: LookUp): Given | undefined {
  const typed = new Span(commandLine.get(name));
  if (typed.kept.length > 0) return typed.kept.at(-1);
  if (typed.negation !== undefined) return typed.negation;
  for (const section of [look.section, '']) {
    const written = new Span(sections.get(section)?.get(name));
    if (written.negation !== undefined) return written.negation;
    if (section === '' && !look.usesTop) continue;
    if (written.kept.length > 0) return written.kept[0];
  }
  return undefined;
}

/**
 * The effective values of a repeatable option, from the command line, the section and the part before any, in this order. A
 * negation ends the list: later places are ignored. As in Bitcoin Core, a value after a negation on the command line brings
 * the files back.
 */
export function listOf({ commandLine, sections }: GivenOptions, name: string, look: LookUp): readonly Given[] {
  const result: Given[] = [];
  let isDone = false;
  let isCleared = false;
  const places: readonly (readonly [Layer | undefined, isFile: boolean])[] = [
    [commandLine, false],
    [sections.get(look.section), true],
    ...(look.usesTop ? ([[sections.get(''), true]] as const) : []),
  ];
  for (const [layer, isFile] of places) {
    const span = new Span(layer?.get(name));
    if (!isDone || (isFile && !isCleared)) result.push(...span.kept);
    isDone ||= span.hasNegation;
    isCleared ||= span.negation !== undefined && result.length === 0;
  }
  return result;
}

/**
 * The effective value of an option that chooses the chain. As in Bitcoin Core, it is read from the part before any section,
 * the last value in a file is used, and a negation on the command line is ignored.
 */
export function chainOptionOf({ commandLine, sections }: GivenOptions, name: string): Given | undefined {
  for (const layer of [commandLine, sections.get('')]) {
    const last = new Span(layer?.get(name)).kept.at(-1);
    if (last !== undefined) return last;
  }
  return undefined;
}

/** Whether an option was given only where it does not apply: before any section, with another chain chosen. */
export function isOnlyAtTop({ commandLine, sections }: GivenOptions, name: string, section: string): boolean {
  const has = (layer: Layer | undefined): boolean => new Span(layer?.get(name)).kept.length > 0;
  return has(sections.get('')) && !has(commandLine) && !has(sections.get(section));
}
