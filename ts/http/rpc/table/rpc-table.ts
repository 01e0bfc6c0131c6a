// The methods of a server: looks them up, checks their arguments, calls them and counts. (Bitcoin Core src/rpc/server.cpp, CRPCTable)

import { invalidArg } from '../../../util/errors/errors.ts';
import { RPC_CODES, RpcError, RpcUsageError, rpcErrorOf } from '../protocol/rpc-error.ts';
import type { RpcParams } from '../protocol/rpc-request.ts';
import { JsonObject } from '../../json/json-value.ts';
import type { JsonInput, JsonValue } from '../../json/json-value.ts';
import { ArgumentCheck } from './check-arguments.ts';
import { helpText } from './help.ts';
import { positionsOf } from './named-arguments.ts';
import type { RpcCall, RpcCaller, RpcMethod } from './rpc-method.ts';

/** A method with what is derived from its declaration. */
interface Entry {
  readonly method: RpcMethod;
  readonly check: ArgumentCheck;
  okCount: number;
  errorCount: number;
}

/** How often a method was called, by outcome. */
export interface RpcMethodCounts {
  /** The method; `other` for all unknown names. */
  readonly method: string;
  /** Calls that were answered with a result. */
  readonly ok: number;
  /** Calls that were answered with an error. */
  readonly error: number;
}

/** A call that has begun and not ended. */
export interface ActiveCall {
  readonly method: string;
  readonly startedMs: number;
}

/** The program that calls its own methods. */
const PROGRAM: RpcCaller = { user: undefined, signal: undefined };

/** A call as its method sees it. A signal is made when it is asked for. */
class Call implements RpcCall {
  readonly method: string;
  readonly positions: readonly JsonValue[];
  readonly #caller: RpcCaller;

  constructor(method: string, positions: readonly JsonValue[], caller: RpcCaller) {
    this.method = method;
    this.positions = positions;
    this.#caller = caller;
  }

  get user(): string | undefined {
    return this.#caller.user;
  }

  get signal(): AbortSignal | undefined {
    return this.#caller.signal;
  }
}

const NAME = /^[!-~]+$/;

/** The methods that clients can call. */
export class RpcTable {
  readonly #entries = new Map<string, Entry>();
  readonly #active = new Set<ActiveCall>();
  readonly #now: () => number;
  #unknownCount = 0;

  /** @param now - Monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Adds a method, in place of another of that name.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the name has a blank, or is empty; or the method has no handler.
   */
  add(method: RpcMethod): void {
    if (!NAME.test(method.name)) throw invalidArg('name', 'printable characters without blanks', method.name);
    if (typeof method.call !== 'function') throw invalidArg('call', 'a function', method.call);
    this.#entries.set(method.name, { method, check: new ArgumentCheck(method.arguments), okCount: 0, errorCount: 0 });
  }

  /** All methods, in the order in which they came. */
  *methods(): IterableIterator<RpcMethod> {
    for (const { method } of this.#entries.values()) yield method;
  }

  /** The method of that name; undefined without one. */
  get(name: string): RpcMethod | undefined {
    return this.#entries.get(name)?.method;
  }

  /** Calls in progress. */
  get active(): Iterable<ActiveCall> {
    return this.#active;
  }

  /** How long a call has gone on, in milliseconds. */
  ageMs(call: ActiveCall): number {
    return this.#now() - call.startedMs;
  }

  /** How often each method was called. */
  counts(): RpcMethodCounts[] {
    const known = [...this.#entries.values()].map(({ method: { name: method }, okCount: ok, errorCount: error }) => {
      return { method, ok, error };
    });
    return [...known, { method: 'other', ok: 0, error: this.#unknownCount }];
  }

  /**
   * Calls a method.
   *
   * @returns Its result, at once where the method gives it at once.
   * @throws {RpcError} There is no such method, its arguments are wrong, or the method throws it. A promise is rejected with
   * the same.
   */
  execute(name: string, params: RpcParams, caller?: RpcCaller): JsonInput | Promise<JsonInput>;
  /**
   * Calls a method, and makes something of its result, such as its text.
   *
   * @param write - What this throws counts as the method's error.
   * @returns What `write` returned, at once where the method gives its result at once.
   * @throws {RpcError} There is no such method, its arguments are wrong, or the method or `write` throws. A promise is rejected
   * with the same.
   */
  execute<Written>(
    name: string,
    params: RpcParams,
    caller: RpcCaller,
    write: (result: JsonInput) => Written,
  ): Written | Promise<Written>;
  execute(
    name: string,
    params: RpcParams,
    caller: RpcCaller = PROGRAM,
    write: (result: JsonInput) => unknown = itself,
  ): unknown {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      this.#unknownCount++;
      throw new RpcError(RPC_CODES.methodNotFound, 'Method not found');
    }
    const active = { method: name, startedMs: this.#now() };
    this.#active.add(active);
    let isWaiting = false;
    try {
      const result = this.#call(entry, params, caller);
      if (!(result instanceof Promise)) {
        const written = write(result);
        entry.okCount++;
        return written;
      }
      isWaiting = true;
      return this.#whenDone(entry, active, result, write);
    } catch (error) {
      entry.errorCount++;
      throw toRpcError(entry.method, error);
    } finally {
      if (!isWaiting) this.#active.delete(active);
    }
  }

  #call({ method, check }: Entry, params: RpcParams, caller: RpcCaller): JsonInput | Promise<JsonInput> {
    const positions = params instanceof JsonObject ? positionsOf(params, check.names) : params;
    if (!check.takesCount(positions.length)) throw new RpcUsageError();
    return method.call(check.valuesOf(positions), new Call(method.name, positions, caller));
  }

  async #whenDone(
    entry: Entry,
    active: ActiveCall,
    result: Promise<JsonInput>,
    write: (result: JsonInput) => unknown,
  ): Promise<unknown> {
    try {
      const written = write(await result);
      entry.okCount++;
      return written;
    } catch (error) {
      entry.errorCount++;
      throw toRpcError(entry.method, error);
    } finally {
      this.#active.delete(active);
    }
  }
}

function itself(result: JsonInput): JsonInput {
  return result;
}

/** Anything that a method throws, as the error that its client gets. */
function toRpcError(method: RpcMethod, error: unknown): RpcError {
  if (error instanceof RpcUsageError) return new RpcError(error.code, helpText(method));
  return rpcErrorOf(error);
}
