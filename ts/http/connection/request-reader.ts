// The input of a connection: bytes in, requests out to the dispatcher, one at a time.
//
// Bytes are parsed in place as long as nothing waits; half a line, and what follows a request in flight, is kept.

import type { Service } from '../../netaddr/service.ts';
import { SWEEP_MS } from '../limits.ts';
import { HttpRequest } from '../message/http-request.ts';
import type { ReplySink } from '../message/http-request.ts';
import type { ResolvedHttpOptions } from '../options.ts';
import type { Refusal } from '../parser/framing.ts';
import type { HeaderMemory } from '../parser/header-memory.ts';
import { ParserState, RequestParser } from '../parser/request-parser.ts';
import type { Dispatcher } from './dispatcher.ts';

/** What all readers of a server share. */
export interface ReaderContext {
  readonly dispatcher: Dispatcher;
  readonly options: ResolvedHttpOptions;
  /** The last header, shared by the server's parsers. */
  readonly headerMemory: HeaderMemory;
  /** A parser that no connection uses: most requests arrive whole, so that idle connections need none. */
  spareParser: RequestParser | undefined;
  /** Told of each answer, once it is whole. */
  onAnswer: ((request: HttpRequest) => void) | undefined;
}

/** The connection that requests are read for. */
export interface RequestOwner extends ReplySink {
  readonly nodeId: number;
  readonly peer: Service;
  /** Whether what is kept, or comes, may be parsed now. */
  mayParse(): boolean;
  /** Whether another request may be read, now or later. Otherwise input is discarded. */
  takesRequests(): boolean;
  /** A request is in flight: it goes to the dispatcher, which answers it or accepts its body. */
  take(request: HttpRequest): void;
  /** The request is malformed or too large. */
  refuse(refusal: Refusal): void;
}

export class RequestReader {
  readonly #context: ReaderContext;
  readonly #owner: RequestOwner;
  #parser: RequestParser | undefined = undefined;
  /** Received and not parsed. */
  #pending: Uint8Array | undefined = undefined;
  /** The request whose head was checked and whose body is being read. */
  #awaitsBody: HttpRequest | undefined = undefined;
  #isParsing = false;
  #hasCarried = false;
  /** Sweeps since the head of a request began. */
  #headSweeps = 0;

