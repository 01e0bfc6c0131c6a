// The entry point `sockman/rpc`: JSON-RPC on an `HttpServer`, and the methods of a Bitcoin node. Re-exports only.

export { RpcServer } from './http/rpc/server/rpc-server.ts';
export type { RpcServerOptions, RpcStats } from './http/rpc/server/rpc-server.ts';
export { RpcAuth } from './http/rpc/auth/rpc-auth.ts';
export type { RpcAuthOptions } from './http/rpc/auth/rpc-auth.ts';
export type { CookieReaders } from './http/rpc/auth/cookie-file.ts';
export { MethodLists } from './http/rpc/auth/method-lists.ts';
export { RPC_CODES, RpcError, RpcUsageError } from './http/rpc/protocol/rpc-error.ts';
export type { RpcParams } from './http/rpc/protocol/rpc-request.ts';
export { defineRpcMethod } from './http/rpc/table/rpc-method.ts';
export type { RpcCall, RpcCaller, RpcDeclaration, RpcExample, RpcMethod } from './http/rpc/table/rpc-method.ts';
export type {
  ArgumentType,
  ArgumentValues,
  RpcArgument,
  RpcArguments,
  RpcResult,
  RpcValues,
  ValueOf,
  ValuesOf,
} from './http/rpc/table/documents.ts';
export { RpcTable } from './http/rpc/table/rpc-table.ts';
export type { ActiveCall, RpcMethodCounts } from './http/rpc/table/rpc-table.ts';
export { nodeMethods } from './http/rpc/methods/node-methods.ts';
export type { LogCategories, RpcNode } from './http/rpc/node/rpc-node.ts';
export { SettableClock } from './util/time/settable-clock.ts';
