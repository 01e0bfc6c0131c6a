// Turns named parameters into positional ones. (Bitcoin Core src/rpc/server.cpp, transformNamedArguments)

import type { JsonObject, JsonValue } from '../../json/json-value.ts';
import { RPC_CODES, RpcError } from '../protocol/rpc-error.ts';

/** The reserved name whose array gives the leading positions. */
const POSITIONAL = 'args';

/**
 * The values at their positions; null for a gap before a later value, nothing after the last.
 *
 * @param names - Those of the method, in order.
 * @throws {RpcError} −8: a name twice, a name and a position for the same, or a name that the method does not have.
 */
export function positionsOf(params: JsonObject, names: readonly string[]): JsonValue[] {
  const given = new Map<string, JsonValue>();
  for (const name of params.keys()) {
    if (given.has(name)) throw invalid(`Parameter ${name} specified multiple times`);
    given.set(name, params.get(name)!);
  }
  const values: JsonValue[] = [];
  let first: number | undefined;
  for (const [position, name] of names.entries()) {
    const value = given.get(name);
    if (value === undefined) continue;
    given.delete(name);
    first ??= position;
    while (values.length < position) values.push(null);
    values.push(value);
  }
  const leading = given.get(POSITIONAL);
  if (Array.isArray(leading)) {
    given.delete(POSITIONAL);
    if (first !== undefined && first < leading.length) {
      throw invalid(`Parameter ${names[first]} specified twice both as positional and named argument`);
    }
  }
  for (const name of given.keys()) throw invalid(`Unknown named parameter ${name}`);
  return Array.isArray(leading) ? [...leading, ...values.slice(leading.length)] : values;
}

function invalid(message: string): RpcError {
  return new RpcError(RPC_CODES.invalidParameter, message);
}
