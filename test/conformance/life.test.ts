// The life of a SockMan: start, interrupt, join, close, dispose; and what it can tell about itself meanwhile.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createSockMan } from '../../ts/sockman/create-sock-man.ts';
import type { SockManHandlers } from '../../ts/sockman/create-sock-man.ts';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import { countDescriptors, descriptorsClosed, noDescriptorCount } from '../harness/descriptors.ts';
import type { Probe } from '../harness/probe.ts';
import { inTime, noteProgress, until } from '../harness/until.ts';

describeEachBackend('life', (stage) => {
  it('names its backend, before the start and after it', () => {
    const probe = stage.idleProbe();
    expect(probe.backendName).toBe(stage.backend);
    probe.startSocketsThreads();
    expect(probe.backendName).toBe(stage.backend);
  });

  it('starts once', () => {
    const probe = stage.probe();
    expect(() => probe.startSocketsThreads()).toThrowError(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
  });

  it('joins only after an interrupt, and as often as is asked', async () => {
    const { probe } = await stage.connected();
    let hasJoined = false;
    const joined = probe.joinSocketsThreads().then(() => {
      hasJoined = true;
    });
    await stage.settled();
    expect(hasJoined).toBe(false);
    probe.interruptNet();
    await inTime('the join', joined);
    await inTime('a second join', probe.joinSocketsThreads());
  });

  it('makes no callback after an interrupt; sockets stay open until they are closed', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    const events = probe.events.length;
    probe.interruptNet();
    peer.send('unheard');
    probe.wake(nodeId);
    await probe.joinSocketsThreads();
    await stage.settled();
    expect(probe.events.length).toBe(events);
    expect(probe.connectionCount).toBe(1);
    expect(peer.hasEOF).toBe(false);
    probe.closeSockets();
    await until('the peer to notice', () => peer.hasEOF || peer.brokenBy !== undefined);
    expect(probe.connectionCount).toBe(0);
  });

  it('drops the rest of a batch when a callback interrupts', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    const all = [
      await stage.another(probe, bound),
      await stage.another(probe, bound),
      await stage.another(probe, bound),
    ];
    await until('the first words', () => all.every(({ nodeId }) => probe.has(`ready ${nodeId}`)));
    let calls = 0;
    let joined: Promise<void> | undefined;
    probe.on.eventGotData = () => {
      calls++;
      probe.interruptNet();
      joined = probe.joinSocketsThreads();
    };
    for (const { peer } of all) peer.send('x');
    await until('the first call', () => calls === 1);
    await inTime('the join', joined!);
    await stage.settled();
    expect(calls).toBe(1);
  });

  it('reports no further accept of the batch after eventNewConnectionAccepted interrupts', async () => {
    const probe = stage.idleProbe();
    const bound = stage.listen(probe);
    const peers = [await stage.dialedBy(bound), await stage.dialedBy(bound), await stage.dialedBy(bound)];
    await stage.settled();
    probe.on.eventNewConnectionAccepted = () => {
      probe.interruptNet();
      return true;
    };
    probe.startSocketsThreads();
    await inTime('the join', probe.joinSocketsThreads());
    expect(probe.events).toEqual(['accepted 0']);
    probe.closeSockets();
    await until('the peers to notice', () => peers.every(({ hasEOF, brokenBy }) => hasEOF || brokenBy !== undefined));
  });

  it('closes everything on disposal, from any state', async () => {
    for (const prepare of [
      () => stage.idleProbe(),
      () => {
        const probe = stage.idleProbe();
        stage.listen(probe);
        return probe;
      },
      () => stage.probe(),
    ]) {
      const probe = prepare();
      await inTime('the disposal', probe[Symbol.asyncDispose]());
      await inTime('the second disposal', probe[Symbol.asyncDispose]());
      expect(probe.stats()).toMatchObject({ connectionCount: 0, listenerCount: 0 });
    }
    const { probe, peer } = await stage.connected();
    await inTime('the disposal', probe[Symbol.asyncDispose]());
    await until('the peer to notice', () => peer.hasEOF || peer.brokenBy !== undefined);
  });

  describe('holds no descriptor', () => {
    // libkqueue closes what a kqueue held some time after the kqueue.
    const isLate = stage.backend === 'native/kqueue' && process.platform === 'linux';
    const reason = noDescriptorCount ?? (isLate ? 'libkqueue takes its time' : undefined);

    it.each([
      ['disposed', (probe) => probe[Symbol.asyncDispose]()],
      ['interrupted and then closed', (probe) => (probe.interruptNet(), probe.closeSockets())],
      ['closed and then interrupted', (probe) => (probe.closeSockets(), probe.interruptNet())],
    ] as [string, (probe: Probe) => unknown][])('once it is %s', async (_title, end) => {
      if (reason !== undefined) return;
      const before = countDescriptors();
      const probe = stage.probe();
      stage.listen(probe);
      await end(probe);
      await descriptorsClosed(before);
    });

    it('once a callback closed and interrupted it', async () => {
      if (reason !== undefined) return;
      const before = countDescriptors();
      const end = (): void => {
        probe.closeSockets();
        probe.interruptNet();
      };
      const probe = stage.probe({}, { eventIOLoopCompletedForAllPeers: end });
      stage.listen(probe);
      await probe.joinSocketsThreads();
      await descriptorsClosed(before);
    });
  });

  it('keeps several instances apart', async () => {
    const [a, b] = [await stage.connected(), await stage.connected()];
    expect([a.nodeId, b.nodeId]).toEqual([0, 0]);
    a.peer.send('for a');
    b.peer.send('for b');
    await until('the bytes', () => a.probe.text(0) === 'for a' && b.probe.text(0) === 'for b');
    await a.probe[Symbol.asyncDispose]();
    b.peer.send('!');
    await until('the other lives on', () => b.probe.text(0) === 'for b!');
  });

  it('counts what it does', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.send('12345');
    await until('the bytes', () => probe.text(nodeId) === '12345');
    probe.sendBytes(nodeId, Buffer.from('123'));
    await stage.settled();
    const stats = probe.stats();
    expect(stats).toMatchObject({ receivedBytes: 5, sentBytes: 3, accepted: 1, refused: 0, closed: 0 });
    expect(stats).toMatchObject({
      connectionCount: 1,
      listenerCount: 1,
      callbackErrors: 0,
      acceptExhaustedEpisodes: 0,
    });
    expect(stats.turns).toBeGreaterThan(0);
    expect(stats.events).toBeGreaterThanOrEqual(2);
    expect(stats.runningMs).toBeGreaterThan(0);
    expect(stats.turnMs).toBeGreaterThan(0);
    expect(stats.turnMs).toBeLessThanOrEqual(stats.runningMs);
    expect(stats.acceptedPerSecond).toBeGreaterThan(0);
    expect(stage.idleProbe().stats()).toMatchObject({ turns: 0, runningMs: 0, acceptedPerSecond: 0 });
  });

  it('knows bytes, times and ends of a connection while it is open', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    expect(probe.countersOf(nodeId)).toMatchObject({
      receivedBytes: 0,
      sentBytes: 0,
      lastSendAtMs: 0,
      lastReceiveAtMs: 0,
    });
    peer.send('12345');
    await until('the bytes', () => probe.text(nodeId) === '12345');
    probe.sendBytes(nodeId, Buffer.from('123'));
    const counters = probe.countersOf(nodeId)!;
    expect(counters).toMatchObject({ receivedBytes: 5, sentBytes: 3 });
    expect(counters.createdAtMs).toBeGreaterThan(0);
    // Coarse clocks run up to a few milliseconds behind.
    expect(counters.lastReceiveAtMs).toBeGreaterThanOrEqual(counters.createdAtMs - 10);
    expect(counters.lastSendAtMs).toBeGreaterThanOrEqual(counters.lastReceiveAtMs - 10);
    expect(probe.addressesOf(nodeId)!.remote.toString()).toBe(peer.local);
    probe.closeConnection(nodeId);
    expect(probe.countersOf(nodeId)).toBeUndefined();
    expect(probe.addressesOf(nodeId)).toBeUndefined();
    expect(probe.tcpInfoOf(nodeId)).toBeUndefined();
  });

  it('passes on what the kernel knows of a TCP connection, where it tells', async () => {
    const { probe, nodeId } = await stage.connected();
    const info = probe.tcpInfoOf(nodeId);
    if (stage.backend === 'node-net') {
      expect(info).toBeUndefined();
      return;
    }
    expect(info!.roundTripMs).toBeGreaterThanOrEqual(0);
    expect(info!.sendCongestionWindowSegments).toBeGreaterThan(0);
    expect(info).toMatchObject({ retransmittedSegments: 0, unsentBytes: 0 });
  });

  it('sets the socket options of every TCP user without complaint', async () => {
    const { probe, peer, nodeId } = await stage.connected({
      noDelay: false,
      keepAliveSeconds: 60,
      receiveBufferBytes: 65_536,
      sendBufferBytes: 65_536,
      backlog: 1,
    });
    peer.send('x');
    await until('the byte', () => probe.text(nodeId) === 'x');
    await stage.dial(probe, stage.listen(probe));
    await until('a second accept', () => probe.accepted.length === 2);
  });

  const noBufferSizes = stage.backend === 'node-net' ? 'node:net has no option for SO_RCVBUF' : undefined;
  itUnless(noBufferSizes)('has sockets that hold what their buffers may, and not much more', async () => {
    const options = { sendBufferBytes: 8_192, receiveBufferBytes: 8_192 };
    const probe = stage.probe(options, { shouldTryToRecv: () => false });
    const nodeId = await stage.dial(probe, stage.listen(probe));
    const block = new Uint8Array(1 << 20);
    let taken = 0;
    await stage.still(() => (taken += probe.sendBytes(nodeId, block)));
    // A kernel may double what it is told, and what the receiving end took once comes on top; its own choice is 4 MiB.
    expect(taken).toBeGreaterThanOrEqual(16_384);
    expect(taken).toBeLessThan(131_072);
  });

  const timers = '/proc/self/net/tcp';
  const noTimers =
    stage.backend === 'memory' ? 'no kernel' : existsSync(timers) ? undefined : `no ${timers} on this platform`;
  itUnless(noTimers)(
    'has the kernel probe idle peers, dialed and accepted, where keepAliveSeconds says so',
    async () => {
      for (const keepAliveSeconds of [0, 3_600]) {
        const probe = stage.probe({ keepAliveSeconds });
        const bound = stage.listen(probe);
        await stage.dial(probe, bound);
        await until('the accept', () => probe.accepted.length === 1);
        await stage.settled();
        const [port, peer] = [bound.port, probe.accepted[0]!.them.port].map((number) =>
          number.toString(16).toUpperCase().padStart(4, '0'),
        );
        // Local and remote end, state (01: established), queues, timer (02: keep-alive) with the ticks until it fires.
        const lines = readFileSync(timers, 'utf8').matchAll(/ \S+:(\S+) \S+:(\S+) 01 \S+ (\S\S):(\S+) /g);
        const ends = [`${port} ${peer}`, `${peer} ${port}`];
        const ours = [...lines].filter(([, local, remote]) => ends.includes(`${local} ${remote}`));
        expect(ours).toHaveLength(2);
        for (const [, , , timer, ticks] of ours) {
          expect(timer === '02').toBe(keepAliveSeconds > 0);
          // A hundred ticks a second, and two hours is what a kernel takes unless told.
          if (timer === '02') expect(parseInt(ticks!, 16) / 100).toBeCloseTo(keepAliveSeconds, -2);
        }
      }
    },
  );

  describe('createSockMan', () => {
    function make(handlers: SockManHandlers): ReturnType<typeof createSockMan> {
      return createSockMan(handlers, stage.world.options);
    }

    it('echoes with one function, and closes at EOF', async () => {
      const echo = make({ eventGotData: (nodeId, data) => void echo.sendBytes(nodeId, data) });
      await using _ = echo;
      const result = echo.bindAndStartListening('127.0.0.1:0');
      if (!result.ok) throw new Error(result.errmsg);
      echo.startSocketsThreads();
      const peer = await stage.dialedBy(result.bound);
      peer.send('hello');
      await until('the echo', () => peer.bytes.toString() === 'hello');
      peer.end();
      await until('the close', () => peer.hasEOF);
      await until('its end', () => echo.connectionCount === 0);
    });

    it('calls every handler that is given, without a receiver', async () => {
      const called = new Set<string>();
      const receivers = new Set<unknown>();
      const note = <Result>(name: string, result: Result) =>
        function (this: unknown): Result {
          called.add(name);
          receivers.add(this);
          noteProgress();
          return result;
        };
      const sockMan = make({
        eventNewConnectionAccepted: note('accepted', true),
        eventReadyToSend: note('ready', false),
        eventGotData: note('data', undefined),
        eventGotEOF: note('eof', undefined),
        eventGotPermanentReadError: note('error', undefined),
        shouldTryToSend: note('asked to send', true),
        shouldTryToRecv: note('asked to receive', true),
        eventIOLoopCompletedForNode: note('node', undefined),
        eventIOLoopCompletedForAllPeers: note('all', undefined),
      });
      await using _ = sockMan;
      const result = sockMan.bindAndStartListening('127.0.0.1:0');
      if (!result.ok) throw new Error(result.errmsg);
      sockMan.startSocketsThreads();
      const [one, two] = [await stage.dialedBy(result.bound), await stage.dialedBy(result.bound)];
      one.send('x');
      one.end();
      await until('two connections', () => sockMan.connectionCount === 2);
      await stage.settled();
      two.reset();
      await until('all calls', () => called.size === 9);
      expect([...receivers]).toEqual([undefined]);
      expect(sockMan.connectionCount).toBe(2);
    });

    it('takes methods of a class for handlers', async () => {
      class Handlers {
        eventGotData(): void {
          noteProgress();
        }
        eventNewConnectionAccepted(): boolean {
          noteProgress();
          return false;
        }
      }
      const sockMan = make(new Handlers());
      await using _ = sockMan;
      const result = sockMan.bindAndStartListening('127.0.0.1:0');
      if (!result.ok) throw new Error(result.errmsg);
      sockMan.startSocketsThreads();
      await stage.dialedBy(result.bound);
      await until('the refusal', () => sockMan.stats().refused === 1);
      expect(sockMan.stats().callbackErrors).toBe(0);
    });

    it('takes only functions for handlers', () => {
      for (const bad of [undefined, null, 5, {}, { eventGotData: 5 }, { eventGotData: () => {}, eventGotEOF: 'no' }]) {
        expect(() => make(bad as never)).toThrowError(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
      }
    });
  });
});
