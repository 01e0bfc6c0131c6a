// What every backend must do, as `ts/sockman/backends/backend.ts` says it. Run over each backend by a test file of its own.

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { SLOT_MASK } from '../../../ts/sockman/backends/backend.ts';
import type { Backend, BackendOptions } from '../../../ts/sockman/backends/backend.ts';
import { EADDRINUSE, EAGAIN } from '../../../ts/util/errno.ts';
import { Station, plainListen } from './station.ts';

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

type Test = () => void | Promise<void>;

function itUnless(reason: string | undefined): (title: string, test: Test) => void {
  return (title, test) => (reason === undefined ? it(title, test) : it.skip(`${title} (skipped: ${reason})`, test));
}

const IPV4 = Service.parse('127.0.0.1:0');
/** An address that no socket can have. */
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333';
const IPV6 = Service.parse('[::1]:0');
const IPV6_ANY = Service.parse('[::]:0');

export function describeBackendContract(
  name: string,
  createWorld: () => BackendWorld,
  limits: BackendLimits = {},
): void {
  describe(`${name} backend`, () => {
    let world: BackendWorld;
    let stations: Station[] = [];

    beforeEach(() => {
      world = createWorld();
    });
    afterEach(() => {
      for (const { backend } of stations) backend.destroy();
      stations = [];
    });

    function station(options: Partial<BackendOptions> = {}): Station {
      const made = new Station((settings) => world.createBackend(settings), options);
      stations.push(made);
      return made.start();
    }

    interface Pair {
      dialing: Station;
      listening: Station;
      /** The dialing end, and the accepted one. */
      client: number;
      server: number;
      listener: number;
      bound: Service;
    }

    /** A connection between two backends. */
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

    describe('listening', () => {
      it('binds port 0 to a free port and tells which', () => {
        const { bound } = station().listen(IPV4);
        expect(bound.port).toBeGreaterThan(0);
        expect(bound.address.toString()).toBe('127.0.0.1');
      });

      it('refuses an address in use with EADDRINUSE at once, and leaves nothing open', () => {
        const first = station();
        const second = station();
        const { handle, bound } = first.listen(IPV4);
        const refused = second.backend.listen(bound, plainListen);
        expect(refused).toMatchObject({ ok: false, errno: EADDRINUSE });
        first.backend.close(handle);
        expect(second.backend.listen(bound, plainListen)).toMatchObject({ ok: true });
      });

      it('refuses an address of a network without sockets', () => {
        const onion = Service.parse(ONION);
        expect(station().backend.listen(onion, plainListen).ok).toBe(false);
      });

      it('refuses connections again once the listener is closed', async () => {
        const { dialing, listening, listener, bound } = await pair();
        listening.backend.close(listener);
        const late = dialing.connect(bound);
        await dialing.until('the refusal', () => dialing.of(late).events.length > 0);
        expect(dialing.of(late).events).toEqual(['connected ECONNREFUSED']);
      });

      it('keeps the connections of a closed listener', async () => {
        const { dialing, listening, client, server, listener } = await pair();
        listening.backend.close(listener);
        dialing.send(client, 'still here');
        await listening.until('the bytes', () => listening.of(server).text === 'still here');
      });

      it('accepts no more than acceptBatch sockets from a listener in a turn', async () => {
        const listening = station({ acceptBatch: 3 });
        const dialing = station();
        const { bound } = listening.listen(IPV4);
        let acceptedBefore = 0;
        listening.onTurn = () => {
          expect(listening.accepted.length - acceptedBefore).toBeLessThanOrEqual(3);
          acceptedBefore = listening.accepted.length;
        };
        for (let count = 0; count < 20; count++) dialing.connect(bound);
        await listening.until('20 accepts', () => listening.accepted.length === 20);
      });

      it('accepts nothing while paused, and what waited once resumed', async () => {
        const listening = station();
        const dialing = station();
        const { handle: listener, bound } = listening.listen(IPV4);
        listening.backend.setAccepting(listener, false);
        const client = dialing.connect(bound);
        await dialing.until('the connect', () => dialing.of(client).has('connected 0'));
        await listening.quiet();
        expect(listening.accepted).toEqual([]);
        listening.backend.setAccepting(listener, true);
        await listening.until('the accept', () => listening.accepted.length === 1);
      });
    });

    describe('connecting', () => {
      it('never reports an outcome from inside the call', () => {
        const dialing = station();
        const { bound } = station().listen(IPV4);
        dialing.connect(bound);
        expect(dialing.turnCount).toBe(0);
      });

      it('reports a refusal with its errno, and the handle is gone', async () => {
        const dialing = station();
        const listening = station();
        const { handle, bound } = listening.listen(IPV4);
        listening.backend.close(handle);
        const client = dialing.connect(bound);
        await dialing.until('the refusal', () => dialing.of(client).events.length > 0);
        expect(dialing.of(client).events).toEqual(['connected ECONNREFUSED']);
        expect(dialing.backend.addressOf(client, 'remote')).toBeUndefined();
        expect(dialing.backend.countersOf(client)).toBeUndefined();
      });

      it('reports nothing for a connect that was closed before its outcome', async () => {
        const dialing = station();
        const { bound } = station().listen(IPV4);
        const client = dialing.connect(bound);
        dialing.backend.close(client);
        await dialing.quiet();
        expect(dialing.of(client).events).toEqual([]);
      });

      it('names the same two ends on both sides', async () => {
        const { dialing, listening, client, server, bound } = await pair();
        expect(dialing.backend.addressOf(client, 'remote')?.toString()).toBe(bound.toString());
        expect(listening.backend.addressOf(server, 'local')?.toString()).toBe(bound.toString());
        const dialed = dialing.backend.addressOf(client, 'local')?.toString();
        expect(dialed).toMatch(/^127\.0\.0\.1:[1-9]/);
        expect(listening.backend.addressOf(server, 'remote')?.toString()).toBe(dialed);
      });

      it('dials from the local address asked for', async () => {
        const listening = station();
        const dialing = station();
        const { bound } = listening.listen(IPV4);
        const result = dialing.backend.connect(bound, { localAddress: Service.parse('127.0.0.1:0') });
        expect(result.ok).toBe(true);
        await listening.until('the accept', () => listening.accepted.length === 1);
        const remote = listening.backend.addressOf(listening.accepted[0]!.handle, 'remote');
        expect(remote?.address.toString()).toBe('127.0.0.1');
      });

      it('reports what happened before the start from the start on', async () => {
        const late = new Station((settings) => world.createBackend(settings));
        stations.push(late);
        const { bound } = late.listen(IPV4);
        const dialing = station();
        const client = dialing.connect(bound);
        await dialing.until('the connect', () => dialing.of(client).has('connected 0'));
        await dialing.quiet();
        expect(late.turnCount).toBe(0);
        late.start();
        await late.until('the accept', () => late.accepted.length === 1);
      });

      it('carries a connection over IPv6', async () => {
        const { dialing, listening, client, server, bound } = await pair({}, IPV6);
        expect(bound.address.toString()).toBe('::1');
        expect(dialing.backend.addressOf(client, 'remote')?.toString()).toBe(bound.toString());
        dialing.send(client, 'six');
        await listening.until('the bytes', () => listening.of(server).text === 'six');
      });

      itUnless(limits.noIPv6Only)('keeps an IPv6 wildcard to IPv6', async () => {
        const dialing = station();
        const { bound } = station().listen(IPV6_ANY);
        const client = dialing.connect(new Service(NetAddress.parse('127.0.0.1'), bound.port));
        await dialing.until('the refusal', () => dialing.of(client).events.length > 0);
        expect(dialing.of(client).events).toEqual(['connected ECONNREFUSED']);
      });

      it('accepts IPv4 on an IPv6 wildcard with dualStack, and names it as IPv4', async () => {
        const listening = station();
        const { bound } = listening.listen(IPV6_ANY, { dualStack: true });
        station().connect(new Service(NetAddress.parse('127.0.0.1'), bound.port));
        await listening.until('the accept', () => listening.accepted.length === 1);
        const { handle } = listening.accepted[0]!;
        expect(listening.backend.addressOf(handle, 'remote')?.address.toString()).toBe('127.0.0.1');
      });

      itUnless(limits.noReusePort)('lets several listeners share a port by reusePort', async () => {
        const first = station();
        const { bound } = first.listen(IPV4, { reusePort: true });
        const second = station();
        second.listen(bound, { reusePort: true });
        expect(station().backend.listen(bound, plainListen)).toMatchObject({ ok: false, errno: EADDRINUSE });
        const dialing = station();
        for (let count = 0; count < 40; count++) dialing.connect(bound);
        await first.until('accepts at the first', () => first.accepted.length > 0);
        await second.until('accepts at the second', () => second.accepted.length > 0);
      });
    });

    describe('Unix-domain sockets', () => {
      const itOverUnix = itUnless(limits.noUnixSockets);
      let folder: string;
      beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), 'sockman-'));
      });
      afterEach(() => rmSync(folder, { recursive: true }));

      itOverUnix('carry bytes both ways, and end', async () => {
        const at = Service.unix(join(folder, 'socket'));
        const { dialing, listening, client, server, bound } = await pair({}, at);
        expect(bound.toString()).toBe(at.toString());
        expect(dialing.backend.addressOf(client, 'remote')?.toString()).toBe(at.toString());
        expect(dialing.backend.addressOf(client, 'local')).toBeUndefined();
        expect(listening.backend.addressOf(server, 'local')?.toString()).toBe(at.toString());
        expect(listening.backend.addressOf(server, 'remote')).toBeUndefined();
        dialing.send(client, 'ping');
        await listening.until('ping', () => listening.of(server).text === 'ping');
        listening.send(server, 'pong');
        listening.backend.close(server);
        await dialing.until('pong and the end', () => dialing.of(client).has('eof'));
        expect(dialing.of(client).text).toBe('pong');
      });

      itOverUnix('refuse a path in use, and give it back when the listener closes', () => {
        const at = Service.unix(join(folder, 'socket'));
        const first = station();
        const { handle } = first.listen(at);
        expect(station().backend.listen(at, plainListen)).toMatchObject({ ok: false, errno: EADDRINUSE });
        first.backend.close(handle);
        expect(station().backend.listen(at, plainListen)).toMatchObject({ ok: true });
      });

      itOverUnix('tell when nobody listens on a path', async () => {
        const dialing = station();
        const result = dialing.backend.connect(Service.unix(join(folder, 'nobody')), {});
        // A kernel says so during the call, a runtime a little later: the contract allows both.
        if (!result.ok) return;
        await dialing.until('the failure', () => dialing.of(result.handle).events.length > 0);
        expect(dialing.of(result.handle).events).toEqual(['connected ENOENT']);
      });
    });

    describe('receiving', () => {
      it('delivers bytes in order, both ways, and counts them', async () => {
        const { dialing, listening, client, server } = await pair();
        for (let count = 0; count < 50; count++) dialing.send(client, `${count} `);
        const expected = Array.from({ length: 50 }, (_, count) => `${count} `).join('');
        await listening.until('all bytes', () => listening.of(server).byteCount === expected.length);
        expect(listening.of(server).text).toBe(expected);
        listening.send(server, 'answer');
        await dialing.until('the answer', () => dialing.of(client).text === 'answer');
        expect(dialing.backend.countersOf(client)).toMatchObject({ sentBytes: expected.length, receivedBytes: 6 });
        const counters = listening.backend.countersOf(server)!;
        expect(counters).toMatchObject({ receivedBytes: expected.length, sentBytes: 6 });
        expect(counters.lastReceiveAtMs).toBeGreaterThanOrEqual(counters.createdAtMs);
        expect(counters.lastSendAtMs).toBeGreaterThanOrEqual(counters.lastReceiveAtMs);
      });

      it('copies nothing that the caller changes after send', async () => {
        const { dialing, listening, client, server } = await pair();
        const data = Buffer.from('original');
        dialing.send(client, data);
        data.fill(0);
        await listening.until('the bytes', () => listening.of(server).byteCount === 8);
        expect(listening.of(server).text).toBe('original');
      });

      it('takes at most receiveChunkBytes from a socket in a turn', async () => {
        const { dialing, listening, client, server } = await pair({ receiveChunkBytes: 1000 });
        const sent = dialing.send(client, new Uint8Array(10_500));
        expect(sent).toBe(10_500);
        // The station checks in each turn that no record is longer and that no socket has two.
        await listening.until('all bytes', () => listening.of(server).byteCount === 10_500);
        expect(listening.of(server).events.length).toBeGreaterThanOrEqual(11);
      });

      it('serves a quiet socket while another one floods', async () => {
        const { dialing, listening, client, server, bound } = await pair({ receiveChunkBytes: 4096 });
        const quiet = dialing.connect(bound);
        await listening.until('the second accept', () => listening.accepted.length === 2);
        const quietServer = listening.accepted[1]!.handle;
        await dialing.until('the second connect', () => dialing.of(quiet).has('connected 0'));
        let flooded = 0;
        listening.onRecord = (handle) => {
          if (handle === server && !listening.of(quietServer).has('data 1')) flooded++;
        };
        dialing.onRecord = (handle) => {
          if (handle === client) dialing.fill(client);
        };
        dialing.fill(client);
        dialing.send(quiet, '!');
        await listening.until('the quiet byte', () => listening.of(quietServer).text === '!');
        // The flood fills at most the buffers in between; without turns by turns it would come first as a whole.
        expect(flooded).toBeLessThan(2000);
      });

      it('reports nothing while receiving is off, then everything, then the end', async () => {
        const { dialing, listening, client, server } = await pair();
        listening.setReceiving(server, false);
        dialing.send(client, 'held ');
        await listening.quiet();
        dialing.send(client, 'back');
        dialing.backend.close(client);
        await listening.quiet();
        expect(listening.of(server).events).toEqual([]);
        const turnsBefore = listening.turnCount;
        await listening.quiet();
        expect(listening.turnCount).toBe(turnsBefore);
        listening.setReceiving(server, true);
        await listening.until('the end', () => listening.of(server).has('eof'));
        expect(listening.of(server).text).toBe('held back');
        expect(listening.of(server).events.at(-1)).toBe('eof');
      });

      it('gives the bytes of receive a place of their own in the slab', async () => {
        const { dialing, listening, client, server, bound } = await pair({ receiveChunkBytes: 4096 });
        dialing.connect(bound);
        await listening.until('the second accept', () => listening.accepted.length === 2);
        const { slab, deferredOffset } = listening.backend;
        expect(deferredOffset + 4096).toBeLessThanOrEqual(slab.length);
        listening.setReceiving(server, false);
        dialing.send(client, 'by hand');
        await listening.quiet();
        expect(listening.receive(server)).toBe(7);
        expect(Buffer.from(slab.slice(deferredOffset, deferredOffset + 7)).toString()).toBe('by hand');
        expect(listening.receive(server)).toBe(-EAGAIN);
      });

      it('delivers everything before the end, and the end once', async () => {
        const { dialing, listening, client, server } = await pair();
        const data = randomBytes(32 * 1024);
        expect(dialing.send(client, data)).toBe(data.length);
        expect(dialing.backend.shutdownSend(client)).toBe(0);
        await listening.until('the end', () => listening.of(server).has('eof'));
        await listening.quiet();
        expect(listening.of(server).bytes.equals(data)).toBe(true);
        expect(listening.of(server).count('eof')).toBe(1);
        expect(listening.of(server).events.at(-1)).toBe('eof');
      });
    });

    describe('sending', () => {
      it('takes no more than fits, and tells once when there is room again', async () => {
        const { dialing, listening, client, server } = await pair();
        listening.setReceiving(server, false);
        // What is on its way frees room at first; full is full when nothing moves any more.
        let taken = dialing.fill(client);
        await dialing.quiet();
        for (let more = dialing.fill(client); more > 0; more = dialing.fill(client)) {
          taken += more;
          await dialing.quiet();
        }
        const tellings = dialing.of(client).count('writable');
        await dialing.quiet();
        expect(dialing.of(client).count('writable')).toBe(tellings);

        listening.setReceiving(server, true);
        await dialing.until('room', () => dialing.of(client).count('writable') > tellings);
        await listening.until('all bytes', () => listening.of(server).byteCount === taken);
        await dialing.quiet();
        expect(dialing.of(client).count('writable')).toBe(tellings + 1);
      });

      it('carries 16 MiB through a reader that keeps pausing, byte for byte', async () => {
        const { dialing, listening, client, server } = await pair();
        const data = randomBytes(16 * 1024 * 1024);
        let offset = 0;
        const sendOn = (): void => {
          while (offset < data.length) {
            const chunk = data.subarray(offset, offset + 100_000);
            const sent = dialing.send(client, chunk);
            offset += sent;
            if (sent < chunk.length) return;
          }
          dialing.backend.shutdownSend(client);
        };
        dialing.onRecord = () => {
          if (dialing.of(client).events.at(-1) === 'writable') sendOn();
        };
        const hash = createHash('sha256');
        listening.onRecord = (handle) => {
          for (const chunk of listening.of(handle).chunks.splice(0)) hash.update(chunk);
          if (listening.of(server).events.length % 7 !== 0) return;
          listening.setReceiving(server, false);
          setImmediate(() => listening.setReceiving(server, true));
        };
        sendOn();
        await listening.until('the end', () => listening.of(server).has('eof'));
        expect(hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
      });

      it('offers what there is to receive together with the room to send', async () => {
        const { dialing, listening, client, server } = await pair();
        listening.setReceiving(server, false);
        dialing.fill(client);
        await dialing.quiet();
        const tellings = dialing.of(client).count('writable');
        dialing.fill(client);
        // Both at once: bytes for the blocked end, and a reader that drains it.
        listening.send(server, 'to you');
        listening.setReceiving(server, true);
        await dialing.until('both', () => dialing.of(client).text === 'to you');
        await dialing.until('room', () => dialing.of(client).count('writable') > tellings);
      });

      it('sends the same bytes to many, with a result for each', async () => {
        const { dialing, listening, client, server, bound } = await pair();
        const other = dialing.connect(bound);
        await listening.until('the second accept', () => listening.accepted.length === 2);
        const otherServer = listening.accepted[1]!.handle;
        dialing.backend.close(other);
        await listening.until('its end', () => listening.of(otherServer).has('eof'));
        listening.backend.close(otherServer);
        const results = new Int32Array([-7, -7, -7]);
        listening.backend.sendMany(Int32Array.of(otherServer, server, 0), 2, Buffer.from('all'), false, results);
        expect([...results]).toEqual([0, 3, -7]);
        await dialing.until('the bytes', () => dialing.of(client).text === 'all');
      });

      it('takes nothing of nothing', async () => {
        const { dialing, client } = await pair();
        expect(dialing.send(client, '')).toBe(0);
        await dialing.quiet();
        expect(dialing.of(client).events).toEqual(['connected 0']);
      });
    });

    describe('ending', () => {
      it('goes on receiving after its own half-close, and sending after the other end’s', async () => {
        const { dialing, listening, client, server } = await pair();
        expect(dialing.backend.shutdownSend(client)).toBe(0);
        await listening.until('the end', () => listening.of(server).has('eof'));
        expect(listening.send(server, 'late answer')).toBe(11);
        await dialing.until('the answer', () => dialing.of(client).text === 'late answer');
        expect(dialing.send(client, 'too late')).toBeLessThan(0);
        listening.backend.close(server);
        await dialing.until('the other end', () => dialing.of(client).has('eof'));
      });

      it('delivers what it took before a close, then the end', async () => {
        const { dialing, listening, client, server } = await pair();
        listening.setReceiving(server, false);
        const taken = dialing.fill(client);
        dialing.backend.close(client);
        listening.setReceiving(server, true);
        await listening.until('the end', () => listening.of(server).has('eof'));
        expect(listening.of(server).byteCount).toBe(taken);
      });

      it('reports an RST as a read error, and refuses to send from then on', async () => {
        const { dialing, listening, client, server } = await pair();
        dialing.backend.reset(client);
        await listening.until('the error', () => listening.of(server).events.length > 0);
        expect(listening.of(server).events).toEqual(['ECONNRESET']);
        expect(listening.send(server, 'anyone?')).toBeLessThan(0);
        await listening.quiet();
        expect(listening.of(server).events).toEqual(['ECONNRESET']);
      });

      it('drops what was not sent yet when it resets', async () => {
        const { dialing, listening, client, server } = await pair();
        listening.setReceiving(server, false);
        for (let taken = dialing.fill(client); taken > 0; taken = dialing.fill(client)) await dialing.quiet();
        const { sentBytes } = dialing.backend.countersOf(client)!;
        dialing.backend.reset(client);
        await listening.quiet();
        listening.setReceiving(server, true);
        const ends = limits.hidesResets === true ? ['ECONNRESET', 'eof'] : ['ECONNRESET'];
        await listening.until('the error', () => ends.includes(listening.of(server).events.at(-1)!));
        expect(listening.of(server).byteCount).toBeLessThan(sentBytes);
      });

      it('resets right behind its own FIN', async () => {
        const { dialing, listening, client, server } = await pair();
        dialing.backend.shutdownSend(client);
        dialing.backend.reset(client);
        await listening.until('an end', () => listening.of(server).events.length > 0);
        await listening.quiet();
        expect(['eof', 'ECONNRESET']).toContain(listening.of(server).events.join());
        // The end hides the reset from a receiver, not from a sender.
        listening.send(server, 'x');
        await listening.quiet();
        expect(listening.send(server, 'x')).toBeLessThan(0);
      });

      it('answers with an RST when closed with bytes unread', async () => {
        const { dialing, listening, client, server } = await pair();
        listening.setReceiving(server, false);
        dialing.send(client, 'never read');
        await listening.quiet();
        listening.backend.close(server);
        await dialing.until('the error', () => dialing.of(client).events.length > 1);
        expect(dialing.of(client).events).toEqual(['connected 0', 'ECONNRESET']);
      });

      it('reports nothing for a socket closed by itself', async () => {
        const { dialing, listening, client, server } = await pair();
        dialing.send(client, 'unheard');
        listening.backend.close(server);
        await listening.quiet();
        expect(listening.of(server).events).toEqual([]);
      });

      it('takes any call on a closed handle for nothing', async () => {
        const { dialing, listening, client, listener } = await pair();
        const { backend } = dialing;
        backend.close(client);
        listening.backend.close(listener);
        backend.close(client);
        backend.reset(client);
        backend.setReceiving(client, true);
        listening.backend.setAccepting(listener, true);
        expect(dialing.send(client, 'x')).toBe(0);
        expect(backend.receive(client)).toBeLessThan(0);
        expect(backend.shutdownSend(client)).toBeLessThan(0);
        expect(backend.addressOf(client, 'local')).toBeUndefined();
        expect(backend.tcpInfoOf(client)).toBeUndefined();
      });
    });

    describe('handles', () => {
      it('are different 32-bit integers, and never -1', async () => {
        const { client, server, listener } = await pair();
        expect(server).not.toBe(listener);
        for (const handle of [client, server, listener]) {
          expect(handle | 0).toBe(handle);
          expect(handle).not.toBe(-1);
        }
      });

      it('do not come back, and their slots not within the turn that freed them', async () => {
        const { dialing, listening, client, server, bound } = await pair();
        let replaced: number | undefined;
        listening.onRecord = () => {
          if (replaced !== undefined) return;
          listening.backend.close(server);
          replaced = listening.connect(bound);
          expect(replaced & SLOT_MASK).not.toBe(server & SLOT_MASK);
        };
        dialing.send(client, 'now');
        await listening.until(
          'the replacement',
          () => replaced !== undefined && listening.of(replaced).has('connected 0'),
        );
        expect(replaced).not.toBe(server);
      });

      it('name the socket of the record, when every socket of a turn is closed in its first record', async () => {
        const { dialing, listening, bound } = await pair();
        const clients = Array.from({ length: 20 }, () => dialing.connect(bound));
        await listening.until('the accepts', () => listening.accepted.length === 21);
        await dialing.until('the connects', () => clients.every((handle) => dialing.of(handle).has('connected 0')));
        const servers = listening.accepted.map(({ handle }) => handle);
        listening.onRecord = () => {
          for (const handle of servers) listening.backend.close(handle);
        };
        for (const handle of clients) dialing.send(handle, 'x');
        const ended = (handle: number): boolean => dialing.of(handle).events.length > 1;
        await dialing.until('the ends', () => clients.every(ended));
        const turns = listening.turnCount;
        await listening.quiet();
        expect(listening.turnCount).toBe(turns);
      });
    });

    describe('stopping', () => {
      it('makes no turn after stop, from inside a turn too', async () => {
        const { dialing, listening, client } = await pair();
        listening.onRecord = () => listening.backend.stop();
        dialing.send(client, 'one');
        await listening.until('the last turn', () => listening.turnCount > 1);
        const turns = listening.turnCount;
        dialing.send(client, 'two');
        await listening.quiet();
        expect(listening.turnCount).toBe(turns);
      });

      it('leaves sockets open on stop, and closes all on destroy', async () => {
        const { dialing, listening, client, server, bound } = await pair();
        listening.backend.stop();
        expect(listening.send(server, 'still open')).toBe(10);
        await dialing.until('the bytes', () => dialing.of(client).text === 'still open');
        listening.backend.destroy();
        listening.backend.destroy();
        await dialing.until('the end', () => dialing.of(client).has('eof'));
        const late = dialing.connect(bound);
        await dialing.until('the refusal', () => dialing.of(late).has('connected ECONNREFUSED'));
      });

      it('may be destroyed from inside a turn', async () => {
        const { dialing, listening, client } = await pair();
        listening.onRecord = () => listening.backend.destroy();
        dialing.send(client, 'go');
        await dialing.until('the end', () => dialing.of(client).events.length > 1);
      });
    });

    it('serves 1,000 connections at once, each in its turn', { timeout: 30_000 }, async () => {
      const listening = station();
      const dialing = station();
      const { bound } = listening.listen(IPV4, { backlog: 1000 });
      listening.onRecord = (handle) => {
        for (const chunk of listening.of(handle).chunks.splice(0)) listening.send(handle, chunk);
      };
      let servedCount = 0;
      dialing.onRecord = (handle) => {
        const seen = dialing.of(handle);
        if (seen.events.length === 1) dialing.send(handle, `from ${handle}`);
        else if (seen.text === `from ${handle}`) servedCount++;
      };
      for (let count = 0; count < 1000; count++) dialing.connect(bound);
      await dialing.until('all echoes', () => servedCount === 1000);
    });
  });
}
