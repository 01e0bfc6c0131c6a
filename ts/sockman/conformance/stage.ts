// The stage of a check: stations over the backend under test, and connected pairs of them.

import * as assert from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Service } from '../../netaddr/service.ts';
import type { Backend, BackendOptions } from '../backends/backend.ts';
import { Station } from './station.ts';

export const IPV4 = Service.parse('127.0.0.1:0');

/** Two stations and the connection between them. */
interface Pair {
  readonly dialing: Station;
  readonly listening: Station;
  /** The dialing end, and the accepted one. */
  readonly client: number;
  readonly server: number;
  readonly listener: number;
  readonly bound: Service;
}

/** The stage of one check. Its functions can be destructured. */
export class ContractStage {
  readonly #createBackend: (options: BackendOptions) => Backend;
  readonly #stations: Station[] = [];
  #folder: string | undefined;

  constructor(createBackend: (options: BackendOptions) => Backend) {
    this.#createBackend = createBackend;
  }

  readonly unstartedStation = (options: Partial<BackendOptions> = {}): Station => {
    const station = new Station(this.#createBackend, options);
    this.#stations.push(station);
    return station;
  };

  readonly station = (options: Partial<BackendOptions> = {}): Station => this.unstartedStation(options).start();

  /** A connection between two backends. */
  readonly pair = async (options: Partial<BackendOptions> = {}, at: Service = IPV4): Promise<Pair> => {
    const listening = this.station(options);
    const dialing = this.station(options);
    const { handle: listener, bound } = listening.listen(at);
    const client = dialing.connect(bound);
    await dialing.until('the connect', () => dialing.of(client).events.length > 0);
    assert.deepStrictEqual(dialing.of(client).events, ['connected 0']);
    await listening.until('the accept', () => listening.accepted.length > 0);
    assert.strictEqual(listening.accepted[0]!.listener, listener);
    return { dialing, listening, client, server: listening.accepted[0]!.handle, listener, bound };
  };

  /** A folder for Unix-domain sockets. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'sockman-'));
    return this.#folder;
  }

  /** Destroys the backends. @throws {AssertionError} One of them broke a rule of turns. */
  end(): void {
    for (const { backend } of this.#stations) backend.destroy();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
    for (const station of this.#stations) station.throwFailure();
  }
}
