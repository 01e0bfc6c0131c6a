// Dialing directly: how it succeeds, all the ways in which it ends otherwise, and that an attempt leaves nothing behind.

import { describe, expect, it } from 'vitest';
import type { Service } from '../../ts/netaddr/service.ts';
import type { DialResult } from '../../ts/sockman/dial/dialer.ts';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import type { Stage } from '../harness/backends.ts';
import { countDescriptors, noDescriptorCount } from '../harness/descriptors.ts';
import { inTime, until } from '../harness/until.ts';

/** An address where connects hang: a listener that accepts nothing, its queue filled up. */
async function silentAddress(stage: Stage): Promise<Service> {
  const deaf = stage.idleProbe({ backlog: 1 });
  const bound = stage.listen(deaf);
  const filler = stage.probe();
  // A queue of length 1 holds two connections on Linux, one elsewhere.
  for (let count = 0; count < 3; count++) {
    const result = await filler.connectAndMakeNodeId(bound, { timeoutMs: 300 });
    if (result.nodeId === undefined) return bound;
  }
  return bound;
}

/** How long a dial waits where nobody answers, in milliseconds: those that are answered are through long before. */
const PATIENCE_MS = 1_000;

const failed = (code: string): object => ({ nodeId: undefined, proxyFailed: false, code });

