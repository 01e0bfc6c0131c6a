// Checks a client's arguments against a method's declaration. (Bitcoin Core src/rpc/util.cpp, RPCHelpMan::HandleRequest)

import { JsonNumber } from '../../json/json-value.ts';
import type { JsonInput, JsonValue } from '../../json/json-value.ts';
import { writeJson } from '../../json/json-writer.ts';
import { RPC_CODES, RpcError } from '../protocol/rpc-error.ts';
import { isOptional, typeNameOf, wordOf } from './documents.ts';
import type { RpcArgument, RpcArguments, RpcValues } from './documents.ts';

const MIN_INT32 = -(2 ** 31);
const MAX_INT32 = 2 ** 31 - 1;

/** Values for a method without arguments. */
const NO_VALUES: RpcValues = Object.freeze({});

/** The declared arguments of one method, prepared for checking calls. */
export class ArgumentCheck {
  readonly names: readonly string[];
  /** Least and most values of a call. */
  readonly minCount: number;
  readonly #arguments: readonly RpcArgument[];

  constructor(declared: RpcArguments) {
    this.names = Object.keys(declared);
    this.#arguments = Object.values(declared);
    this.minCount = this.#arguments.findLastIndex((argument) => !isOptional(argument)) + 1;
  }

  /** Whether a call may have this many values. */
  takesCount(count: number): boolean {
    return count >= this.minCount && count <= this.#arguments.length;
  }

  /**
   * The values for the handler.
   *
   * @param positions - As many as `takesCount` allows.
   * @throws {RpcError} −3: types are wrong; the message names all of them. −1: an integer is malformed, or out of its range.
   */
  valuesOf(positions: readonly JsonValue[]): RpcValues {
    if (this.#arguments.length === 0) return NO_VALUES;
    this.#checkTypes(positions);
    const values: Record<string, RpcValues[string]> = {};
    for (const [position, argument] of this.#arguments.entries()) {
      values[this.names[position]!] = valueOf(argument, positions[position] ?? null);
    }
    return values;
  }

  #checkTypes(positions: readonly JsonValue[]): void {
    const faults: string[] = [];
    for (const [position, argument] of this.#arguments.entries()) {
      const value = positions[position] ?? null;
      if (argument.type === 'any' || (value === null && isOptional(argument))) continue;
      const [type, expected] = [typeNameOf(value), wordOf(argument.type)];
      if (type === expected) continue;
      const place = writeJson(`Position ${position + 1} (${this.names[position]})`);
      faults.push(`    ${place}: "JSON value of type ${type} is not of expected type ${expected}"`);
    }
    if (faults.length > 0) throw new RpcError(RPC_CODES.type, `Wrong type passed:\n{\n${faults.join(',\n')}\n}`);
  }
}

function valueOf(argument: RpcArgument, value: JsonValue): RpcValues[string] {
  if (value === null) return argument.type === 'any' ? null : plainDefault(argument.default);
  if (!(value instanceof JsonNumber)) return value;
  if (argument.type === 'number') return numberOf(value);
  if (argument.type !== 'integer') return value;
  return integerOf(value, argument.min, argument.max);
}

/** Defaults are JSON that the program wrote; lists and objects have none. */
function plainDefault(value: JsonInput | undefined): RpcValues[string] {
  return value as RpcValues[string];
}

/** @throws {RpcError} −1: beyond what a double holds. (Core, UniValue::get_real) */
function numberOf(number: JsonNumber): number {
  const value = number.toNumber();
  if (!Number.isFinite(value)) throw new RpcError(RPC_CODES.misc, 'JSON double out of range');
  return value;
}

/**
 * A number as an integer.
 *
 * @param min - At least -2^53 + 1; default that of 32 bits. @param max - At most 2^53 - 1; default that of 32 bits.
 * @throws {RpcError} −1: digits with a point or exponent, or out of range.
 */
function integerOf(number: JsonNumber, min: number = MIN_INT32, max: number = MAX_INT32): number {
  const value = number.toInteger(min, max);
  if (value === undefined) throw new RpcError(RPC_CODES.misc, 'JSON integer out of range');
  return value;
}
