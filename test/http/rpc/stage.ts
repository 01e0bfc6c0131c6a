// An RPC server over a real socket, and clients that send bytes of their own or JSON.

import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

import { HttpServer } from '../../../ts/http.ts';
import type { HttpServerOptions } from '../../../ts/http.ts';
import { RpcAuth, RpcServer } from '../../../ts/rpc.ts';
import type { RpcAuthOptions, RpcMethod } from '../../../ts/rpc.ts';

export const USER = 'tester';
export const PASSWORD = 'pass:word';

/** The same as `-rpcauth` takes it. */
const TESTER = `${USER}:salt$${createHmac('sha256', 'salt').update(PASSWORD).digest('hex')}`;

/** An answer of the server. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The header of a user. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** A server that runs. */
export class RpcStage {
  readonly rpc: RpcServer;
  readonly auth: RpcAuth;
  readonly http: HttpServer;
  readonly port: number;

  constructor(methods: readonly RpcMethod[] = [], auth: RpcAuthOptions = {}, options: HttpServerOptions = {}) {
    this.auth = new RpcAuth({ ...auth, rpcAuth: [TESTER, ...(auth.rpcAuth ?? [])] });
    this.rpc = new RpcServer({ auth: this.auth, methods });
    this.http = this.rpc.attach(new HttpServer({ bind: ['127.0.0.1:0'], ...options }));
    this.auth.open();
    this.port = this.http.start()[0]!.port;
  }

  /** Sends a body as it is. */
  post(body: string | Uint8Array, headers: Record<string, string> = {}, path = '/'): Promise<Reply> {
    return this.send('POST', path, body, { authorization: basic(USER, PASSWORD), ...headers });
  }

  /** Sends any request. */
  send(method: string, path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Reply> {
    const { port } = this;
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
        response.once('end', () => {
          resolve({ status: response.statusCode!, headers: response.headers, text: Buffer.concat(chunks).toString() });
        });
      });
      sent.once('error', reject).end(body);
    });
  }

  /** Calls a method as a client of JSON-RPC 2.0 does. @returns What stands in the answer. */
  async call(
    method: string,
    params: unknown = [],
  ): Promise<{ result?: unknown; error?: { code: number; message: string } }> {
    const { text } = await this.post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    return JSON.parse(text) as { result?: unknown };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http.stop();
    this.auth.close();
  }
}
