// Where the tests of the contract play: stations over the backend under test, and pairs of them that are connected.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { Service } from '../../../ts/netaddr/service.ts';
import type { Backend, BackendOptions } from '../../../ts/sockman/backends/backend.ts';
import { Station } from './station.ts';

export const IPV4 = Service.parse('127.0.0.1:0');

/** Where the backends under test live: they can reach each other, and things happen by themselves. */
export interface BackendWorld {
  createBackend(options: BackendOptions): Backend;
}

/** What is not to be had, and why: the tests of it are skipped and say so. */
export interface BackendLimits {
  noUnixSockets?: string | undefined;
  noReusePort?: string | undefined;
  noIPv6Only?: string | undefined;
  /** An RST that follows unread bytes may look like an end. */
  hidesResets?: boolean;
}

/** Two stations and the connection between them. */
interface Pair {
  dialing: Station;
  listening: Station;
  /** The dialing end, and the accepted one. */
  client: number;
  server: number;
  listener: number;
  bound: Service;
}

/** What the tests of one backend share. */
export interface ContractStage {
  station(options?: Partial<BackendOptions>): Station;
  unstartedStation(options?: Partial<BackendOptions>): Station;
  /** A connection between two backends. */
  pair(options?: Partial<BackendOptions>, at?: Service): Promise<Pair>;
}

type Test = () => void | Promise<void>;

/** A test that is skipped, and says why, where there is a reason. */
export function itUnless(reason: string | undefined): (title: string, test: Test) => void {
  return (title, test) => (reason === undefined ? it(title, test) : it.skip(`${title} (skipped: ${reason})`, test));
}

/** For use inside `describe`: a new world for each test, whose backends are destroyed behind it. */
export function useContractStage(createWorld: () => BackendWorld): ContractStage {
  let world: BackendWorld;
  let stations: Station[] = [];

  beforeEach(() => {
    world = createWorld();
  });
  afterEach(() => {
    for (const { backend } of stations) backend.destroy();
    stations = [];
  });

  function unstartedStation(options: Partial<BackendOptions> = {}): Station {
    const made = new Station((settings) => world.createBackend(settings), options);
    stations.push(made);
    return made;
  }

  function station(options: Partial<BackendOptions> = {}): Station {
    return unstartedStation(options).start();
  }

  async function pair(options: Partial<BackendOptions> = {}, at: Service = IPV4): Promise<Pair> {
    const listening = station(options);
    const dialing = station(options);
    const { handle: listener, bound } = listening.listen(at);
    const client = dialing.connect(bound);
    await dialing.until('the connect', () => dialing.of(client).events.length > 0);
    expect(dialing.of(client).events).toEqual(['connected 0']);
    await listening.until('the accept', () => listening.accepted.length > 0);
    expect(listening.accepted[0]!.listener).toBe(listener);
    return { dialing, listening, client, server: listening.accepted[0]!.handle, listener, bound };
  }

  return { station, unstartedStation, pair };
}
