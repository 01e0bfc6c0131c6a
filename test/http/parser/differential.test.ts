// The parser beside http-parser-js and Node's own (llhttp): what all accept they read alike; what ours accepts and they
// refuse, and the reverse, is listed here.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import fc from 'fast-check';
import { HTTPParser } from 'http-parser-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { read } from './reading.ts';
import type { Reading } from './reading.ts';

/** Requests as `METHOD target body`, and `refused` at the end where that is so. */
function ours(text: string): string[] {
  const reading: Reading = read(text);
  return reading.map((one) => (typeof one === 'number' ? 'refused' : `${one.method} ${one.target} ${one.body}`));
}

function byHttpParserJs(text: string): string[] {
  const parser = new HTTPParser(HTTPParser.REQUEST);
  const found: string[] = [];
  let head = '';
  let body = '';
  parser[HTTPParser.kOnHeadersComplete] = ({ method, url }: { method: number; url: string }) => {
    head = `${HTTPParser.methods[method]} ${url}`;
    body = '';
    return 0;
  };
  parser[HTTPParser.kOnBody] = (chunk: Buffer, offset: number, length: number) => {
    body += chunk.toString('latin1', offset, offset + length);
  };
  parser[HTTPParser.kOnMessageComplete] = () => void found.push(`${head} ${body}`);
  const outcome: unknown = parser.execute(Buffer.from(text, 'latin1'));
  return outcome instanceof Error ? [...found, 'refused'] : found;
}

