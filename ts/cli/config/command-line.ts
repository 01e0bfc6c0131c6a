// The command line of a node: Bitcoin Core's way (`-name=value`), and ours (`--name value`).

import { UsageError, didYouMean } from '../options.ts';
import { ABSENT_OPTIONS } from './absent-options.ts';
import { nameAndValue } from './conf-text.ts';
import { addGiven } from './given.ts';
import type { Given, Layer } from './given.ts';
import { NODE_OPTIONS, findNodeOption } from './node-options.ts';
import type { NodeOption } from './node-options.ts';

/**
 * Reads the arguments of `sockman node`.
 *
 * Options have one dash or two. After two dashes the value may be the next word; a switch takes only `0` and `1` from there.
 * With one dash the value follows an equals sign, as in Core; without it the value is empty.
 *
 * @throws {UsageError} An unknown option, a missing value, or a word without an option.
 */
export function readCommandLine(args: readonly string[]): Layer {
  const layer = new Map<string, Given[]>();
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    const dashes = word.startsWith('--') ? 2 : word.startsWith('-') ? 1 : 0;
    if (dashes === 0 || word.length === dashes) throw new UsageError(`'${word}' is an unexpected argument`);
    const equals = word.indexOf('=');
    const rawName = equals < 0 ? word : word.slice(0, equals);
    const key = rawName.slice(dashes);
    const inline = equals < 0 ? undefined : word.slice(equals + 1);
    const { name, option, isNegated } = namedBy(key, rawName);
    const usesNext = inline === undefined && dashes === 2 && !isNegated && takesNext(option, args[at + 1]);
    if (usesNext) at++;
    // An empty word is an unset variable of a script.
    const text = usesNext ? args[at] : inline;
    if (usesNext && text === '' && option?.kind === 'switchOrText') throw missing(rawName, option);
    checkPresence(option, rawName, text, dashes === 1 || isNegated);
    const value = isNegated ? nameAndValue(`no${name}`, text).value : (text ?? '');
    addGiven(layer, name, { value, origin: rawName });
  }
  const includes = layer.get('includeconf')?.find(({ value }) => value !== false);
  if (includes !== undefined) {
    throw new UsageError('-includeconf can only be used in files; -noincludeconf disables includes');
  }
  return layer;
}

interface Named {
  /** Name in the table of options; for an absent option, the given name. */
  readonly name: string;
  readonly option: NodeOption | undefined;
  readonly isNegated: boolean;
}

/** @throws {UsageError} The name is neither ours nor Core's. */
function namedBy(key: string, rawName: string): Named {
  const plain = knownAs(key);
  if (plain !== undefined) return { ...plain, isNegated: false };
  const negated = key.startsWith('no') ? knownAs(key.slice(2).replace(/^-/, '')) : undefined;
  if (negated !== undefined) return { ...negated, isNegated: true };
  throw new UsageError(unknownOption(rawName, key));
}

function knownAs(key: string): Omit<Named, 'isNegated'> | undefined {
  const found = findNodeOption(key);
  if (found !== undefined) return { name: found[0], option: found[1] };
  return ABSENT_OPTIONS.has(key) ? { name: key, option: undefined } : undefined;
}

/** `no option -x; did you mean -y?` */
export function unknownOption(shown: string, key: string): string {
  const dashes = shown.startsWith('--') ? '--' : shown.startsWith('-') ? '-' : '';
  return `no option ${shown}${didYouMean(key, [...Object.keys(NODE_OPTIONS), ...ABSENT_OPTIONS.keys()], dashes)}`;
}

/** A word that looks like an option is one: such a value can be given after an equals sign. */
function takesNext(option: NodeOption | undefined, next: string | undefined): boolean {
  if (option?.placeholder === undefined || next === undefined) return false;
  if (option.kind === 'switch') return next === '0' || next === '1';
  return !next.startsWith('-') || next === '-';
}

function checkPresence(
  option: NodeOption | undefined,
  shown: string,
  text: string | undefined,
  mayElide: boolean,
): void {
  if (option === undefined) return;
  if (option.placeholder === undefined && text !== undefined && !mayElide) {
    throw new UsageError(`${shown} takes no value, got '${text}'`);
  }
  const needsOne = option.placeholder !== undefined && option.kind !== 'switch' && option.kind !== 'switchOrText';
  if (needsOne && text === undefined && !mayElide) throw missing(shown, option);
}

function missing(shown: string, { placeholder }: NodeOption): UsageError {
  return new UsageError(`${shown}: ${placeholder} is missing`);
}
