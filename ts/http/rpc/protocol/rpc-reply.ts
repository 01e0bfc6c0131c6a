// The answer to one call, as text. (Bitcoin Core src/rpc/request.cpp, JSONRPCReplyObj)

import { writeJson } from '../../json/json-writer.ts';
import type { JsonInput } from '../../json/json-value.ts';
import type { RpcError } from './rpc-error.ts';
import type { RpcRequest } from './rpc-request.ts';

/** The parts of a call that its answer needs. */
type Asked = Pick<RpcRequest, 'isVersion2' | 'id'>;

/** The answer to a call that succeeded. */
export function resultText(request: Asked, result: JsonInput): string {
  const text = writeJson(result);
  return request.isVersion2
    ? `{"jsonrpc":"2.0","result":${text}${idText(request)}}`
    : `{"result":${text},"error":null${idText(request)}}`;
}

/** The answer to a call that failed. */
export function errorText(request: Asked, { code, message }: RpcError): string {
  const text = writeJson({ code, message });
  return request.isVersion2
    ? `{"jsonrpc":"2.0","error":${text}${idText(request)}}`
    : `{"result":null,"error":${text}${idText(request)}}`;
}

function idText({ id }: Asked): string {
  return id === undefined ? '' : `,"id":${writeJson(id)}`;
}
