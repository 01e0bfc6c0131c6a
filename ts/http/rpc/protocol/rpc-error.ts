// Errors that a method answers. (Bitcoin Core src/rpc/protocol.h)

/** The codes of JSON-RPC answers, by what went wrong. */
export const RPC_CODES = {
  parse: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internal: -32_603,
  misc: -1,
  type: -3,
  addressOrKey: -5,
  outOfMemory: -7,
  invalidParameter: -8,
  /** Not connected, or shutting down. */
  notConnected: -9,
  initialDownload: -10,
  database: -20,
  deserialization: -22,
  /** The node was added, or the address banned, before. */
  alreadyAdded: -23,
  notAdded: -24,
  warmup: -28,
  nodeNotConnected: -29,
  invalidIpOrSubnet: -30,
  p2pDisabled: -31,
  methodDeprecated: -32,
  mempoolDisabled: -33,
  capacityReached: -34,
  limitExceeded: -37,
} as const;

/** An error for the client. A method throws it; any other error is answered with code −1 and its message. */
export class RpcError extends Error {
  /** One of `RPC_CODES`, or any other number. */
  readonly code: number;

  /** @param message - Reaches the client as it is. */
  constructor(code: number, message: string) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
  }
}

/** Anything that was thrown, as the error that the client gets. */
export function rpcErrorOf(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  return new RpcError(RPC_CODES.misc, error instanceof Error ? error.message : String(error));
}

/** An argument has a value outside of its set: the client gets the help of the method. */
export class RpcUsageError extends RpcError {
  /** @param code - Default −1. */
  constructor(code: number = RPC_CODES.misc) {
    super(code, 'wrong usage');
    this.name = 'RpcUsageError';
  }
}
