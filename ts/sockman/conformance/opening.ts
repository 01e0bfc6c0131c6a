// Checks of how sockets are made: listening, accepting, connecting, over IPv4, IPv6 and Unix-domain sockets.

import * as assert from 'node:assert';
import { join } from 'node:path';

import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import { EADDRINUSE } from '../../util/errors/errno.ts';
import { assertHas } from './assert-has.ts';
import type { BackendLimits, CheckMaker } from './check.ts';
import { IPV4 } from './stage.ts';
import { plainListen } from './station.ts';

/** An address that no socket can have. */
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333';
const IPV6 = Service.parse('[::1]:0');
const IPV6_ANY = Service.parse('[::]:0');

export function checkOpening(check: CheckMaker, limits: BackendLimits): void {
  check('listening: binds port 0 to a free port and tells which', ({ station }) => {
    const { bound } = station().listen(IPV4);
    assert.ok(bound.port > 0);
    assert.strictEqual(bound.address.toString(), '127.0.0.1');
  });

  check('listening: refuses an address in use with EADDRINUSE at once, and leaves nothing open', ({ station }) => {
    const first = station();
    const second = station();
    const { handle, bound } = first.listen(IPV4);
    const refused = second.backend.listen(bound, plainListen);
    assertHas(refused, { ok: false, errno: EADDRINUSE });
    first.backend.close(handle);
    assertHas(second.backend.listen(bound, plainListen), { ok: true });
  });

  check('listening: refuses an address of a network without sockets', ({ station }) => {
    const onion = Service.parse(ONION);
    assert.strictEqual(station().backend.listen(onion, plainListen).ok, false);
  });

  check('listening: refuses connections again once the listener is closed', async ({ pair }) => {
    const { dialing, listening, listener, bound } = await pair();
    listening.backend.close(listener);
    const late = dialing.connect(bound);
    await dialing.until('the refusal', () => dialing.of(late).events.length > 0);
    assert.deepStrictEqual(dialing.of(late).events, ['connected ECONNREFUSED']);
  });

  check('listening: keeps the connections of a closed listener', async ({ pair }) => {
    const { dialing, listening, client, server, listener } = await pair();
    listening.backend.close(listener);
    dialing.send(client, 'still here');
    await listening.until('the bytes', () => listening.of(server).text === 'still here');
  });

  check('listening: accepts no more than acceptBatch sockets from a listener in a turn', async ({ station }) => {
    const listening = station({ acceptBatch: 3 });
    const dialing = station();
    const { handle: listener, bound } = listening.listen(IPV4);
    listening.backend.setAccepting(listener, false);
    let acceptedBefore = 0;
    const checkTurn = (): void => {
      assert.ok(listening.accepted.length - acceptedBefore <= 3, 'a turn accepts more than acceptBatch');
      acceptedBefore = listening.accepted.length;
    };
    // The previous turn is checked before each turn.
    listening.onTurn = checkTurn;
    const clients = Array.from({ length: 20 }, () => dialing.connect(bound));
    await dialing.until('the connects', () => clients.every((handle) => dialing.of(handle).has('connected 0')));
    // All of them wait now.
    listening.backend.setAccepting(listener, true);
    await listening.until('20 accepts', () => listening.accepted.length === 20);
    checkTurn();
  });

  check('listening: accepts nothing while paused, and what waited once resumed', async ({ station }) => {
    const listening = station();
    const dialing = station();
    const { handle: listener, bound } = listening.listen(IPV4);
    listening.backend.setAccepting(listener, false);
    const client = dialing.connect(bound);
    await dialing.until('the connect', () => dialing.of(client).has('connected 0'));
    await listening.quiet();
    assert.deepStrictEqual(listening.accepted, []);
    listening.backend.setAccepting(listener, true);
    await listening.until('the accept', () => listening.accepted.length === 1);
  });

  check('connecting: never reports an outcome from inside the call', ({ station }) => {
    const dialing = station();
    const { bound } = station().listen(IPV4);
    dialing.connect(bound);
    assert.strictEqual(dialing.turnCount, 0);
  });

  check('connecting: reports a refusal with its errno, and the handle is gone', async ({ station }) => {
    const dialing = station();
    const listening = station();
    const { handle, bound } = listening.listen(IPV4);
    listening.backend.close(handle);
    const client = dialing.connect(bound);
    await dialing.until('the refusal', () => dialing.of(client).events.length > 0);
    assert.deepStrictEqual(dialing.of(client).events, ['connected ECONNREFUSED']);
    assert.strictEqual(dialing.backend.addressOf(client, 'remote'), undefined);
    assert.strictEqual(dialing.backend.countersOf(client), undefined);
  });

  check('connecting: reports nothing for a connect that was closed before its outcome', async ({ station }) => {
    const dialing = station();
    const { bound } = station().listen(IPV4);
    const client = dialing.connect(bound);
    dialing.backend.close(client);
    await dialing.quiet();
    assert.deepStrictEqual(dialing.of(client).events, []);
  });

  check('connecting: names the same two ends on both sides', async ({ pair }) => {
    const { dialing, listening, client, server, bound } = await pair();
    assert.strictEqual(dialing.backend.addressOf(client, 'remote')?.toString(), bound.toString());
    assert.strictEqual(listening.backend.addressOf(server, 'local')?.toString(), bound.toString());
    const dialed = dialing.backend.addressOf(client, 'local')?.toString();
    assert.match(dialed ?? '', /^127\.0\.0\.1:[1-9]/);
    assert.strictEqual(listening.backend.addressOf(server, 'remote')?.toString(), dialed);
  });

  check('connecting: dials from the local address asked for', async ({ station }) => {
    const listening = station();
    const dialing = station();
    const { bound } = listening.listen(IPV4);
    const result = dialing.backend.connect(bound, { localAddress: Service.parse('127.0.0.1:0') });
    assert.strictEqual(result.ok, true);
    await listening.until('the accept', () => listening.accepted.length === 1);
    const remote = listening.backend.addressOf(listening.accepted[0]!.handle, 'remote');
    assert.strictEqual(remote?.address.toString(), '127.0.0.1');
  });

  check(
    'connecting: reports what happened before the start from the start on',
    async ({ station, unstartedStation }) => {
      const late = unstartedStation();
      const { bound } = late.listen(IPV4);
      const dialing = station();
      const client = dialing.connect(bound);
      await dialing.until('the connect', () => dialing.of(client).has('connected 0'));
      await dialing.quiet();
      assert.strictEqual(late.turnCount, 0);
      late.start();
      await late.until('the accept', () => late.accepted.length === 1);
    },
  );

  check(
    'connecting: carries a connection over IPv6',
    async ({ pair }) => {
      const { dialing, listening, client, server, bound } = await pair({}, IPV6);
      assert.strictEqual(bound.address.toString(), '::1');
      assert.strictEqual(dialing.backend.addressOf(client, 'remote')?.toString(), bound.toString());
      dialing.send(client, 'six');
      await listening.until('the bytes', () => listening.of(server).text === 'six');
    },
    limits.noIPv6,
  );

  check(
    'connecting: keeps an IPv6 wildcard to IPv6',
    async ({ station }) => {
      const dialing = station();
      const { bound } = station().listen(IPV6_ANY);
      const client = dialing.connect(new Service(NetAddress.parse('127.0.0.1'), bound.port));
      await dialing.until('the refusal', () => dialing.of(client).events.length > 0);
      assert.deepStrictEqual(dialing.of(client).events, ['connected ECONNREFUSED']);
    },
    limits.noIPv6 ?? limits.noIPv6Only,
  );

  check(
    'connecting: accepts IPv4 on an IPv6 wildcard with dualStack, and names it as IPv4',
    async ({ station }) => {
      const listening = station();
      const { bound } = listening.listen(IPV6_ANY, { dualStack: true });
      station().connect(new Service(NetAddress.parse('127.0.0.1'), bound.port));
      await listening.until('the accept', () => listening.accepted.length === 1);
      const { handle } = listening.accepted[0]!;
      assert.strictEqual(listening.backend.addressOf(handle, 'remote')?.address.toString(), '127.0.0.1');
    },
    limits.noIPv6,
  );

  check(
    'connecting: lets several listeners share a port by reusePort',
    async ({ station }) => {
      const first = station();
      const { bound } = first.listen(IPV4, { reusePort: true });
      const second = station();
      second.listen(bound, { reusePort: true });
      assertHas(station().backend.listen(bound, plainListen), { ok: false, errno: EADDRINUSE });
      const dialing = station();
      for (let count = 0; count < 40; count++) dialing.connect(bound);
      await first.until('accepts at the first', () => first.accepted.length > 0);
      await second.until('accepts at the second', () => second.accepted.length > 0);
    },
    limits.noReusePort,
  );

  check(
    'Unix-domain sockets: carry bytes both ways, and end',
    async ({ pair, folder }) => {
      const at = Service.unix(join(folder, 'socket'));
      const { dialing, listening, client, server, bound } = await pair({}, at);
      assert.strictEqual(bound.toString(), at.toString());
      assert.strictEqual(dialing.backend.addressOf(client, 'remote')?.toString(), at.toString());
      assert.strictEqual(dialing.backend.addressOf(client, 'local'), undefined);
      assert.strictEqual(listening.backend.addressOf(server, 'local')?.toString(), at.toString());
      assert.strictEqual(listening.backend.addressOf(server, 'remote'), undefined);
      dialing.send(client, 'ping');
      await listening.until('ping', () => listening.of(server).text === 'ping');
      listening.send(server, 'pong');
      listening.backend.close(server);
      await dialing.until('pong and the end', () => dialing.of(client).has('eof'));
      assert.strictEqual(dialing.of(client).text, 'pong');
    },
    limits.noUnixSockets,
  );

  check(
    'Unix-domain sockets: refuse a path in use, and give it back when the listener closes',
    ({ station, folder }) => {
      const at = Service.unix(join(folder, 'socket'));
      const first = station();
      const { handle } = first.listen(at);
      assertHas(station().backend.listen(at, plainListen), { ok: false, errno: EADDRINUSE });
      first.backend.close(handle);
      assertHas(station().backend.listen(at, plainListen), { ok: true });
    },
    limits.noUnixSockets,
  );

  check(
    'Unix-domain sockets: tell when nobody listens on a path',
    async ({ station, folder }) => {
      const dialing = station();
      const result = dialing.backend.connect(Service.unix(join(folder, 'nobody')), {});
      // A kernel reports this during the call, a runtime a little later: the contract allows both.
      if (!result.ok) return;
      await dialing.until('the failure', () => dialing.of(result.handle).events.length > 0);
      assert.deepStrictEqual(dialing.of(result.handle).events, ['connected ENOENT']);
    },
    limits.noUnixSockets,
  );
}
