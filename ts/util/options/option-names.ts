// Misspelt options: refused by name, with the one that was probably meant.

import { invalidArg } from '../errors/errors.ts';
import { nearestName } from './nearest-name.ts';

/**
 * Checks that an object of options has only known names. Names whose value is undefined are ignored.
 *
 * @param where - Prefix of the name in the error: `proxy` for `proxy.endpoint`; may be empty. @param known - An object with
 * every valid name.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the option, and the nearest there is.
 */
export function checkOptionNames(where: string, options: object, known: Readonly<Record<string, true>>): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name) || (options as Record<string, unknown>)[name] === undefined) continue;
    const nearest = nearestName(name, Object.keys(known));
    const meant = nearest === undefined ? `one of ${Object.keys(known).join(', ')}` : `${nearest}`;
    throw invalidArg(where === '' ? 'options' : where, meant, name);
  }
}
