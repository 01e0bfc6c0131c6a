// What clients of the RPC server send: a call, credentials, a line of rpcauth. The first byte chooses.

import { parseJson } from '../../../ts/http/json/json-reader.ts';
import { parseBasic } from '../../../ts/http/rpc/auth/basic.ts';
import { isKnown, parseRpcAuth } from '../../../ts/http/rpc/auth/credentials.ts';
import { RpcError } from '../../../ts/http/rpc/protocol/rpc-error.ts';
import { RpcRequest } from '../../../ts/http/rpc/protocol/rpc-request.ts';
import { errorText, resultText } from '../../../ts/http/rpc/protocol/rpc-reply.ts';
import { attempt, bytesOf, chosen, finding, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

/** A call is read or refused, and either way there is an answer, in JSON. */
function tryCall(body: Uint8Array): void {
  const value = attempt(['ERR_SOCKMAN_DECODE'], () => parseJson(body));
  if (value === undefined) return;
  const request = new RpcRequest();
  try {
    request.read(value);
    parseJson(Buffer.from(resultText(request, null)));
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    parseJson(Buffer.from(errorText(request, error)));
  }
}

function tryBasic(text: Uint8Array): void {
  const credentials = parseBasic(textOf(text));
  if (credentials === undefined) return;
  const { user, password } = credentials;
  const written = `Basic ${Buffer.concat([user, Buffer.from(':'), password]).toString('base64')}`;
  if (parseBasic(written)?.user.equals(user) !== true) finding('another user when written');
}

function tryRpcAuth(text: Uint8Array): void {
  const entry = parseRpcAuth(textOf(text));
  if (entry === undefined) return;
  if (isKnown([entry], { user: entry.user, password: Buffer.from('anything') })) finding('anybody is let in');
}

const PARTS = [tryCall, tryBasic, tryRpcAuth];

export const target: FuzzTarget = {
  words: ['"jsonrpc":"2.0"', '"method":', '"params":[', '"id":', 'Basic ', ':', '$'],
  seeds: () => [
    Uint8Array.of(0, ...bytesOf('{"jsonrpc":"2.0","id":1,"method":"help","params":["uptime"]}')),
    Uint8Array.of(0, ...bytesOf('{"method":"echo","params":{"arg0":1},"id":null}')),
    Uint8Array.of(1, ...bytesOf('Basic dTpw')),
    Uint8Array.of(2, ...bytesOf(`alice:f7efda5c189b999524f151318c0c86$${'d5'.repeat(32)}`)),
  ],
  run(input) {
    const [tryPart, rest] = chosen(input, PARTS);
    tryPart(rest);
  },
};