describe('the parser beside node:http', () => {
  let port: number;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (piece: string) => (body += piece));
    request.on('end', () => response.end(`${request.method} ${request.url} ${body}`));
    request.on('error', () => {});
  });
  server.keepAliveTimeout = 0;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** What Node's server hears; it answers each request with what it read. */
  async function byNode(text: string): Promise<string[]> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {});
    socket.end(Buffer.from(text, 'latin1'));
    await new Promise((resolve) => socket.once('close', resolve).once('end', resolve));
    socket.destroy();
    return answersOf(Buffer.concat(chunks).toString('latin1'));
  }

  it('reads what both others read, where all accept', async () => {
    const token = fc
      .stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/)
      .filter(
        (name) =>
          !/^(content-length|transfer-encoding|connection|expect|upgrade|host|te|trailer|keep-alive|proxy-connection)$/i.test(
            name,
          ),
      );
    const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
    const body = fc.stringMatching(/^[ -~]{0,40}$/);
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
      target: fc.stringMatching(/^\/[a-z0-9/?&=._~%-]{0,20}$/),
      fields: fc.array(fc.tuple(token, value), { maxLength: 5 }),
      body: fc.option(body),
      sizes: fc.option(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 4 }), async (requests) => {
        const text = requests.map(textOf).join('');
        const expected = requests.map((one) => `${one.method} ${one.target} ${one.body ?? ''}`);
        expect(ours(text)).toEqual(expected);
        expect(byHttpParserJs(text)).toEqual(expected);
        expect(await byNode(text)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  // ---- Request smuggling --------------------------------------------------------------------------------------------

  // The whole of what follows, read by its length; a request and another behind it, read in chunks.
  const LENGTHS = [
    'Content-Length: 40',
    'content-length:40',
    'Content-Length : 40',
    'Content-Length: +40',
    'Content-Length: 40, 40',
    'Content-Length: 040',
    'Content-Length: 0x28',
    'Content-Length: 40\r\nContent-Length: 39',
    'Content-Length: 40\r\n 0',
    'Content_Length: 40',
    'Content-Length: 40 40',
    '\vContent-Length: 40',
    'Content-Length:\t40 ',
    'Content-Length: \f40',
  ];
  const CODINGS = [
    'Transfer-Encoding: chunked',
    'transfer-encoding:chunked',
    'Transfer-Encoding: CHUNKED',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: identity, chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding:\tchunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: x',
    'Transfer-Encoding: x\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding:\r\n chunked',
    'Transfer-Encoding\r\n: chunked',
    ' Transfer-Encoding: chunked',
    'X: y\nTransfer-Encoding: chunked',
    'X: y\rTransfer-Encoding: chunked',
    'Transfer-Encoding: \vchunked',
    'Transfer-Encoding: "chunked"',
    'Transfer-Encoding: chunked;q=1',
    'Transfer-Encoding: chun\0ked',
    'Transfer_Encoding: chunked',
    'Transfer-Encoding: chunKed\x85',
  ];
  const BODY = '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

  const pairs = LENGTHS.flatMap((length) =>
    CODINGS.flatMap((coding) => [
      [length, coding],
      [coding, length],
    ]),
  );

  it('hears no smuggled request that node:http does not hear, for every pair of length and coding', async () => {
    for (const fields of pairs) {
      const text = `POST /a HTTP/1.1\r\nHost: a\r\n${fields.join('\r\n')}\r\n\r\n${BODY}`;
      const heard = ours(text);
      // A bare LF ends a line here, as with Bitcoin Core.
      const node = await byNode(text.replace(/\r?\n/g, '\r\n'));
      const why = `${JSON.stringify(fields)}: ours ${heard.join(' | ')}, node ${node.join(' | ')}`;
      if (heard.includes('refused')) {
        expect(heard.join(), why).not.toContain('smuggled');
        continue;
      }
      // Chunks win over a length, and the connection ends behind the answer: what follows is nobody's.
      const isBoth = /\ntransfer-encoding:/i.test(text) && /\ncontent-length:/i.test(text);
      if (isBoth) expect(heard[0], why).toBe('POST /a ');
      else expect(heard, why).toEqual(node);
    }
  });

  it('reads pairs the same, cut at every byte', () => {
    for (const fields of pairs) {
      const text = `POST /a HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${BODY}`;
      const whole = read(text);
      expect(
        read(
          text,
          [...text].map((_, index) => index),
        ),
      ).toEqual(whole);
      for (let cut = 1; cut < text.length; cut += 3) expect(read(text, [cut])).toEqual(whole);
    }
  });

  it.each([
    ['bare LF', 'GET / HTTP/1.1\nHost: a\n\n'],
    ['a minor version above 1', 'GET / HTTP/1.7\r\nHost: a\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a method nobody knows', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('accepts, as Bitcoin Core does, %s, which node:http refuses', async (_, text) => {
    expect(ours(text)).toHaveLength(1);
    expect(ours(text)).not.toContain('refused');
    expect(await byNode(text)).toEqual(['refused']);
  });
});

interface Sent {
  method: string;
  target: string;
  fields: [string, string][];
  body: string | null;
  sizes: number[] | null;
}

function textOf({ method, target, fields, body, sizes }: Sent): string {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: a', ...fields.map(([name, value]) => `${name}: ${value}`)];
  if (body === null) return `${lines.join('\r\n')}\r\n\r\n`;
  if (sizes === null) return `${[...lines, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`;
  let chunks = '';
  for (let at = 0, turn = 0; at < body.length; turn++) {
    const piece = body.slice(at, at + sizes[turn % sizes.length]!);
    chunks += `${piece.length.toString(16)}\r\n${piece}\r\n`;
    at += piece.length;
  }
  return `${[...lines, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n${chunks}0\r\n\r\n`;
}

/** Bodies of answers 200 in order, and `refused` for any other. */
function answersOf(text: string): string[] {
  const found: string[] = [];
  for (let rest = text; rest !== '';) {
    const head = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n/.exec(rest);
    if (head === null) throw new Error(`no answer: ${rest}`);
    if (head[1] !== '200') return [...found, 'refused'];
    const length = Number(/content-length: (\d+)/i.exec(head[0])?.[1] ?? NaN);
    if (Number.isNaN(length)) throw new Error(`no length: ${head[0]}`);
    found.push(rest.slice(head[0].length, head[0].length + length));
    rest = rest.slice(head[0].length + length);
  }
  return found;
}
