// A parser that knows the header of the request before reads as one that does not.

import { describe, expect, it } from 'vitest';
import { HeaderMemory } from '../../../ts/http/parser/header-memory.ts';
import { brief, everyByte, read } from './reading.ts';

const HEADERS = [
  '\r\n',
  'A: b\r\n\r\n',
  'A: b\n\n',
  'Host: x\r\nConnection: close\r\nX: \xff\r\n\r\n',
  'Content-Length: 4\r\n\r\nbody',
  'Content-Length: 4\r\nExpect: 100-continue\r\n\r\nbody',
  'Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
  'Content-Length: 99999999\r\n\r\n',
  'Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody',
  'Content-Length: x\r\n\r\n',
  'Expect: magic\r\n\r\n',
  'A : b\r\n\r\n',
];
const REQUESTS = HEADERS.flatMap((header) => [`POST /one HTTP/1.1\r\n${header}`, `GET /two HTTP/1.0\r\n${header}`]);
const MAX_BODY = 1_000;

/** What a header does not change. */
const NEXT = 'GET /next HTTP/1.1\r\nA: b\r\n\r\n';

describe('the memory of a header', () => {
  it('changes nothing of the next request, whatever was read before', () => {
    for (const before of REQUESTS) {
      for (const sent of REQUESTS) {
        const memory = new HeaderMemory();
        read(before, [], MAX_BODY, memory);
        const whole = read(sent + NEXT, [], MAX_BODY);
        const label = JSON.stringify([before, sent]);
        expect(read(sent + NEXT, [], MAX_BODY, memory), label).toEqual(whole);
        expect(read(sent + NEXT, everyByte(sent + NEXT), MAX_BODY, memory), label).toEqual(whole);
      }
    }
  });

  it('holds for a header that came in one piece, and is seen again in any', () => {
    const sent = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody';
    for (let cut = 0; cut <= sent.length; cut++) {
      const memory = new HeaderMemory();
      for (let count = 0; count < 2; count++) {
        expect(brief(read(sent + NEXT, [cut], MAX_BODY, memory)), `cut at ${cut}`).toBe('POST / body | GET /next ');
      }
    }
  });

  it('takes no header for another that differs in one byte', () => {
    const header = 'Host: x\r\nContent-Length: 4\r\nX-Y: zz\r\n\r\n';
    const memory = new HeaderMemory();
    for (let at = 0; at < header.length; at++) {
      for (const byte of ['\0', '\r', '\n', ' ', ':', '5', 'a']) {
        read(`POST / HTTP/1.1\r\n${header}body`, [], MAX_BODY, memory);
        const changed = `POST / HTTP/1.1\r\n${header.slice(0, at)}${byte}${header.slice(at + 1)}body5`;
        expect(read(changed, [], MAX_BODY, memory), JSON.stringify(changed)).toEqual(read(changed, [], MAX_BODY));
      }
    }
  });

  it('is of headers up to a kilobyte', () => {
    const memory = new HeaderMemory();
    const header = (bytes: number): string => `A: ${'x'.repeat(bytes - 7)}\r\n\r\n`;
    read(`GET / HTTP/1.1\r\n${header(1_024)}`, [], MAX_BODY, memory);
    expect(memory.length).toBe(1_024);
    read(`GET / HTTP/1.1\r\n${header(1_025)}`, [], MAX_BODY, memory);
    expect(memory.length).toBe(1_024);
    expect(memory.isAt(Buffer.from(header(1_024)), 0)).toBe(true);
    expect(memory.isAt(Buffer.from(header(1_025)), 0)).toBe(false);
  });
});
