// How sockets of a backend come to be: listening, accepting, connecting, over IPv4, IPv6 and Unix-domain sockets.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { EADDRINUSE } from '../../../ts/util/errors/errno.ts';
import { IPV4, itUnless } from './contract-stage.ts';
import type { BackendLimits, ContractStage } from './contract-stage.ts';
import { plainListen } from './station.ts';

/** An address that no socket can have. */
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333';
const IPV6 = Service.parse('[::1]:0');
const IPV6_ANY = Service.parse('[::]:0');

export function describeOpening({ station, unstartedStation, pair }: ContractStage, limits: BackendLimits): void {
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
      const late = unstartedStation();
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
}
