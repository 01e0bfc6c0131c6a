// The hash of a block as a client writes it. (Bitcoin Core src/rpc/util.cpp, ParseHashV)

import { RPC_CODES, RpcError } from '../../protocol/rpc-error.ts';

const HEX_CHARS = 64;
const HEX = /^[0-9a-fA-F]*$/;

/** The hash, in lower case. @param name - Of the argument. @throws {RpcError} −8: it is not a hash. */
export function parseHash(text: string, name: string): string {
  if (text.length !== HEX_CHARS) {
    const message = `${name} must be of length ${HEX_CHARS} (not ${text.length}, for '${text}')`;
    throw new RpcError(RPC_CODES.invalidParameter, message);
  }
  if (HEX.test(text)) return text.toLowerCase();
  throw new RpcError(RPC_CODES.invalidParameter, `${name} must be hexadecimal string (not '${text}')`);
}
