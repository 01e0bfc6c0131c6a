import { describe, expect, it, vi } from 'vitest';
import { AddrMan } from '../../../ts/addrman/addr-man.ts';
import { askDnsSeeds } from '../../../ts/connman/outbound/dns-seeds.ts';
import type { DnsSeedParts } from '../../../ts/connman/outbound/dns-seeds.ts';
import { FixedSeeds } from '../../../ts/connman/outbound/fixed-seeds.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import type { PublicNetworkName } from '../../../ts/netaddr/networks/network.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import type { PeerAddress } from '../../../ts/p2p/messages/addresses.ts';
import type { Proxy } from '../../../ts/sockman/dial/connect-options.ts';
import { VirtualClock } from '../../../ts/testing.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

const DAY_SECONDS = 86_400;
const { main } = CHAIN_PARAMS;

/** Seeds that answer by the number of their question; what they were asked, and when. */
class SeedWorld {
  readonly clock = new VirtualClock();
  readonly interrupt = new AbortController();
  readonly asked: string[] = [];
  readonly askedAtMs: number[] = [];
  readonly fetched: string[] = [];
  readonly log: string[] = [];
  readonly addressBook: AddrMan;
  answerCount = 2;
  peers = 0;
  readonly network: { isActive: boolean; nameProxy: Proxy | undefined } = { isActive: true, nameProxy: undefined };
  isDone = false;

  constructor(known = 0) {
    this.addressBook = new AddrMan({ clock: this.clock, random: seededUint32(5), key: new Uint8Array(32).fill(1) });
    for (let index = 0; this.addressBook.size() < known; index++) {
      const service = new Service(
        new NetAddress('ipv4', Uint8Array.of(20 + (index >> 16), index >> 8, index, 1)),
        8333,
      );
      this.addressBook.add([{ service, services: 9n, timeSeconds: this.nowSeconds() }], service.address);
    }
  }

  nowSeconds(): number {
    return Math.floor(this.clock.wallTimeMs() / 1_000);
  }

  start(options: Partial<DnsSeedParts['settings']> = {}): void {
    const parts: DnsSeedParts = {
      settings: {
        chain: main,
        clock: this.clock,
        random: seededUint32(9),
        logger: { ...silentLogger, info: (line) => void this.log.push(line) },
        lookUpHost: async (name) => this.#answer(name),
        forceDnsSeed: false,
        seedNode: [],
        ...options,
      },
      addressBook: this.addressBook,
      table: { countReady: (type) => (type === 'outbound-full-relay' ? this.peers : 0) },
      network: this.network,
      openConnections: { addAddrFetch: (name) => void this.fetched.push(name) },
      interrupt: this.interrupt.signal,
    };
    void askDnsSeeds(parts).then(() => (this.isDone = true));
  }

  async pass(ms: number): Promise<void> {
    await this.clock.settle();
    for (let passed = 0; passed < ms; passed += 500) {
      this.clock.advance(500);
      await this.clock.settle();
    }
  }

  #answer(name: string): NetAddress[] {
    this.asked.push(name);
    this.askedAtMs.push(this.clock.now());
    const high = this.asked.length;
    return Array.from(
      { length: this.answerCount },
      (_, low) => new NetAddress('ipv4', Uint8Array.of(11, high, low, 1)),
    );
  }
}

