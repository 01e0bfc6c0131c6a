// Requests of HTTP: a stream gives the same requests, or the same refusal, whole and in pieces.

import { HeaderMemory } from '../../../ts/http/parser/header-memory.ts';
import { ParserState, RequestParser } from '../../../ts/http/parser/request-parser.ts';
import { bytesOf, finding, pieces, same } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const MAX_BODY_BYTES = 4_096;

/** What parsers of a server share. */
const memory = new HeaderMemory();

function read(chunks: Iterable<Uint8Array>): unknown[] {
  // As new: an input means the same whatever came before.
  memory.length = 0;
  const parser = new RequestParser(MAX_BODY_BYTES, memory);
  const requests: unknown[] = [];
  let left: Uint8Array = new Uint8Array(0);
  for (const chunk of chunks) {
    left = Buffer.concat([left, chunk]);
    for (;;) {
      const before = parser.state;
      const taken = parser.feed(left, 0);
      left = left.subarray(taken);
      if (parser.state === ParserState.REFUSED) return [...requests, parser.refusal];
      if (parser.bodyCapacity > 4 * MAX_BODY_BYTES) finding('a body beyond its limit');
      if (parser.state === ParserState.HEAD) parser.readBody();
      else if (parser.state === ParserState.COMPLETE) {
        const { method, target: to, minorVersion, headerText, body } = parser;
        requests.push([method, to, minorVersion, headerText, Buffer.from(body).toString('latin1')]);
        parser.reset();
      } else if (taken === 0 || parser.state === before) break;
      if (left.length === 0 && parser.state !== ParserState.HEAD) break;
    }
  }
  return requests;
}

const request = (...lines: string[]): Uint8Array => bytesOf(lines.join('\r\n'));

export const target: FuzzTarget = {
  words: [
    'Transfer-Encoding: chunked',
    'Content-Length: ',
    'Connection: close',
    'Expect: 100-continue',
    'HTTP/1.0',
    'HTTP/1.1',
  ],
  seeds: () => [
    request('GET / HTTP/1.1', 'Host: a', '', ''),
    request('POST /x HTTP/1.0', 'Content-Length: 3', '', 'abcGET / HTTP/1.1', '', ''),
    request('POST / HTTP/1.1', 'Transfer-Encoding: chunked', '', '3;x=y', 'abc', '0', 'T: v', '', ''),
    request('PUT / HTTP/1.1', 'Content-Length: 1', 'Transfer-Encoding: chunked', '', '1', 'a', '0', '', ''),
  ],
  run: (input) => same('a stream in pieces', read(pieces(input)), read([input])),
};
