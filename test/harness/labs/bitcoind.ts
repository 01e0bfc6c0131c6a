// Bitcoin Core on regtest, in a process of its own, driven through its RPC.
//
// Nothing of Bitcoin Core is part of this project, nor anything that builds it: the environment names a `bitcoind`
// (BITCOIND=/usr/local/bin/bitcoind). It listens on loopback only, and dials only the peers it is told to.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Program, findProgram, freePort } from './programs.ts';

const HOST = '127.0.0.1';
const START_DEADLINE_MS = 60_000;

/** On regtest, and quiet: no look at the host's interfaces, no port mapping, no Tor, no seeds. */
const SETTINGS = [
  '-regtest',
  '-printtoconsole',
  '-debug=net',
  '-server',
  '-listen',
  '-discover=0',
  '-dnsseed=0',
  '-fixedseeds=0',
  '-listenonion=0',
  '-natpmp=0',
  '-checkaddrman=1',
];

/** Keeps it from dialing by itself. Left out if a test is about that. */
export const DIALS_NOBODY = '-connect=0';

/** The binary that BITCOIND names; undefined, with a message, if it names none. */
export function bitcoindPath(): string | undefined {
  const path = process.env['BITCOIND'];
  if (path === undefined || path === '') {
    console.info('tests with Bitcoin Core are skipped: the environment variable BITCOIND names no bitcoind');
    return undefined;
  }
  if (findProgram(path) === undefined) throw new Error(`BITCOIND names ${path}, which is no program`);
  return path;
}

/** One entry of Core's `getpeerinfo`, the fields that tests read. */
export interface CorePeer {
  id: number;
  addr: string;
  services: string;
  servicesnames: string[];
  relaytxes: boolean;
  version: number;
  subver: string;
  inbound: boolean;
  pingtime?: number;
  minping?: number;
  timeoffset: number;
  addr_relay_enabled: boolean;
  addr_processed: number;
  addr_rate_limited: number;
  minfeefilter: number;
  bytessent_per_msg: Record<string, number>;
  bytesrecv_per_msg: Record<string, number>;
  connection_type: string;
  transport_protocol_type: string;
  session_id: string;
}

/** An error of its RPC. */
export interface RpcRefusal {
  code: number;
  message: string;
}

/** A data folder of a bitcoind, which outlives it. */
export class CoreFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'sockman-bitcoind-'));

  /** The path of a file of the network. */
  file(name: string): string {
    return join(this.path, 'regtest', name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A running bitcoind. */
export class Bitcoind {
  readonly port: number;
  readonly #program: Program;
  readonly #rpcPort: number;
  readonly #cookie: string;
  /** Removed with it; undefined if it was given a folder. */
  readonly #ownFolder: CoreFolder | undefined;

  private constructor(
    program: Program,
    ports: { port: number; rpcPort: number },
    cookie: string,
    folder: CoreFolder | undefined,
  ) {
    this.#program = program;
    this.port = ports.port;
    this.#rpcPort = ports.rpcPort;
    this.#cookie = cookie;
    this.#ownFolder = folder;
  }

  /**
   * Starts one and waits until it is ready.
   *
   * @param options - Further ones, such as `-v2transport=0`.
   * @param folder - Where it keeps its data; without one it forgets.
   * @param sameRpcPort - The port of its RPC, for one that comes back.
   */
  static async start(
    options: readonly string[] = [DIALS_NOBODY],
    folder?: CoreFolder,
    sameRpcPort?: number,
  ): Promise<Bitcoind> {
    const path = bitcoindPath();
    if (path === undefined) throw new Error('BITCOIND names no bitcoind');
    const own = folder === undefined ? new CoreFolder() : undefined;
    const { path: dataFolder } = folder ?? own!;
    const [port, rpcPort] = [await freePort(), sameRpcPort ?? (await freePort())];
    const places = [`-datadir=${dataFolder}`, `-bind=${HOST}:${port}`, `-rpcport=${rpcPort}`, `-rpcbind=${HOST}`];
    const program = new Program(path, [...SETTINGS, ...places, `-rpcallowip=${HOST}`, ...options]);
    try {
      await program.says(/Done loading/, START_DEADLINE_MS);
      const cookie = readFileSync(join(dataFolder, 'regtest', '.cookie'), 'latin1');
      return new Bitcoind(program, { port, rpcPort }, cookie, own);
    } catch (error) {
      await program.stop();
      own?.remove();
      throw error;
    }
  }

  get address(): string {
    return `${HOST}:${this.port}`;
  }

  /** The address of its RPC. The cookie is in `CoreFolder.file('.cookie')`. */
  get rpcUrl(): string {
    return `http://${HOST}:${this.#rpcPort}`;
  }

  /** Everything it logged. */
  get log(): string {
    return this.#program.output;
  }

  /** Waits until it has logged something. */
  logs(pattern: RegExp, deadlineMs = 10_000): Promise<void> {
    return this.#program.says(pattern, deadlineMs);
  }

  /** Calls a method of its RPC. @throws {Error} Its error message, if it refused. */
  async rpc<Result>(method: string, ...params: unknown[]): Promise<Result> {
    const { result, error } = await this.#call(method, params);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as Result;
  }

  /** The error that its RPC answers a call with; undefined if it has none. @param params - A list, or an object of named ones. */
  async refusal(method: string, params: unknown): Promise<RpcRefusal | undefined> {
    return (await this.#call(method, params)).error;
  }

  #call(method: string, params: unknown): Promise<{ result?: unknown; error?: RpcRefusal }> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const options = { host: HOST, port: this.#rpcPort, method: 'POST', auth: this.#cookie, agent: false };
    return new Promise((resolve, reject) => {
      const call = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('error', reject).once('end', () => {
          try {
            resolve(JSON.parse(text) as object);
          } catch {
            reject(new Error(`${method}: status ${response.statusCode}: ${text.slice(0, 200)}`));
          }
        });
      });
      call.once('error', reject).end(body);
    });
  }

  peers(): Promise<CorePeer[]> {
    return this.rpc('getpeerinfo');
  }

  /** Mines blocks that anybody may spend. @returns Their hashes, in reversed byte order. */
  mine(count: number, descriptor = 'raw(51)'): Promise<string[]> {
    return this.rpc('generatetodescriptor', count, descriptor);
  }

  /** Ends it, with its files written. */
  async stop(): Promise<void> {
    await this.#program.stop();
    this.#ownFolder?.remove();
  }
}
