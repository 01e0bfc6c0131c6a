// Reads requests with the parser alone, as a connection does, in any pieces.

import { HeaderList } from '../../../ts/http/parser/header-list.ts';
import { HeaderMemory } from '../../../ts/http/parser/header-memory.ts';
import { ParserState, RequestParser } from '../../../ts/http/parser/request-parser.ts';

export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  readonly minorVersion: number;
  readonly headers: [string, string][];
  readonly body: string;
}

/** Requests in order; the status of a refusal comes last. */
export type Reading = (ReadRequest | number)[];

/** Most that a parser may hold, besides a body, in bytes: what it leaves to its caller. */
const MOST_KEPT_BYTES = 8_192 + 2;

/**
 * @param cuts - Where the bytes are cut; undefined for not at all.
 * @param maxBodyBytes - As the parser takes it.
 * @param memory - Of headers that other parsers have read.
 */
export function read(
  input: Uint8Array | string,
  cuts: readonly number[] = [],
  maxBodyBytes = 33_554_432,
  memory = new HeaderMemory(),
): Reading {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'latin1') : input;
  const reading: Reading = [];
  const parser = new RequestParser(maxBodyBytes, memory);
  let kept: Uint8Array = new Uint8Array(0);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const piece = Buffer.concat([kept, bytes.subarray(from, cut)]);
    from = cut;
    const at = readPiece(parser, piece, reading);
    if (typeof reading.at(-1) === 'number') return reading;
    kept = piece.subarray(at);
    if (kept.length > MOST_KEPT_BYTES) throw new Error(`${kept.length} bytes are kept`);
    if (parser.bodyCapacity > maxBodyBytes) throw new Error(`${parser.bodyCapacity} bytes for a body`);
  }
  return reading;
}

function readPiece(parser: RequestParser, piece: Uint8Array, reading: Reading): number {
  let at = 0;
  for (;;) {
    at = parser.feed(piece, at);
    if (parser.state === ParserState.HEAD) parser.readBody();
    else if (parser.state === ParserState.COMPLETE) {
      reading.push(requestOf(parser));
      parser.reset();
    } else {
      if (parser.state === ParserState.REFUSED) reading.push(parser.refusal!.status);
      return at;
    }
  }
}

function requestOf({ method, target, minorVersion, headers: list, headerText, body }: RequestParser): ReadRequest {
  const headers = [...list].map(([name, value]): [string, string] => [name, value]);
  const again = [...new HeaderList(headerText)];
  if (JSON.stringify(headers) !== JSON.stringify(again)) throw new Error('the list of headers is not that of the text');
  return { method, target, minorVersion, headers, body: Buffer.from(body).toString('latin1') };
}

/** Cuts after every byte. */
export const everyByte = (input: { length: number }): number[] =>
  Array.from({ length: input.length }, (_, index) => index);

/** Only what differs between requests in most tests: targets and bodies, and the status of a refusal. */
export const brief = (reading: Reading): string =>
  reading.map((one) => (typeof one === 'number' ? one : `${one.method} ${one.target} ${one.body}`)).join(' | ');
