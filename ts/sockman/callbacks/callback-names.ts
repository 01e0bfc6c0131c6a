// The names of the callbacks, and a check for misspelt ones, which would never be called.

import { invalidArg } from '../../util/errors/errors.ts';
import { nearestName } from '../../util/options/nearest-name.ts';
import type { SockManCallbacks } from './callbacks.ts';

const CALLBACKS: Readonly<Record<keyof SockManCallbacks, 'required' | 'optional'>> = {
  eventNewConnectionAccepted: 'required',
  eventReadyToSend: 'required',
  eventGotData: 'required',
  eventGotEOF: 'required',
  eventGotPermanentReadError: 'required',
  eventConnectionClosed: 'optional',
  shouldTryToSend: 'optional',
  shouldTryToRecv: 'optional',
  eventIOLoopCompletedForNode: 'optional',
  eventIOLoopCompletedForAllPeers: 'optional',
  eventI2PListen: 'optional',
};

export const CALLBACK_NAMES = Object.keys(CALLBACKS) as readonly (keyof SockManCallbacks)[];

/** Prefixes that mark a name as meant for a callback. */
const CALLBACK_PREFIX = /^(event|shouldTry)[A-Z]/;

/**
 * Edits per character up to which a subclass's method counts as misspelt: fewer than between two names chosen independently.
 */
const OVERRIDE_SLIPS = 0.1;

/**
 * Checks an object of handlers for misspelt callback names. It may have further methods.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the handler and the nearest callback.
 */
export function checkHandlerNames(handlers: object): void {
  for (const name of methodNames(handlers, Object.prototype)) {
    if (name in CALLBACKS) continue;
    const nearest = nearestName(name, CALLBACK_NAMES);
    if (nearest !== undefined || CALLBACK_PREFIX.test(name)) throw noSuchCallback('handlers', name, nearest);
  }
}

/**
 * Checks an instance of a subclass of `SockMan`: it must have the required callbacks, and no name that differs from a
 * callback's in case or a letter.
 * @param base - The prototype where the subclass ends.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the method and the nearest callback.
 */
export function checkOverrideNames(sockMan: object, base: object): void {
  for (const name of methodNames(sockMan, base)) {
    if (name in CALLBACKS || name in base || !CALLBACK_PREFIX.test(name)) continue;
    const nearest = nearestName(name, CALLBACK_NAMES, OVERRIDE_SLIPS);
    if (nearest !== undefined) throw noSuchCallback(sockMan.constructor.name, name, nearest);
  }
  for (const name of CALLBACK_NAMES) {
    const method: unknown = (sockMan as Record<string, unknown>)[name];
    if (typeof method === 'function' || CALLBACKS[name] === 'optional') continue;
    throw invalidArg(`${sockMan.constructor.name}.${name}`, 'a method', method);
  }
}

/** Names of an object's functions, its own or of its prototypes up to `end`. Getters are not called. */
function* methodNames(object: object, end: object): Iterable<string> {
  for (let owner: object | null = object; owner !== null && owner !== end; owner = Object.getPrototypeOf(owner)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (typeof value === 'function' && name !== 'constructor') yield name;
    }
  }
}

function noSuchCallback(where: string, name: string, nearest: string | undefined): TypeError {
  return invalidArg(where, nearest ?? `one of ${CALLBACK_NAMES.join(', ')}`, name);
}
