// Calls to a Bitcoin node's JSON-RPC server, with the node's cookie or with a password.

import { invalidArg } from '../../util/errors/errors.ts';
import { readSmallFile } from '../../util/private-file.ts';

/** Largest cookie file, in bytes. Core's has 75. */
const MAX_COOKIE_BYTES = 4_096;

/** Largest answer that is read, in bytes: several times a full block as hexadecimal JSON. */
const MAX_ANSWER_BYTES = 64 * 1_048_576;

/** How to reach a node. */
export interface NodeRpcOptions {
  /** A URL such as `http://127.0.0.1:18443`; may include `user:password@`. */
  readonly url: string;
  /** The cookie file, read again after the node refused the last cookie. */
  readonly cookieFile?: string;
}

/** An error answer of the node. */
export class NodeRpcError extends Error {
  /** Bitcoin Core's number, such as -10 for initial block download. (Core src/rpc/protocol.h) */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'NodeRpcError';
    this.code = code;
  }
}

export class NodeRpc {
  readonly #url: string;
  readonly #userInfo: string | undefined;
  readonly #cookieFile: string | undefined;
  #nextId = 1;

  /** @throws {TypeError} The URL is malformed, or the user or password in it. */
  constructor({ url, cookieFile }: NodeRpcOptions) {
    const parsed = new URL(url);
    const { username, password } = parsed;
    this.#userInfo = username === '' ? undefined : `${decoded(username)}:${decoded(password)}`;
    parsed.username = '';
    parsed.password = '';
    this.#url = parsed.href;
    this.#cookieFile = cookieFile;
  }

  /**
   * Calls a method.
   *
   * @throws {NodeRpcError} The node answers with an error.
   * @throws {Error} The node cannot be reached, or its answer is not JSON-RPC; or the signal was aborted.
   */
  async call(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.#authorization() },
      body: JSON.stringify({ jsonrpc: '1.0', id: this.#nextId++, method, params }),
      signal,
    });
    const text = await readText(response);
    if (response.status === 401) throw new Error(`${this.#url} refuses user and password`);
    const answer = parseAnswer(text);
    if (answer === undefined) throw new Error(`${this.#url} answers ${response.status} without JSON-RPC`);
    if (answer.error !== null) throw new NodeRpcError(answer.error.code, answer.error.message);
    return answer.result;
  }

  #authorization(): Record<string, string> {
    const userInfo = this.#userInfo ?? this.#readCookie();
    return userInfo === undefined ? {} : { authorization: `Basic ${Buffer.from(userInfo).toString('base64')}` };
  }

  /** Read for each call: a restarted node has a new cookie. */
  #readCookie(): string | undefined {
    if (this.#cookieFile === undefined) return undefined;
    const file = readSmallFile(this.#cookieFile, MAX_COOKIE_BYTES);
    if (!file.ok || file.bytes === undefined) throw new Error(`${this.#cookieFile}: no cookie; is the node running?`);
    return Buffer.from(file.bytes).toString('utf8').trim();
  }
}

/** A part of the URL that may be secret, and so is in no message. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArg('url', 'user and password with % only in front of two hex digits', 'something else');
  }
}

interface Answer {
  result: unknown;
  error: { code: number; message: string } | null;
}

function parseAnswer(text: string): Answer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('result' in value)) return undefined;
  const { result } = value;
  const error: unknown = 'error' in value ? value.error : null;
  if (error === null || error === undefined) return { result, error: null };
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { result, error: { code: typeof code === 'number' ? code : 0, message: String(message) } };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    byteCount += (chunk as Uint8Array).length;
    if (byteCount > MAX_ANSWER_BYTES) throw new Error(`more than ${MAX_ANSWER_BYTES} bytes in an answer`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
