// The effective options of a node: one typed value of each, wherever it was given.

import { UsageError } from '../options.ts';
import { readsAsTrue } from './conf-text.ts';
import { listOf, singleOf } from './given.ts';
import type { Given, GivenOptions, LookUp } from './given.ts';
import { NODE_OPTIONS } from './node-options.ts';

/** Longest value in a message, in characters. */
const MAX_SHOWN_CHARS = 100;

/** The settings of a node on one chain. Names are those of the table of options. */
export class Settings {
  readonly #given: GivenOptions;
  readonly #section: string;

  /** @param section - The chain's section of files, by Core's name. */
  constructor(given: GivenOptions, section: string) {
    this.#given = given;
    this.#section = section;
  }

  /** Whether a value was given that counts; a negation is one. */
  isSet(name: string): boolean {
    return this.#single(name) !== undefined;
  }

  /** Whether the effective value is a negation, `noname`. */
  isNegated(name: string): boolean {
    return this.#single(name)?.value === false;
  }

  /** A switch; undefined if not given. @throws {UsageError} The value is neither 0 nor 1. */
  switch(name: string): boolean | undefined {
    const given = this.#single(name);
    return given === undefined ? undefined : switchOf(name, given);
  }

  /** A text; undefined if not given, or negated. */
  text(name: string): string | undefined {
    const value = this.#single(name)?.value;
    return value === undefined || value === false ? undefined : textOf(value);
  }

  /** All texts of a repeatable option, from every place that counts. */
  texts(name: string): readonly string[] {
    return this.#list(name).map(({ value }) => textOf(value));
  }

  /** A whole number; undefined if not given. A negation is 0. @throws {UsageError} Malformed, or out of range. */
  count(name: string, min = 0, max: number = Number.MAX_SAFE_INTEGER): number | undefined {
    return this.#number(name, /^[+-]?\d+$/, 'whole number', min, max);
  }

  /** As `count`, with fractions. */
  decimal(name: string, min: number, max: number): number | undefined {
    return this.#number(name, /^[+-]?(\d+\.?\d*|\.\d+)$/, 'number', min, max);
  }

  #number(name: string, form: RegExp, what: string, min: number, max: number): number | undefined {
    const given = this.#single(name);
    if (given === undefined) return undefined;
    const text = given.value === false ? '0' : textOf(given.value);
    const number = Number(text);
    if (form.test(text) && number >= min && number <= max) return number;
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
    throw new UsageError(`${given.origin}: expected a ${what}, ${range}, got '${shown(name, text)}'`);
  }

  /** One of a few words. @throws {UsageError} Another word. */
  choice<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name);
    const found = words.find((word) => word === text);
    if (text === undefined || found !== undefined) return found;
    throw this.refusal(name, `expected one of ${words.join(', ')}, got '${shown(name, text)}'`);
  }

  /** An error about an option's value, with the place where it was given. */
  refusal(name: string, reason: string): UsageError {
    const origin = this.#single(name)?.origin ?? this.#list(name)[0]?.origin ?? `--${name}`;
    return new UsageError(`${origin}: ${reason}`);
  }

  #single(name: string): Given | undefined {
    return singleOf(this.#given, name, this.#lookUp(name));
  }

  #list(name: string): readonly Given[] {
    return listOf(this.#given, name, this.#lookUp(name));
  }

  #lookUp(name: string): LookUp {
    return { section: this.#section, usesTop: this.#section === 'main' || NODE_OPTIONS[name]?.isPerChain !== true };
  }
}

/**
 * A switch. Bitcoin Core reads every text that is not a number as 0, `true` and `yes` included: here they are refused, so
 * that a file means the same in both.
 *
 * @throws {UsageError} Not a number.
 */
export function switchOf(name: string, { value, origin }: Given): boolean {
  if (typeof value === 'boolean') return value;
  if (value !== '' && !/^[+-]?\d+$/.test(value)) {
    throw new UsageError(`${origin}: expected 0 or 1, got '${shown(name, value)}'`);
  }
  return readsAsTrue(value);
}

/** A value as Core writes it in text: a double negation is 1. */
function textOf(value: string | boolean): string {
  return typeof value === 'string' ? value : value ? '1' : '0';
}

function shown(name: string, text: string): string {
  if (NODE_OPTIONS[name]?.isSecret === true) return '***';
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}
