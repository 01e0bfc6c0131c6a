// What was given for the options of a node, before it means anything: where it stood, and which of several counts.
//
// Settings come from the command line, from the section of the chain in the configuration files, and from the part of those
// files before any section. (Bitcoin Core src/common/settings.cpp)

/** What was given for an option once. */
export interface Given {
  /** The text behind the equals sign; false of a negation (`noproxy=1`), true of a double one (`noproxy=0`). */
  readonly value: string | boolean;
  /** Where it stood, for messages: `-port`, or `bitcoin.conf:3: port`. */
  readonly origin: string;
}

/** What one place says: for each option, everything in its order. */
export type Layer = ReadonlyMap<string, readonly Given[]>;

/** All that was given. */
export interface GivenOptions {
  readonly commandLine: Layer;
  /** By the name of the section; '' is the part before any. */
  readonly sections: ReadonlyMap<string, Layer>;
}

/** Adds to a layer that is being made. */
export function addGiven(layer: Map<string, Given[]>, name: string, given: Given): void {
  const earlier = layer.get(name);
  if (earlier === undefined) layer.set(name, [given]);
  else earlier.push(given);
}

/** What one place says about one option: a negation drops everything before it. */
class Span {
  readonly kept: readonly Given[];
  /** The last word, if that is a negation. */
  readonly negation: Given | undefined;
  readonly hasNegation: boolean;

  constructor(all: readonly Given[] = []) {
    const lastNegation = all.findLastIndex(({ value }) => value === false);
    this.hasNegation = lastNegation >= 0;
    this.kept = all.slice(lastNegation + 1);
    this.negation = this.hasNegation && this.kept.length === 0 ? all[lastNegation] : undefined;
  }
}

/** How an option is looked up. */
export interface LookUp {
  readonly section: string;
  /** Whether what stands before any section counts: for a network option only on the main chain. */
  readonly usesTop: boolean;
}

/**
 * What counts for an option that has one value.
 *
 * The command line comes first, and of several there the last; then the section, then what stands before any, and of several
 * in a file the **first**. A negation that is the last word of its place counts as well, even where values would not.
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
 * All that counts for an option that may be given several times: of the command line, the section and the part before any,
 * in this order. A negation ends it: nothing of a later place counts, except that a value behind a negation on the command
 * line brings the files back, as in Bitcoin Core.
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
 * What counts for an option that chooses the chain: it stands before any section, of several in a file the last counts, and
 * a negation on the command line is passed over, as in Bitcoin Core.
 */
export function chainOptionOf({ commandLine, sections }: GivenOptions, name: string): Given | undefined {
  for (const layer of [commandLine, sections.get('')]) {
    const last = new Span(layer?.get(name)).kept.at(-1);
    if (last !== undefined) return last;
  }
  return undefined;
}

/** Whether an option stands only where it does not count: before any section, with another chain chosen. */
export function isOnlyAtTop({ commandLine, sections }: GivenOptions, name: string, section: string): boolean {
  const has = (layer: Layer | undefined): boolean => new Span(layer?.get(name)).kept.length > 0;
  return has(sections.get('')) && !has(commandLine) && !has(sections.get(section));
}
