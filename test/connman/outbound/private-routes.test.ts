// That private broadcasts of a node reach IPv4 only through what has proved to be Tor.

import { afterEach, describe, expect, it } from 'vitest';

import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { bytesOf } from '../../harness/peers/handshake.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { bookOf } from '../dialers.ts';
import { World, WirePeer } from '../world.ts';

const PLACE = '10.0.0.1:18444';
const TOR = '127.0.0.1:9050';
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const KNOWN = '93.0.0.1';

const SOCKS_AGREED = bytesOf('0500');
const SOCKS_CONNECTED = bytesOf('05000001000000000000');

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

describe('a network whose proxy comes later', () => {
  it('is dialed once Tor has named its proxy, and is missed in the log until then', async () => {
    const log: string[] = [];
    const note = (line: string): void => void log.push(line);
    const tor = world.listen(TOR);
    const options: ConnmanOptions = {
      onlyNet: ['onion'],
      privateBroadcast: true,
      addressBook: bookOf(world, [`${ONION}:18444`], 9n),
      fixedSeeds: false,
    };
    const { connman } = await world.node({
      ...options,
      logger: { debug() {}, info() {}, warn: note, error: note },
    });
    await world.pass(10_000, 500);
    expect([connman.isReachable('onion'), tor.peers.length]).toEqual([false, 0]);
    expect(log).toEqual([
      'onlyNet names onion: nothing is dialed there before a proxy is named (useOnionProxy)',
      'privateBroadcast: nothing is sent before a proxy to Tor is named (useOnionProxy)',
    ]);
    connman.useOnionProxy(Service.parse(TOR));
    await world.pass(10_000, 500);
    expect(connman.isReachable('onion')).toBe(true);
    expect(tor.peers.length).toBeGreaterThan(0);
  });
});

describe('onion addresses that the user forbade', () => {
  it.each([false, '0'] as const)('are not dialed once Tor has named its proxy (onion: %s)', async (onion) => {
    const tor = world.listen(TOR);
    const addressBook = bookOf(world, [`${ONION}:18444`], 9n);
    const { connman } = await world.node({ onion, addressBook, fixedSeeds: false });
    connman.useOnionProxy(Service.parse(TOR));
    const dialed = connman.connectTo(ONION);
    await world.pass(10_000, 500);
    expect(await dialed).toBe(false);
    expect([connman.isReachable('onion'), tor.peers.length]).toEqual([false, 0]);
  });
});

describe('a private broadcast to an IPv4 address', () => {
  it('waits for a handshake with an onion address, whatever other peers there are', async () => {
    const tor = world.listen(TOR);
    const { connman, greeter } = world.make({
      bind: [PLACE],
      onion: TOR,
      proxyRandomize: false,
      privateBroadcast: true,
      addressBook: bookOf(world, [`${KNOWN}:18444`], 0n),
      v2Transport: false,
      random: seededUint32(8),
    });
    // A peer that offers nothing is dialed for broadcasts only.
    greeter.hasAllDesirableServiceFlags = () => false;
    await connman.start(greeter);
    world.connect(PLACE).greet();
    greeter.network.addPrivateBroadcastsToOpen(1);
    await world.pass(10_000, 500);
    expect(tor.peers).toHaveLength(0);

    const dialed = connman.connectTo(ONION);
    await world.settle();
    const [onionPeer] = tor.peers;
    onionPeer!.send(SOCKS_AGREED);
    await world.settle();
    onionPeer!.send(SOCKS_CONNECTED);
    await world.settle();
    expect(await dialed).toBe(true);
    await world.pass(2_000, 100);
    expect(tor.peers).toHaveLength(1);
    onionPeer!.take();

    new WirePeer(onionPeer!).greet();
    // Twice a second one of three routes is tried, and for the two others no address is known.
    for (let passedMs = 0; tor.peers.length === 1 && passedMs < 30_000; passedMs += 500) await world.pass(500, 100);
    expect(tor.peers).toHaveLength(2);
    const broadcast = tor.peers[1]!;
    broadcast.send(SOCKS_AGREED);
    await world.settle();
    expect(Buffer.from(broadcast.take()).toString('latin1')).toContain(KNOWN);
  });
});
