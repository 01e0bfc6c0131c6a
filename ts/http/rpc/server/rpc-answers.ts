// Turns the body of a request into the body and status of its answer. (Bitcoin Core src/httprpc.cpp, ExecuteHTTPRPC)

import { parseJson } from '../../json/json-reader.ts';
import { JsonNumber, JsonObject } from '../../json/json-value.ts';
import type { JsonInput, JsonValue } from '../../json/json-value.ts';
import { shown } from '../../../util/errors/errors.ts';
import { silentLogger } from '../../../util/logger.ts';
import type { Logger } from '../../../util/logger.ts';
import type { Clock } from '../../../util/time/clock.ts';
import type { MethodLists } from '../auth/method-lists.ts';
import { RPC_CODES, RpcError, rpcErrorOf } from '../protocol/rpc-error.ts';
import { errorText, resultText } from '../protocol/rpc-reply.ts';
import { RpcRequest } from '../protocol/rpc-request.ts';
import type { RpcCaller } from '../table/rpc-method.ts';
import type { RpcTable } from '../table/rpc-table.ts';

/** How long a batch may run before other work gets a turn, in milliseconds. */
const BATCH_SLICE_MS = 10;

/** Most that the answers of a batch may have together, in characters: a small body can ask for the same page a million times. */
const MAX_BATCH_CHARS = 2 ** 28;

/** Longest text of a client in the log, in characters. */
const MAX_LOGGED_CHARS = 256;

/** Statuses of particular errors; all others get 500. (Core, JSONErrorReply) */
const STATUS_BY_CODE: Readonly<Record<number, number>> = {
  [RPC_CODES.invalidRequest]: 400,
  [RPC_CODES.methodNotFound]: 404,
};

/** The answer to a request. */
export interface RpcAnswer {
  readonly status: number;
  /** JSON; empty for none. */
  readonly text: string;
}

const FORBIDDEN: RpcAnswer = { status: 403, text: '' };
const NOTHING: RpcAnswer = { status: 204, text: '' };

/** What answers need. */
export interface RpcAnswersOptions {
  readonly table: RpcTable;
  readonly methodLists: MethodLists;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'now' | 'soon'>;
}

/** Answers bodies. */
export class RpcAnswers {
  /** Status that calls are answered with while the node starts; undefined once they are executed. */
  warmupStatus: string | undefined = undefined;
  readonly #options: RpcAnswersOptions;

  constructor(options: RpcAnswersOptions) {
    this.#options = options;
  }

  /** The answer; at once where every method called gives its result at once. Never throws, and its promise never fails. */
  answer(body: Uint8Array, caller: RpcCaller): RpcAnswer | Promise<RpcAnswer> {
    const { methodLists } = this.#options;
    const user = nameOf(caller);
    let value: JsonValue;
    try {
      value = parseJson(body);
    } catch {
      return refusal(new RpcRequest(), new RpcError(RPC_CODES.parse, 'Parse error'));
    }
    if (methodLists.allowsNothing(user)) return this.#forbid(user, 'any methods');
    if (Array.isArray(value)) return this.#batch(value, caller);
    if (value instanceof JsonObject) return this.#single(value, caller);
    return refusal(new RpcRequest(), new RpcError(RPC_CODES.parse, 'Top-level object parse error'));
  }

  #single(value: JsonObject, caller: RpcCaller): RpcAnswer | Promise<RpcAnswer> {
    const request = new RpcRequest();
    try {
      request.read(value);
    } catch (error) {
      return refusal(request, error as RpcError);
    }
    const user = nameOf(caller);
    if (!this.#options.methodLists.allows(user, request.method))
      return this.#forbid(user, `method ${shown(request.method)}`);
    try {
      const answer = this.#execute(request, caller, (result) => success(request, result));
      if (!(answer instanceof Promise)) return answer;
      return answer.catch((error: unknown) => failure(request, rpcErrorOf(error)));
    } catch (error) {
      // That of the method; or its result cannot be written as JSON.
      return failure(request, rpcErrorOf(error));
    }
  }

