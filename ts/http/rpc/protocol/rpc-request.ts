// One call as it stands in the body of a request. (Bitcoin Core src/rpc/request.cpp, JSONRPCRequest::parse)

import { JsonObject } from '../../json/json-value.ts';
import type { JsonValue } from '../../json/json-value.ts';
import { RPC_CODES, RpcError } from './rpc-error.ts';

/** Parameters by position or by name. */
export type RpcParams = readonly JsonValue[] | JsonObject;

const NO_PARAMS: readonly JsonValue[] = [];

/** A call that was read, or as much of it as an error answer needs. */
export class RpcRequest {
  /** JSON-RPC 2.0; everything else is answered as 1.x. */
  isVersion2 = false;
  /** Undefined if the call has none, which differs from `null`; null until a call is read. */
  id: JsonValue | undefined = null;
  method = '';
  params: RpcParams = NO_PARAMS;

  /** Whether no answer is expected. */
  get isNotification(): boolean {
    return this.isVersion2 && this.id === undefined;
  }

  /**
   * Reads a call into this object. After an error, what was read stays, so that the answer has the id.
   * @throws {RpcError} −32600: it is not a call.
   */
  read(value: JsonValue): void {
    if (!(value instanceof JsonObject)) throw invalid('Invalid Request object');
    this.id = value.get('id');
    this.isVersion2 = isVersion2(value.get('jsonrpc'));
    const method = value.get('method') ?? null;
    if (method === null) throw invalid('Missing method');
    if (typeof method !== 'string') throw invalid('Method must be a string');
    this.method = method;
    this.params = paramsOf(value.get('params') ?? null);
  }
}

function isVersion2(version: JsonValue | undefined): boolean {
  if (version === undefined || version === null || version === '1.0') return false;
  if (version === '2.0') return true;
  throw invalid(typeof version === 'string' ? 'JSON-RPC version not supported' : 'jsonrpc field must be a string');
}

function paramsOf(params: JsonValue): RpcParams {
  if (params === null) return NO_PARAMS;
  if (Array.isArray(params) || params instanceof JsonObject) return params;
  throw invalid('Params must be an array or object');
}

function invalid(message: string): RpcError {
  return new RpcError(RPC_CODES.invalidRequest, message);
}
