// The kinds of options. Commands import this module under one name: `option.text(…)`, `option.flag(…)`.

import { Service } from '../netaddr/service.ts';
import { UsageError, didYouMean } from './options.ts';
import type { Completion, Option } from './options.ts';

/** A switch, off by default. */
export function flag(help: string): Option<boolean> {
  return { placeholder: undefined, help, completion: 'nothing', read: (_name, given) => given.length > 0 };
}

/** A text; the last one is used. */
export function text(
  placeholder: string,
  help: string,
  completion: Completion = 'nothing',
): Option<string | undefined> {
  return { placeholder, help, completion, read: (_name, given) => given.at(-1) };
}

/** An address to listen at: with a port, or the path of a Unix-domain socket. */
export function listenAddress(placeholder: string, help: string): Option<Service | undefined> {
  const read = (name: string, given: readonly string[]): Service | undefined => {
    const last = given.at(-1);
    const service = last === undefined ? undefined : Service.tryParse(last);
    if (last === undefined || service !== undefined) return service;
    throw new UsageError(`--${name}: expected an address such as 127.0.0.1:8080, got '${last}'`);
  };
  return { placeholder, help, completion: 'nothing', read };
}

/** A list of texts, one for each time. */
export function texts(placeholder: string, help: string): Option<readonly string[]> {
  return { placeholder, help, completion: 'nothing', read: (_name, given) => given };
}

/** A number within limits, both included. */
export function number(placeholder: string, help: string, min: number, max: number): Option<number | undefined> {
  return numberOption(placeholder, help, `a number from ${min} to ${max}`, (value) => value >= min && value <= max);
}

/** A whole number within limits, both included: a count. */
export function wholeNumber(placeholder: string, help: string, min: number, max: number): Option<number | undefined> {
  const isOne = (value: number): boolean => Number.isInteger(value) && value >= min && value <= max;
  return numberOption(placeholder, help, `a whole number from ${min} to ${max}`, isOne);
}

function numberOption(
  placeholder: string,
  help: string,
  expected: string,
  isValid: (value: number) => boolean,
): Option<number | undefined> {
  const read = (name: string, given: readonly string[]): number | undefined => {
    const last = given.at(-1);
    if (last === undefined) return undefined;
    const value = Number(last);
    if (last.trim() !== '' && isValid(value)) return value;
    throw new UsageError(`--${name}: expected ${expected}, got '${last}'`);
  };
  return { placeholder, help, completion: 'nothing', read };
}

/** One of a few words. */
export function choice<Word extends string, Otherwise extends Word | undefined>(
  placeholder: string,
  words: readonly Word[],
  otherwise: Otherwise,
  help: string,
): Option<Word | Otherwise> {
  const read = (name: string, given: readonly string[]): Word | Otherwise => {
    const last = given.at(-1);
    if (last === undefined) return otherwise;
    const found = words.find((word) => word === last);
    if (found !== undefined) return found;
    throw new UsageError(`--${name}: expected ${listed(words)}, got '${last}'${didYouMean(last, words)}`);
  };
  return { placeholder, help, completion: words, read };
}

/** 0 or 1. */
export function zeroOrOne(otherwise: boolean, help: string): Option<boolean> {
  const { read, ...option } = choice('0|1', ['0', '1'], otherwise ? '1' : '0', help);
  return { ...option, read: (name, given) => read(name, given) === '1' };
}

function listed(words: readonly string[]): string {
  return words.length === 2 ? words.join(' or ') : `one of ${words.join(', ')}`;
}