describeEachBackend('dialing', (stage) => {
  // The runtime accepts at once, so a queue never fills up: nothing on loopback hangs.
  const noSilence = stage.backend === 'node-net' ? 'node:net leaves no connect hanging on loopback' : undefined;

  it('gives a node id and our end, and the peer sees the same', async () => {
    const listener = await stage.rawListener();
    const probe = stage.probe();
    const result = await probe.connectAndMakeNodeId(listener.bound, {});
    expect(result).toMatchObject({ nodeId: 0 });
    await until('the accept', () => listener.peers.length === 1);
    expect(probe.connectionCount).toBe(1);
    expect(probe.addressesOf(0)!.remote.toString()).toBe(listener.bound);
    expect(result).toMatchObject({ me: probe.addressesOf(0)!.local });
    expect(probe.stats()).toMatchObject({ dialed: 1, dialFailures: 0 });
  });

  it('delivers nothing before the caller that awaits the id has run, not even bytes that came at once', async () => {
    const server = stage.probe();
    server.on.eventNewConnectionAccepted = (nodeId) => {
      server.sendBytes(nodeId, Buffer.from('welcome'));
      return true;
    };
    const client = stage.probe({}, { eventIOLoopCompletedForNode: (id) => void client.events.push(`done ${id}`) });
    const { nodeId } = await client.connectAndMakeNodeId(stage.listen(server));
    expect(client.events).toEqual([]);
    await until('the welcome', () => client.text(nodeId!) === 'welcome');
    expect(client.events[0]).toBe(`ready ${nodeId}`);
  });

  it('lets the caller send, pause and close as soon as it has the id', async () => {
    const server = stage.probe();
    const client = stage.probe();
    const bound = stage.listen(server);
    const one = await stage.dial(client, bound);
    expect(client.sendBytes(one, Buffer.from('hi'))).toBe(2);
    const two = await stage.dial(client, bound);
    expect(client.closeConnection(two)).toBe(true);
    await until('the bytes', () => server.text(0) === 'hi');
    await until('the end', () => server.has('eof 1'));
    await stage.settled();
    expect(client.eventsOf(two)).toEqual([]);
  });

  it('reports a refusal, consumes no id, and goes on', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    probe.stopListening();
    for (let count = 0; count < 3; count++) {
      expect(await probe.connectAndMakeNodeId(bound)).toMatchObject(failed('connection-refused'));
    }
    const listener = await stage.rawListener();
    expect(await stage.dial(probe, listener.bound)).toBe(0);
    expect(probe.stats()).toMatchObject({ dialed: 1, dialFailures: 3, connectionCount: 1 });
    expect(probe.events.filter((event) => !event.startsWith('ready'))).toEqual([]);
  });

  it('dials from the local address that is asked for', async () => {
    const server = stage.probe();
    const bound = stage.listen(server);
    const result = await stage.probe().connectAndMakeNodeId(bound, { localAddress: '127.0.0.2:0' });
    expect(result.nodeId).toBe(0);
    await until('the accept', () => server.accepted.length === 1);
    expect(server.accepted[0]!.them.address.toString()).toBe('127.0.0.2');
  });

  it('fails for a local address that is not ours, or of another family', async () => {
    const probe = stage.probe();
    const bound = stage.listen(stage.probe());
    const foreign = await probe.connectAndMakeNodeId(bound, { localAddress: '[::1]:0' });
    expect(foreign.nodeId).toBeUndefined();
    if (stage.world.network !== undefined) return;
    expect((await probe.connectAndMakeNodeId(bound, { localAddress: '192.0.2.1:0' })).nodeId).toBeUndefined();
    expect(probe.stats().dialFailures).toBe(2);
  });

  describe('ends early', () => {
    it('when its signal was aborted before', async () => {
      const probe = stage.probe();
      const bound = stage.listen(stage.probe());
      const result = await probe.connectAndMakeNodeId(bound, { signal: AbortSignal.abort() });
      expect(result).toMatchObject(failed('aborted'));
    });

    it('when its signal is aborted meanwhile, and nobody is connected then', async () => {
      const server = stage.probe();
      const probe = stage.probe();
      const controller = new AbortController();
      const dial = probe.connectAndMakeNodeId(stage.listen(server), { signal: controller.signal });
      controller.abort();
      expect(await dial).toMatchObject(failed('aborted'));
      await stage.settled();
      expect(probe.connectionCount).toBe(0);
    });

    it('when the network is interrupted, every one of them', async () => {
      const probe = stage.probe();
      const bound = stage.listen(stage.probe());
      const dials = [1, 2, 3].map(() => probe.connectAndMakeNodeId(bound));
      probe.interruptNet();
      for (const result of await inTime('the results', Promise.all(dials))) {
        expect(result).toMatchObject(failed('interrupted'));
      }
      expect(await probe.connectAndMakeNodeId(bound)).toMatchObject(failed('interrupted'));
      await probe.joinSocketsThreads();
    });

    it('when all sockets are closed', async () => {
      const probe = stage.probe();
      const dial = probe.connectAndMakeNodeId(stage.listen(stage.probe()));
      probe.closeSockets();
      expect(await inTime('the result', dial)).toMatchObject(failed('interrupted'));
    });

    itUnless(noSilence)('after timeoutMs, when nobody answers', async () => {
      const silent = await silentAddress(stage);
      const result = await inTime('the result', stage.probe().connectAndMakeNodeId(silent, { timeoutMs: 50 }));
      expect(result).toMatchObject(failed('timed-out'));
    });

    itUnless(noSilence)('after the option connectTimeoutMs', async () => {
      const silent = await silentAddress(stage);
      const result = stage.probe({ connectTimeoutMs: 50 }).connectAndMakeNodeId(silent);
      expect(await inTime('the result', result)).toMatchObject(failed('timed-out'));
    });

    itUnless(noSilence)('by abort, interrupt or close while nobody answers', async () => {
      const silent = await silentAddress(stage);
      const ends: [string, (probe: ReturnType<Stage['probe']>, controller: AbortController) => void][] = [
        ['aborted', (_probe, controller) => controller.abort()],
        ['interrupted', (probe) => probe.interruptNet()],
        ['interrupted', (probe) => probe.closeSockets()],
      ];
      for (const [code, end] of ends) {
        const probe = stage.probe();
        const controller = new AbortController();
        const dial = probe.connectAndMakeNodeId(silent, { signal: controller.signal });
        await stage.settled();
        end(probe, controller);
        expect(await inTime('the result', dial)).toMatchObject(failed(code));
        expect(probe.connectionCount).toBe(0);
      }
    });
  });

  it('dials many at once, each to its own id', async () => {
    const server = stage.probe();
    const client = stage.probe();
    const bound = stage.listen(server);
    const results: DialResult[] = await Promise.all(
      Array.from({ length: 100 }, () => client.connectAndMakeNodeId(bound)),
    );
    const ids = results.map(({ nodeId }) => nodeId!);
    expect(new Set(ids).size).toBe(100);
    await until('all accepts', () => server.accepted.length === 100);
    for (const nodeId of ids) client.sendBytes(nodeId, Buffer.from(String(nodeId)));
    const sent = ids.map(String).sort();
    const received = (): string[] => server.accepted.map(({ nodeId }) => server.text(nodeId)).sort();
    await until('their names', () => received().every((text) => text !== '') && received().join() === sent.join());
  });

  // One time-out of a second; the virtual clock of the dialer's own tests shows that it comes to the millisecond.
  itUnless(noSilence)('dials two hundred at once, and none waits for the half that nobody answers', async () => {
    const silent = await silentAddress(stage);
    const server = stage.probe();
    const bound = stage.listen(server);
    const client = stage.probe();
    const before = stage.isNative && noDescriptorCount === undefined ? countDescriptors() : undefined;
    const startedAt = performance.now();
    const order: string[] = [];
    const dials = Array.from({ length: 200 }, async (_, at) => {
      const result = await client.connectAndMakeNodeId(at % 2 === 0 ? silent : bound, { timeoutMs: PATIENCE_MS });
      order.push(result.nodeId === undefined ? result.code : 'connected');
    });
    await inTime('all dials', Promise.all(dials));
    expect(order).toEqual([...Array<string>(100).fill('connected'), ...Array<string>(100).fill('timed-out')]);
    // Timers of the host may come a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(PATIENCE_MS - 1);
    expect(client.connectionCount).toBe(100);
    await until('all accepts', () => server.accepted.length === 100);
    client.closeSockets();
    for (const { nodeId } of server.accepted) server.closeConnection(nodeId);
    if (before !== undefined) expect(countDescriptors()).toBeLessThanOrEqual(before);
  });

  it('dials from inside a callback', async () => {
    const target = await stage.rawListener();
    const { probe, peer } = await stage.connected();
    let dial: Promise<DialResult> | undefined;
    probe.on.eventGotData = () => {
      dial = probe.connectAndMakeNodeId(target.bound);
    };
    peer.send('x');
    await until('the accept', () => target.peers.length === 1);
    expect(await dial).toMatchObject({ nodeId: 1 });
  });

  it('does not start before the start', async () => {
    const probe = stage.idleProbe();
    await expect(probe.connectAndMakeNodeId('127.0.0.1:1')).rejects.toMatchObject({ code: 'ERR_SOCKMAN_STATE' });
  });
});
