// A method of an RPC server: its declaration and its handler.

import type { JsonInput, JsonValue } from '../../json/json-value.ts';
import type { RpcArguments, RpcResult, RpcValues, ValuesOf } from './documents.ts';

/** Arguments of a sample call: by position, or by name. */
export type RpcExample = readonly JsonInput[] | Readonly<Record<string, JsonInput>>;

/** Who calls. */
export interface RpcCaller {
  /** The user who calls; undefined for the program itself. */
  readonly user: string | undefined;
  /** Aborted when the client leaves, see `HttpRequest.signal`; undefined for the program itself. */
  readonly signal: AbortSignal | undefined;
}

/** The call that a method answers. */
export interface RpcCall extends RpcCaller {
  /** The name of the method. */
  readonly method: string;
  /** The arguments as they came, by position. */
  readonly positions: readonly JsonValue[];
}

/** The declaration of a method. */
export interface RpcDeclaration {
  /** The name under which clients call it. */
  readonly name: string;
  /** A heading of the help, in lower case; `hidden` ones are not in the list. */
  readonly category: string;
  /** For the help: what it does, one idea a sentence. */
  readonly description: string;
  readonly result: RpcResult;
  /** For the help: sample calls. */
  readonly examples?: readonly RpcExample[];
}

/** A method of an RPC server, see `defineRpcMethod`. */
export interface RpcMethod extends RpcDeclaration {
  readonly arguments: RpcArguments;
  /** Answers. @param values - Checked, by name. @param call - Further facts of the call. */
  call(values: RpcValues, call: RpcCall): JsonInput | Promise<JsonInput>;
}

/**
 * Declares a method. The declared arguments are used to check calls and to write the help.
 *
 * @example
 * const add = defineRpcMethod({
 *   name: 'add',
 *   category: 'math',
 *   description: 'Adds two numbers.',
 *   arguments: {
 *     a: { type: 'integer', description: 'the first' },
 *     b: { type: 'integer', default: 1, description: 'the second' },
 *   },
 *   result: { type: 'integer', description: 'the sum' },
 *   call: ({ a, b }) => a + b,
 * });
 */
export function defineRpcMethod<const Arguments extends RpcArguments>(
  method: RpcDeclaration & {
    readonly arguments?: Arguments;
    /**
     * Answers. An `RpcError` it throws reaches the client as it is; of another error the message does, with code −1.
     *
     * @param values - What the client sent, by name. Left out: the default, or undefined.
     */
    call(values: ValuesOf<Arguments>, call: RpcCall): JsonInput | Promise<JsonInput>;
  },
): RpcMethod {
  return {
    ...method,
    arguments: method.arguments ?? {},
    call: (values, call) => method.call(values as ValuesOf<Arguments>, call),
  };
}
