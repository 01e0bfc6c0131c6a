// Checks of callers' arguments. Misuse throws before anything has changed.

import { outOfRange } from '../errors/errors.ts';

/** @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `value` is no integer from `min` to `max`. */
export function checkInteger(name: string, value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): void {
  if (!(Number.isInteger(value) && value >= min && value <= max)) throw outOfRange(name, `${min}..${max}`, value);
}
