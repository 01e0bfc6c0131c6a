// Options of commands: how they are declared, and read from a command line. What is declared is also what help and
// completions are made of; the kinds of options are in `option-kinds.ts`.

import { parseArgs } from 'node:util';

import { nearestName } from '../util/options/nearest-name.ts';

/** The command line cannot be understood; the message says what, and the exit code is 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** What a shell may offer in place of a value. */
export type Completion = 'nothing' | 'file' | 'folder' | readonly string[];

/** What the help and the completions say about an option. */
export interface OptionHelp {
  /** What stands for its value in the help; undefined for a switch, which has none. */
  readonly placeholder: string | undefined;
  readonly help: string;
  readonly completion: Completion;
  /** The heading that it stands under, where there are many. */
  readonly group?: string;
}

/** One option. */
export interface Option<Value> extends OptionHelp {
  /** Its value, from all that was given for it: nothing, once, or several times in their order. */
  read(name: string, given: readonly string[]): Value;
}

/** The options of a command, by name without dashes. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** What the options of a table amount to. */
export type ValuesOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};

/** What stands on the command line without an option before it. */
export interface Operand {
  readonly placeholder: string;
  readonly help: string;
  readonly completion?: Completion;
}

/** All that a command takes. */
export interface CommandLine {
  readonly options: OptionTable;
  /** Each must be given, once. */
  readonly operands?: readonly Operand[];
}

/**
 * Reads what stands behind a command's name.
 *
 * @throws {UsageError} An option that there is not, a value that is missing, too much or out of range, an operand too few or
 *   too many. The message names it, and what was probably meant.
 */
export function parseCommandLine<Line extends CommandLine>(
  line: Line,
  args: readonly string[],
): { readonly values: ValuesOf<Line['options']>; readonly operands: readonly string[] } {
  const { options } = line;
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokensOf(options, args)) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const value = valueOf(options, token);
    given.set(token.name, [...(given.get(token.name) ?? []), value]);
  }
  checkOperands(line.operands ?? [], operands);
  const values = Object.entries(options).map(([name, option]) => [name, option.read(name, given.get(name) ?? [])]);
  return { values: Object.fromEntries(values) as ValuesOf<Line['options']>, operands };
}

/** One option as it stands on the command line. */
interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function tokensOf(options: OptionTable, args: readonly string[]) {
  const kinds = Object.entries(options).map(([name, { placeholder }]) => {
    return [name, { type: placeholder === undefined ? 'boolean' : 'string' }] as const;
  });
  // Not strict: what is wrong is said here, in our words.
  const config = {
    args: [...args],
    options: Object.fromEntries(kinds),
    allowPositionals: true,
    strict: false,
  } as const;
  return parseArgs({ ...config, tokens: true }).tokens;
}

function valueOf(options: OptionTable, { name, rawName, value, inlineValue }: OptionToken): string {
  if (!Object.hasOwn(options, name)) {
    throw new UsageError(`no option ${rawName}${didYouMean(name, Object.keys(options), '--')}`);
  }
  const { placeholder } = options[name]!;
  if (placeholder === undefined) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value, got '${value}'`);
    return '';
  }
  // What looks like an option is one: its value can still be given behind an equals sign.
  const isMissing = value === undefined || (!inlineValue && value.startsWith('-') && value !== '-');
  if (isMissing) throw new UsageError(`--${name}: ${placeholder} is missing`);
  return value;
}

function checkOperands(expected: readonly Operand[], given: readonly string[]): void {
  const missing = expected[given.length];
  if (missing !== undefined) throw new UsageError(`${missing.placeholder} is missing: ${missing.help}`);
  const surplus = given[expected.length];
  if (surplus !== undefined) throw new UsageError(`'${surplus}' is one argument too many`);
}

/** `; did you mean X?`, or nothing. */
export function didYouMean(word: string, words: readonly string[], prefix = ''): string {
  const nearest = nearestName(word, words);
  return nearest === undefined ? '' : `; did you mean ${prefix}${nearest}?`;
}
