// What every bus of a fleet does, in memory and on a real nats-server.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FleetBus, WorkMessage } from '../../../ts/crawl/fleet/bus/fleet-bus.ts';
import { MemoryFleet } from '../../../ts/crawl/fleet/bus/memory-bus.ts';
import { connectToNats } from '../../../ts/crawl/fleet/bus/nats-bus.ts';
import { systemClock } from '../../../ts/util/time/clock.ts';
import { QUICK_TIMES } from './fleet-stage.ts';
import { NatsServer, noNats, poll } from './nats-server.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);

function conformance(connect: () => Promise<FleetBus>): void {
  let a: FleetBus;
  let b: FleetBus;
  beforeEach(async () => {
    a = await connect();
    b = await connect();
  });
  afterEach(async () => {
    await a.close();
    await b.close();
  });

  it('lets one of two create a value, and only who knows the revision update it', async () => {
    const revisions = await Promise.all([a.settings.create('one.x', 'a'), b.settings.create('one.x', 'b')]);
    expect(revisions.filter((revision) => revision === undefined)).toHaveLength(1);
    const { revision } = (await a.settings.get('one.x'))!;
    expect(await a.settings.update('one.x', 'c', revision)).toBeGreaterThan(revision);
    expect(await b.settings.update('one.x', 'd', revision)).toBeUndefined();
    expect((await b.settings.get('one.x'))!.text).toBe('c');
    expect(await b.settings.keys('one')).toEqual(['one.x']);
    await a.settings.delete('one.x');
    expect(await b.settings.get('one.x')).toBeUndefined();
    expect(await b.settings.create('one.x', 'again')).toBeDefined();
    await a.settings.delete('one.x');
  });

  it('tells a watcher of the value now and of each change', async () => {
    const seen: (string | undefined)[] = [];
    const stop = await b.settings.watch('watched', (value) => seen.push(value));
    await poll('the first value', () => seen.length === 1);
    await a.settings.put('watched', 'x');
    await poll('x', () => seen.at(-1) === 'x');
    await a.settings.put('watched', 'y');
    await poll('y', () => seen.at(-1) === 'y');
    await a.settings.delete('watched');
    await poll('the end', () => seen.at(-1) === undefined);
    expect(seen).toEqual([undefined, 'x', 'y', undefined]);
    stop();
  });

  it('ends a lease that nobody renews, and keeps one that is renewed', async () => {
    let revision = (await a.leases.create('shard.1', 'a'))!;
    await a.leases.create('shard.2', 'a');
    const startedAt = Date.now();
    await poll(
      'the lease to end',
      async () => {
        revision = (await a.leases.update('shard.1', 'a', revision))!;
        return (await b.leases.create('shard.2', 'b')) !== undefined;
      },
      20_000,
    );
    expect(Date.now() - startedAt).toBeGreaterThan(QUICK_TIMES.leaseTtlMs * 0.9);
    expect(await b.leases.create('shard.1', 'b')).toBeUndefined();
    await a.leases.delete('shard.1');
    await b.leases.delete('shard.2');
  }, 30_000);

  it('gives work to one taker of its shard until it is acknowledged', async () => {
    const taken: WorkMessage[] = [];
    await a.publishWork(3, bytes('one'));
    await a.publishWork(4, bytes('other shard'));
    const stop = await b.takeWork(3, (message) => taken.push(message));
    await poll('the work', () => taken.length === 1);
    taken[0]!.giveUp();
    await poll('the work again', () => taken.length === 2);
    expect(taken.map((message) => [text(message.bytes), message.isAgain])).toEqual([
      ['one', false],
      ['one', true],
    ]);
    taken[1]!.acknowledge();
    await poll('one message', async () => (await a.countWork()) === 1);
    stop();
    const rest: WorkMessage[] = [];
    const stopRest = await a.takeWork(4, (message) => rest.push(message));
    await poll('the rest', () => rest.length === 1);
    rest[0]!.acknowledge();
    await poll('no message', async () => (await a.countWork()) === 0);
    stopRest();
  });

  it('stores a message of results once, however often it is sent, and reads them by round and shard in their order', async () => {
    const key = { round: 7, shard: 5, id: 'a.1' };
    await Promise.all([a.publishResults(key, bytes('one')), a.publishResults(key, bytes('one'))]);
    await b.publishResults({ ...key, id: 'b.1' }, bytes('two'));
    await a.publishResults({ round: 7, shard: 6, id: 'a.2' }, bytes('three'));
    await a.publishResults({ round: 8, shard: 5, id: 'a.3' }, bytes('four'));
    const read = async (round: number, shard?: number): Promise<string[]> => {
      const found: string[] = [];
      await b.readResults(round, shard, (result) => found.push(text(result)));
      return found;
    };
    expect(await Promise.all([read(7), read(7, 5), read(7, 6), read(9)])).toEqual([
      ['one', 'two', 'three'],
      ['one', 'two'],
      ['three'],
      [],
    ]);
    await a.dropResultsBefore(8);
    expect(await read(7)).toEqual([]);
    expect(await read(8)).toEqual(['four']);
    await a.dropResultsBefore(9);
  });
}

describe('a bus in memory', () => {
  const fleet = new MemoryFleet(systemClock, QUICK_TIMES);
  conformance(() => Promise.resolve(fleet.connect()));
});

describe.skipIf(noNats !== undefined)(`a bus on nats-server ${noNats ?? ''}`, () => {
  const server = new NatsServer();
  beforeAll(() => server.start());
  afterAll(() => server.stop());
  let count = 0;
  conformance(() => connectToNats({ servers: server.url, name: `worker-${count++}`, times: QUICK_TIMES }));

  it('comes back by itself when the server was killed, and has kept what was stored', async () => {
    const status: boolean[] = [];
    const onStatus = (isUp: boolean): void => void status.push(isUp);
    const bus = await connectToNats({ servers: server.url, name: 'survivor', times: QUICK_TIMES, onStatus });
    await bus.publishWork(9, bytes('kept'));
    const key = { round: 20, shard: 9, id: 'kept' };
    await bus.publishResults(key, bytes('kept'));
    await server.kill();
    await poll('the server to go', () => status.includes(false));
    await expect(bus.countWork()).rejects.toThrow();
    await server.start();
    await poll('the server to come back', () => status.includes(true));
    const taken: string[] = [];
    const stop = await bus.takeWork(9, (message) => {
      taken.push(text(message.bytes));
      message.acknowledge();
    });
    await poll('the work', () => taken.length > 0);
    stop();
    expect(taken).toEqual(['kept']);
    await bus.publishResults(key, bytes('again'));
    const results: string[] = [];
    await bus.readResults(20, 9, (result) => results.push(text(result)));
    expect(results).toEqual(['kept']);
    await bus.close();
  }, 30_000);
});