  /** Members run in order; other work gets a turn in between. */
  async #batch(members: readonly JsonValue[], caller: RpcCaller): Promise<RpcAnswer> {
    const refused = this.#refusalOf(members, nameOf(caller));
    if (refused !== undefined) return refused;
    const { clock } = this.#options;
    const texts: string[] = [];
    let charCount = 0;
    let sliceEndMs = clock.now() + BATCH_SLICE_MS;
    for (const member of members) {
      const text = await this.#member(member, caller, charCount < MAX_BATCH_CHARS);
      if (text !== undefined) {
        charCount += text.length;
        texts.push(text);
      }
      if (clock.now() < sliceEndMs) continue;
      await new Promise<void>((resolve) => void clock.soon(resolve));
      sliceEndMs = clock.now() + BATCH_SLICE_MS;
    }
    if (texts.length === 0 && members.length > 0) return NOTHING;
    return { status: 200, text: `[${texts.join(',')}]\n` };
  }

  /** A batch runs only if all its members may run: for a user with a whitelist every member is checked first. */
  #refusalOf(members: readonly JsonValue[], user: string): RpcAnswer | undefined {
    const { methodLists } = this.#options;
    if (!methodLists.hasListFor(user)) return undefined;
    for (const member of members) {
      const method = member instanceof JsonObject ? member.get('method') : undefined;
      if (typeof method !== 'string') {
        return refusal(new RpcRequest(), new RpcError(RPC_CODES.invalidRequest, 'Invalid Request object'));
      }
      if (!methodLists.allows(user, method)) return this.#forbid(user, `method ${shown(method)}`);
    }
    return undefined;
  }

  /** The answer to a member; undefined for a notification. */
  async #member(value: JsonValue, caller: RpcCaller, hasRoom: boolean): Promise<string | undefined> {
    const request = new RpcRequest();
    let text: string;
    try {
      request.read(value);
      if (!hasRoom) throw new RpcError(RPC_CODES.outOfMemory, 'Out of memory: the answers of this batch are too long');
      text = await this.#execute(request, caller, (result) => resultText(request, result));
    } catch (error) {
      text = errorText(request, rpcErrorOf(error));
    }
    return request.isNotification ? undefined : text;
  }

  #execute<Written>(
    { method, params, id }: RpcRequest,
    caller: RpcCaller,
    write: (result: JsonInput) => Written,
  ): Written | Promise<Written> {
    const { logger, table } = this.#options;
    // Building a line that is not logged costs as much as the rest of a small call.
    if (logger !== silentLogger) {
      logger.debug(`ThreadRPCServer method=${harmless(method)} user=${harmless(nameOf(caller))} id=${idForLog(id)}`);
    }
    if (this.warmupStatus !== undefined) throw new RpcError(RPC_CODES.warmup, this.warmupStatus);
    return table.execute(method, params, caller, write);
  }

  #forbid(user: string, what: string): RpcAnswer {
    this.#options.logger.warn(`RPC User ${shown(user)} not allowed to call ${what}`);
    return FORBIDDEN;
  }
}

/** The user's name for lists of methods and the log. */
function nameOf({ user }: RpcCaller): string {
  return user ?? '';
}

/** The id of a call for the log, if it is text or a number. */
function idForLog(id: JsonValue | undefined): string {
  return typeof id === 'string' || id instanceof JsonNumber ? harmless(String(id)) : '';
}

/** Text of a client without characters that could mislead a reader of the log. (Core, SanitizeString) */
function harmless(text: string): string {
  return text.slice(0, MAX_LOGGED_CHARS).replace(/[^\w .,;\-/:?@()]/g, '');
}

/** The answer to a call that succeeded. */
function success(request: RpcRequest, result: JsonInput): RpcAnswer {
  return request.isNotification ? NOTHING : { status: 200, text: `${resultText(request, result)}\n` };
}

/** The answer to a call that failed. In 2.0 its status is that of any answer. */
function failure(request: RpcRequest, error: RpcError): RpcAnswer {
  if (request.isNotification) return NOTHING;
  return request.isVersion2 ? { status: 200, text: `${errorText(request, error)}\n` } : refusal(request, error);
}

/** The answer to an invalid call. */
function refusal(request: RpcRequest, error: RpcError): RpcAnswer {
  return { status: STATUS_BY_CODE[error.code] ?? 500, text: `${errorText(request, error)}\n` };
}
