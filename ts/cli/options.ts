// Options of commands: declared once, used to parse command lines and to write help and completions. The kinds of options
// are in `option-kinds.ts`.

import { parseArgs } from 'node:util';

import { nearestName } from '../util/options/nearest-name.ts';

/** The command line is invalid; the message says why, and the exit code is 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** What a shell offers for a value. */
export type Completion = 'nothing' | 'file' | 'folder' | readonly string[];

/** An option's part in help and completions. */
export interface OptionHelp {
  /** The name of its value in the help; undefined for a switch, which has none. */
  readonly placeholder: string | undefined;
  readonly help: string;
  readonly completion: Completion;
  /** The heading in a long help. */
  readonly group?: string;
}

/** One option. */
export interface Option<Value> extends OptionHelp {
  /** Its value, from everything given for it: nothing, one text, or several in order. */
  read(name: string, given: readonly string[]): Value;
}

/** The options of a command, by name without dashes. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The values of a table's options. */
export type ValuesOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};

/** An argument that is not an option. */
export interface Operand {
  readonly placeholder: string;
  readonly help: string;
  readonly completion?: Completion;
}

/** All arguments of a command. */
export interface CommandLine {
  readonly options: OptionTable;
  /** Each is required, once. */
  readonly operands?: readonly Operand[];
}

/**
 * Parses the words after a command's name.
 * @throws {UsageError} An unknown option, a missing, unexpected or invalid value, or a wrong number of operands. The message
 * names it, and suggests the likely intention.
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

/** One option on the command line. */
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
  // Not strict: errors get our own messages.
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
  // A word that looks like an option is one: such a value can be given after an equals sign.
  const isMissing = value === undefined || (!inlineValue && value.startsWith('-') && value !== '-');
  if (isMissing) throw new UsageError(`--${name}: ${placeholder} is missing`);
  return value;
}

function checkOperands(expected: readonly Operand[], given: readonly string[]): void {
  const missing = expected[given.length];
  if (missing !== undefined) throw new UsageError(`${missing.placeholder} is missing: ${missing.help}`);
  const surplus = given[expected.length];
  if (surplus !== undefined) throw new UsageError(`'${surplus}' is an unexpected argument`);
}

/** `; did you mean X?`, or the empty text. */
export function didYouMean(word: string, words: readonly string[], prefix = ''): string {
  const nearest = nearestName(word, words);
  return nearest === undefined ? '' : `; did you mean ${prefix}${nearest}?`;
}