describe('DNS seeds', () => {
  it('are all asked at once when no address is known, for the services that are wanted', async () => {
    const world = new SeedWorld();
    world.start();
    await world.pass(0);
    expect(world.isDone).toBe(true);
    expect([...world.asked].sort()).toEqual(main.dnsSeeds.map((name) => `x9.${name}`).sort());
    expect(world.addressBook.size()).toBe(2 * main.dnsSeeds.length);
  });

  it('give addresses that look three to seven days old, with the port of the chain', async () => {
    const world = new SeedWorld();
    world.start();
    await world.pass(0);
    for (const { service, services, timeSeconds } of world.addressBook.getAddr(0, 0)) {
      const ageSeconds = world.nowSeconds() - timeSeconds;
      expect(ageSeconds).toBeGreaterThanOrEqual(3 * DAY_SECONDS);
      expect(ageSeconds).toBeLessThan(7 * DAY_SECONDS);
      expect([service.port, services]).toEqual([8333, 9n]);
    }
  });

  it('are believed 32 addresses each', async () => {
    const world = new SeedWorld();
    world.answerCount = 33;
    const add = vi.spyOn(world.addressBook, 'add');
    world.start({ chain: { ...main, dnsSeeds: ['one.'] } });
    await world.pass(0);
    const [[records, source]] = add.mock.calls as [[Iterable<PeerAddress>, NetAddress]];
    expect([...records]).toHaveLength(32);
    expect(source).toEqual(NetAddress.fromInternalName('x9.one.'));
    expect(add).toHaveBeenCalledTimes(1);
  });

  it.each([
    [1, 11_000],
    [999, 11_000],
    [1_000, 300_000],
  ])('wait, with %i addresses known, %i ms before each three of them', async (known, waitMs) => {
    const world = new SeedWorld(known);
    world.start();
    await world.pass(3 * waitMs + 500);
    expect(world.askedAtMs.map((atMs) => Math.round(atMs / waitMs))).toEqual([1, 1, 1, 2, 2, 2, 3]);
    expect(world.askedAtMs[0]).toBe(waitMs);
    expect(world.isDone).toBe(true);
  });

  it('are not asked once two peers are there', async () => {
    const world = new SeedWorld(10);
    world.start();
    await world.pass(10_000);
    world.peers = 1;
    await world.pass(2_000);
    expect(world.asked).toHaveLength(3);
    world.peers = 2;
    await world.pass(60_000);
    expect(world.asked).toHaveLength(3);
    expect(world.isDone).toBe(true);
  });

  it('are told of in the log, as Core tells', async () => {
    const patient = new SeedWorld(10);
    patient.start();
    await patient.pass(12_000);
    patient.peers = 2;
    await patient.pass(11_000);
    const loading = patient.asked.map((name) => `Loading addresses from DNS seed ${name.slice(3)}`);
    expect(patient.log).toEqual([
      'Waiting 11 seconds before querying DNS seeds.',
      ...loading,
      'Waiting 11 seconds before querying DNS seeds.',
      'P2P peers available. Finished DNS seeding.',
    ]);
    const served = new SeedWorld(1_000);
    served.peers = 2;
    served.start();
    await served.pass(300_000);
    expect(served.log).toEqual([
      'Waiting 300 seconds before querying DNS seeds.',
      'P2P peers available. Skipped DNS seeding.',
    ]);
    const eager = new SeedWorld();
    eager.start();
    await eager.pass(0);
    expect(eager.log.at(-1)).toBe(`${eager.addressBook.size()} addresses found from DNS seeds`);
  });

  it('are asked at once when the user forces it', async () => {
    const world = new SeedWorld(10);
    world.peers = 8;
    world.start({ forceDnsSeed: true });
    await world.pass(0);
    expect(world.asked).toHaveLength(main.dnsSeeds.length);
  });

  it('give way to seed nodes for half a minute', async () => {
    const world = new SeedWorld(10);
    world.start({ seedNode: ['seed.example'] });
    await world.pass(30_000 + 10_500);
    expect(world.asked).toHaveLength(0);
    await world.pass(1_000);
    expect(world.asked).toHaveLength(3);

    const helped = new SeedWorld(10);
    helped.start({ seedNode: ['seed.example'] });
    await helped.pass(10_000);
    helped.peers = 2;
    await helped.pass(1_000);
    expect([helped.isDone, helped.asked.length]).toEqual([true, 0]);
  });

  it('are connected to and asked as peers where a proxy looks names up, or where they give no answer', async () => {
    const proxied = new SeedWorld();
    proxied.network.nameProxy = { endpoint: Service.parse('127.0.0.1:9050') };
    proxied.start();
    await proxied.pass(0);
    expect([...proxied.fetched].sort()).toEqual([...main.dnsSeeds].sort());
    expect(proxied.asked).toEqual([]);

    const silent = new SeedWorld();
    silent.answerCount = 0;
    silent.start();
    await silent.pass(0);
    expect([...silent.fetched].sort()).toEqual([...main.dnsSeeds].sort());
  });

  it('wait while the network is off', async () => {
    const world = new SeedWorld();
    world.network.isActive = false;
    world.start();
    await world.pass(60_000);
    expect(world.asked).toEqual([]);
    world.network.isActive = true;
    await world.pass(1_000);
    expect(world.isDone).toBe(true);
  });

  it('hold nobody up who stops, whatever the resolver does', async () => {
    const world = new SeedWorld();
    world.start({ lookUpHost: () => new Promise(() => {}) });
    await world.pass(1_000);
    expect(world.isDone).toBe(false);
    world.interrupt.abort();
    await world.pass(0);
    expect(world.isDone).toBe(true);
    expect(world.fetched).toEqual([]);
  });
});

describe('the built-in list of nodes', () => {
  function fixed(world: SeedWorld, networks: PublicNetworkName[], isOnlySource = false): FixedSeeds {
    const { addressBook, clock } = world;
    const network = { reachableNetworks: () => networks };
    const random = seededUint32(4);
    return new FixedSeeds({ chain: main, addressBook, clock, random, isOnlySource, network });
  }

  it('is used after more than a minute, for reachable networks that nothing is known of, once', async () => {
    const world = new SeedWorld(10);
    const seeds = fixed(world, ['ipv4', 'onion']);
    world.clock.advance(60_000);
    seeds.addIfDue();
    expect(world.addressBook.size()).toBe(10);
    world.clock.advance(1);
    seeds.addIfDue();
    expect([world.addressBook.size('onion'), world.addressBook.size()]).toEqual([2, 12]);
    const again = new SeedWorld();
    const onlyOnce = fixed(again, ['ipv4'], true);
    onlyOnce.addIfDue();
    expect(again.addressBook.size()).toBe(2);
    for (const { service, timeSeconds } of again.addressBook.getAddr(0, 0, undefined, false)) {
      expect(service.address.isIPv4()).toBe(true);
      const ageSeconds = again.nowSeconds() - timeSeconds;
      expect(ageSeconds).toBeGreaterThanOrEqual(7 * DAY_SECONDS);
      expect(ageSeconds).toBeLessThan(14 * DAY_SECONDS);
    }
  });

  it('is used at once where there is no other source', () => {
    const world = new SeedWorld();
    fixed(world, ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'], true).addIfDue();
    expect(world.addressBook.size()).toBe(10);
  });

  it('is left alone while every reachable network is known', () => {
    const world = new SeedWorld(1);
    const seeds = fixed(world, ['ipv4'], true);
    seeds.addIfDue();
    expect(world.addressBook.size()).toBe(1);
  });
});
