// Text options: other values are refused by name.

import { invalidArg } from '../../util/errors/errors.ts';

/** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: neither a string nor left out. */
export function text(name: string, value: string | undefined, fallback: string): string {
  if (value !== undefined && typeof value !== 'string') throw invalidArg(name, 'a string', value);
  return value ?? fallback;
}

/**
 * A list of texts, copied; empty if it is left out.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not an array of strings.
 */
export function texts(name: string, value: readonly string[] = []): readonly string[] {
  const isTexts = Array.isArray(value) && value.every((entry) => typeof entry === 'string');
  if (!isTexts) throw invalidArg(name, 'an array of strings', value);
  return [...value];
}