  constructor(context: ReaderContext, owner: RequestOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  /** Whether the parser runs; it then goes on by itself after the handler. */
  get isParsing(): boolean {
    return this.#isParsing;
  }

  /** Whether bytes are kept. */
  get hasPending(): boolean {
    return this.#pending !== undefined;
  }

  /** Bytes kept, without those of a body. */
  get pendingBytes(): number {
    return this.#pending === undefined ? 0 : this.#pending.length;
  }

  /** Memory of the body that is being read, in bytes. */
  get bodyCapacity(): number {
    return this.#parser === undefined ? 0 : this.#parser.bodyCapacity;
  }

  /** Parses input, or keeps it. @param data - Lent for the call. */
  receive(data: Uint8Array): void {
    if (this.#pending !== undefined || !this.#owner.mayParse()) {
      this.#keep(joined(this.#pending, data));
      return this.advance();
    }
    const used = this.#parse(data);
    if (used < data.length) this.#keep(data.slice(used));
  }

  /** Parses kept bytes as far as that is allowed now. */
  advance(): void {
    const pending = this.#pending;
    if (pending === undefined || !this.#owner.mayParse()) return;
    this.#pending = undefined;
    const used = this.#parse(pending);
    if (used < pending.length) this.#keep(rest(pending, used));
  }

  /** Goes on with the body of a request whose head was checked. */
  readBody(request: HttpRequest): void {
    this.#awaitsBody = request;
    this.#parser!.readBody();
  }

  /** Whether a head has been on its way for too long. Called every `SWEEP_MS`. */
  isHeadLate(deadlineMs: number): boolean {
    if (this.#parser === undefined || this.#awaitsBody !== undefined) return false;
    return this.#headSweeps++ * SWEEP_MS >= deadlineMs;
  }

  /** Drops kept bytes, which are no longer needed. */
  dropPending(): void {
    this.#pending = undefined;
  }

  /** Drops everything: the connection is gone. */
  drop(): void {
    this.#pending = undefined;
    this.#awaitsBody = undefined;
    this.#parser = undefined;
  }

  #keep(bytes: Uint8Array): void {
    if (this.#owner.takesRequests()) this.#pending = bytes;
  }

  /** Parses and serves. @returns How many bytes were used up. */
  #parse(bytes: Uint8Array): number {
    const owner = this.#owner;
    const parser = this.#takeParser();
    this.#isParsing = true;
    let at = 0;
    do {
      at = parser.feed(bytes, at);
      const { state } = parser;
      if (state === ParserState.COMPLETE) this.#serve(parser);
      else if (state === ParserState.HEAD) this.#lookAtHead(parser, at === bytes.length);
      else {
        if (state === ParserState.REFUSED) this.#refuse(parser);
        break;
      }
    } while (owner.mayParse());
    this.#isParsing = false;
    this.#returnParser(parser);
    return at;
  }

  #takeParser(): RequestParser {
    if (this.#parser !== undefined) return this.#parser;
    const { options, spareParser, headerMemory } = this.#context;
    const parser = spareParser ?? new RequestParser(options.maxBodyBytes, headerMemory);
    this.#context.spareParser = undefined;
    parser.reuse(this.#hasCarried);
    this.#parser = parser;
    this.#headSweeps = 0;
    return parser;
  }

  #returnParser(parser: RequestParser): void {
    if (!parser.isFresh && this.#owner.takesRequests()) return;
    this.#parser = undefined;
    this.#context.spareParser = parser;
  }

  /** A head is read, and a body follows. */
  #lookAtHead(parser: RequestParser, isNothingBehind: boolean): void {
    const { dispatcher } = this.#context;
    const request = this.#makeRequest(parser);
    request.awaitsContinue = isNothingBehind && parser.framing.asksToContinue && parser.minorVersion >= 1;
    this.#owner.take(request);
    const route = dispatcher.find(request);
    if (route?.beforeBody !== undefined) dispatcher.serve(request);
    else if (route !== undefined || !request.awaitsContinue) request.acceptBody();
    // A client that waits for our word need not send what nobody takes. Others have sent it: it is read, and they may go on.
    else dispatcher.refuse(request);
  }

  #serve(parser: RequestParser): void {
    const { dispatcher } = this.#context;
    const request = this.#awaitsBody ?? this.#makeRequest(parser);
    request.complete(parser.body);
    this.#awaitsBody = undefined;
    this.#hasCarried = true;
    this.#headSweeps = 0;
    parser.reset();
    this.#owner.take(request);
    if (request.route === undefined && dispatcher.find(request) === undefined) dispatcher.refuse(request);
    else dispatcher.serve(request);
  }

  #makeRequest(parser: RequestParser): HttpRequest {
    const request = new HttpRequest(parser, this.#owner.peer, this.#owner.nodeId, this.#owner);
    if (this.#context.onAnswer !== undefined) request.startedMs = this.#context.options.clock.now();
    return request;
  }

  #refuse({ refusal }: RequestParser): void {
    this.#awaitsBody = undefined;
    this.#owner.refuse(refusal!);
  }
}

/**
 * The rest of kept bytes. It is copied only when it is shorter than what was used, so that a thousand small steps cost no
 * more than one.
 */
function rest(bytes: Uint8Array, used: number): Uint8Array {
  return 2 * used < bytes.length ? bytes.subarray(used) : bytes.slice(used);
}

/** Bytes kept, and those behind them. */
function joined(kept: Uint8Array | undefined, data: Uint8Array): Uint8Array {
  if (kept === undefined) return data.slice();
  const bytes = new Uint8Array(kept.length + data.length);
  bytes.set(kept);
  bytes.set(data, kept.length);
  return bytes;
}
