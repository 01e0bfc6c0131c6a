// The head of a reply: status line and header lines. (Bitcoin Core src/httpserver.cpp for their order; RFC 9110 section 15)

import { invalidArg, outOfRange } from '../../util/errors/errors.ts';
import type { Clock } from '../../util/time/clock.ts';

/** Reason phrases; a status that is not here gets an empty one. */
const PHRASES: Readonly<Record<number, string>> = {
  100: 'Continue',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content too large',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** Field names are tokens. (RFC 9110 section 5.6.2) */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/**
 * Fields that the server writes itself, in lower case. A second one would say something else about the end of the body or of the
 * connection, and what is in between could read the body as the next answer.
 */
const OWN_FIELDS: ReadonlySet<string> = new Set(['connection', 'content-length', 'date', 'transfer-encoding']);
/** What a value must not contain: line ends, after which a header or reply could be forged, and characters above a byte. */
// eslint-disable-next-line no-control-regex -- Just these.
const NOT_IN_VALUE = /[\r\n\0]|[^\x00-\xff]/;

/** The last line written: most servers write the same few, one of them with each answer. */
let last: { readonly name: string; readonly value: string; readonly line: string } | undefined;

/**
 * One header line.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the name is not a token, or of a field that the server writes itself; or the
 * value contains CR, LF, NUL or a character above 255.
 */
export function headerLine(name: string, value: string): string {
  if (last !== undefined && name === last.name && value === last.value) return last.line;
  if (typeof name !== 'string' || !FIELD_NAME.test(name)) throw invalidArg('name', 'the name of a header', name);
  if (OWN_FIELDS.has(name.toLowerCase()))
    throw invalidArg('name', 'a field that the server does not write itself', name);
  if (typeof value !== 'string' || NOT_IN_VALUE.test(value)) throw invalidArg('value', 'one line of latin1', value);
  last = { name, value, line: `${name}: ${value}\r\n` };
  return last.line;
}

/** Checks the status of a final reply. @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`. */
export function checkStatus(status: number): void {
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw outOfRange('status', 'an integer 200..599', status);
}

/** What a request says of the head of its reply; without a request, what a refusal says. */
export interface ReplyHeadSource {
  readonly minorVersion: number;
  /** Header lines the handler set. */
  readonly replyLines: string;
  readonly hasContentType: boolean;
  /** The reply says that a 1.0 connection stays open. */
  readonly saysKeepAlive: boolean;
  /** The reply says that the connection ends after it. */
  readonly saysClose: boolean;
}

/** What the last head was made of. */
interface LastHead extends ReplyHeadSource {
  readonly status: number;
  readonly contentLength: number;
}

/** Writes heads; one for a server. */
export class ReplyHeads {
  readonly #clock: Clock;
  readonly #contentTypeLine: string;
  #dateLine = '';
  /** The last head, and what it was made of. */
  #last: LastHead | undefined = undefined;
  #lastText = '';

  constructor(clock: Clock, defaultContentType: string) {
    this.#clock = clock;
    this.#contentTypeLine = headerLine('Content-Type', defaultContentType);
  }

  /** Makes the next head read the clock again; called as often as the date must be right. */
  refreshDate(): void {
    this.#dateLine = '';
    this.#last = undefined;
  }

  /**
   * The head, up to its empty line. Consecutive answers often have the same, which is then the same string.
   * @param contentLength - Bytes of a body of fixed length; -1 for a stream.
   */
  write(source: ReplyHeadSource, status: number, contentLength: number): string {
    if (this.#last === undefined || !isSame(this.#last, source, status, contentLength)) {
      const { minorVersion, replyLines, hasContentType, saysKeepAlive, saysClose } = source;
      this.#last = { status, contentLength, minorVersion, replyLines, hasContentType, saysKeepAlive, saysClose };
      this.#lastText = this.#write(this.#last);
    }
    return this.#lastText;
  }

  #write(head: LastHead): string {
    const { status, minorVersion, contentLength } = head;
    const hasBody = status !== 204 && status !== 304;
    let text = `HTTP/1.${minorVersion} ${status} ${PHRASES[status] ?? ''}\r\n${head.replyLines}`;
    if (head.saysKeepAlive) text += 'Connection: keep-alive\r\n';
    if (minorVersion >= 1) text += this.#date();
    if (hasBody) {
      if (contentLength >= 0) text += `Content-Length: ${contentLength}\r\n`;
      else if (minorVersion >= 1) text += 'Transfer-Encoding: chunked\r\n';
      if (!head.hasContentType) text += this.#contentTypeLine;
    }
    return text + (head.saysClose ? 'Connection: close\r\n\r\n' : '\r\n');
  }

  #date(): string {
    if (this.#dateLine === '') this.#dateLine = `Date: ${new Date(this.#clock.wallTimeMs()).toUTCString()}\r\n`;
    return this.#dateLine;
  }
}

function isSame(known: LastHead, source: ReplyHeadSource, status: number, contentLength: number): boolean {
  return (
    known.status === status &&
    known.contentLength === contentLength &&
    known.minorVersion === source.minorVersion &&
    known.replyLines === source.replyLines &&
    known.hasContentType === source.hasContentType &&
    known.saysKeepAlive === source.saysKeepAlive &&
    known.saysClose === source.saysClose
  );
}
