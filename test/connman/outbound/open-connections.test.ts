import { describe, expect, it } from 'vitest';
import { AddrMan } from '../../../ts/addrman/addr-man.ts';
import { NetGroups } from '../../../ts/addrman/net-groups.ts';
import { connectionBudget } from '../../../ts/connman/settings/budget.ts';
import type { ConnectionType } from '../../../ts/connman/node/connection-types.ts';
import type { OpenRequest } from '../../../ts/connman/outbound/dialing.ts';
import { KeyedHashes } from '../../../ts/connman/node/keyed-hashes.ts';
import { NodeMaker } from '../../../ts/connman/node/node-maker.ts';
import { NodeTable } from '../../../ts/connman/node/node-table.ts';
import { OpenConnections } from '../../../ts/connman/outbound/open-connections.ts';
import type { OpenConnectionsParts } from '../../../ts/connman/outbound/open-connections.ts';
import type { P2PNode } from '../../../ts/connman/node/peer.ts';
import { LocalServices } from '../../../ts/connman/reach/local-services.ts';
import { resolveConnmanOptions } from '../../../ts/connman/settings/resolve-options.ts';
import { SlotPool } from '../../../ts/connman/node/slots.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { VirtualClock } from '../../../ts/testing.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

const STEP_MS = 100;

/** The task with a real address book, table and slots; dials succeed or not as a test says, and are written down. */
class Lab {
  readonly clock = new VirtualClock();
  readonly interrupt = new AbortController();
  readonly table = new NodeTable();
  readonly addressBook: AddrMan;
  readonly slots: SlotPool;
  readonly opened: OpenRequest[] = [];
  /** Lines that everybody is meant to read. */
  readonly log: string[] = [];
  /** How long the task rested, each time. */
  readonly restsMs: number[] = [];
  isReachable: (request: OpenRequest) => boolean = () => true;
  readonly #task: OpenConnections;
  readonly #maker: NodeMaker;
  #nextId = 0;

  constructor({ known = [] as readonly string[], seedNodes = [] as readonly string[], maxConnections = 125 } = {}) {
    const random = seededUint32(8);
    const { clock } = this;
    this.addressBook = new AddrMan({ clock, random, key: new Uint8Array(32).fill(3) });
    for (const place of known) this.know(place);
    const settings = resolveConnmanOptions({ chain: 'regtest', clock, random });
    this.#maker = new NodeMaker(
      settings,
      new KeyedHashes(1n, 2n),
      () => {},
      () => {},
    );
    const budget = connectionBudget(maxConnections);
    this.slots = new SlotPool(budget.outboundSlots);
    const after = clock.after.bind(clock);
    clock.after = (delayMs, callback) => {
      this.restsMs.push(delayMs);
      return after(delayMs, callback);
    };
    const parts: OpenConnectionsParts = {
      budget,
      table: this.table,
      slots: this.slots,
      logger: { ...silentLogger, info: (line) => void this.log.push(line) },
      clock,
      random,
      interrupt: this.interrupt.signal,
      addressBook: this.addressBook,
      anchors: [],
      seedNodes,
      fixedSeeds: undefined,
      wishes: { tryNewOutboundPeer: false, wantsExtraBlockRelay: false },
      localServices: new LocalServices(0n),
      network: { reachableNetworks: () => ['ipv4'], isReachable: (network) => network === 'ipv4' },
      localAddresses: { has: () => false },
      netEvents: { hasAllDesirableServiceFlags: () => true },
      addedNodes: { names: () => [] },
      netGroups: new NetGroups(),
      dialing: { isDialing: () => false, open: (request) => Promise.resolve(this.#open(request)) },
    };
    this.#task = new OpenConnections(parts);
    void this.#task.run();
  }

  know(place: string): void {
    const service = Service.parse(place);
    const timeSeconds = Math.floor(this.clock.wallTimeMs() / 1_000) - 3_600;
    this.addressBook.add([{ service, services: 9n, timeSeconds }], service.address);
  }

  /** A peer that is there already. */
  addPeer(connectionType: ConnectionType, place: string): P2PNode {
    const node = this.#maker.make({
      id: this.#nextId++,
      addr: Service.parse(place),
      addrServices: 9n,
      addrBind: undefined,
      dest: undefined,
      connectionType,
      isInboundOnion: false,
      permissions: 0,
      preferEvict: false,
      usesV2: false,
      proxyOverride: undefined,
    });
    this.table.add(node);
    return node;
  }

  /** Ends a connection that the task opened. */
  remove(node: P2PNode): void {
    this.table.remove(node);
    node.grant?.release();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.settle();
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.clock.advance(STEP_MS);
      await this.clock.settle();
    }
  }

  stop(): void {
    this.interrupt.abort();
  }

  #open(request: OpenRequest): boolean {
    this.opened.push(request);
    if (!this.isReachable(request)) return false;
    const place = request.dest === undefined ? String(request.addr!.service) : '60.0.0.1:1';
    const node = this.addPeer(request.connectionType, place);
    node.grant = request.grant;
    return true;
  }
}

/** `count` addresses, each in a network of its own. */
function places(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${20 + index}.7.1.1:18444`);
}

describe('a failed dial', () => {
  it.each([
    // With so many connections at most, dials count from so many places on.
    [125, [false, false, true, true]],
    [2, [false, true]],
    [1, [true]],
  ])(
    'counts against the address, of %i connections, only with peers in two places',
    async (maxConnections, counted) => {
      const lab = new Lab({ known: places(40), maxConnections });
      await lab.pass(3_000);
      expect(lab.opened.slice(0, counted.length).map(({ isFailureCounted }) => isFailureCounted)).toEqual(counted);
      lab.stop();
    },
  );

  it('counts neither with several peers in one place', async () => {
    const lab = new Lab({ known: places(40) });
    for (const host of [1, 2, 3]) lab.addPeer('manual', `99.9.0.${host}:18444`);
    lab.isReachable = () => false;
    await lab.pass(3_000);
    expect(lab.opened.length).toBeGreaterThan(2);
    expect(lab.opened.every(({ isFailureCounted }) => isFailureCounted === false)).toBe(true);
    // One more, elsewhere; peers that dialed us, and those of a feeler's kind, say nothing about the network.
    lab.addPeer('inbound', '98.9.0.1:18444');
    lab.addPeer('feeler', '97.9.0.1:18444');
    lab.opened.length = 0;
    await lab.pass(3_000);
    expect(lab.opened.every(({ isFailureCounted }) => isFailureCounted === false)).toBe(true);
    lab.addPeer('block-relay-only', '96.9.0.1:18444');
    lab.opened.length = 0;
    await lab.pass(3_000);
    expect(lab.opened.length).toBeGreaterThan(0);
    expect(lab.opened.every(({ isFailureCounted }) => isFailureCounted === true)).toBe(true);
    lab.stop();
  });
});

describe('a feeler', () => {
  it('begins up to a second after it was decided on', async () => {
    const lab = new Lab({ known: places(200) });
    for (let index = 0; index < 8; index++) lab.addPeer('outbound-full-relay', `${150 + index}.1.1.1:1`);
    for (let index = 0; index < 2; index++) lab.addPeer('block-relay-only', `${160 + index}.1.1.1:1`);
    lab.isReachable = () => false;
    for (let count = 0; count < 200; count++) await lab.pass(60_000);
    expect(lab.opened.every(({ connectionType }) => connectionType === 'feeler')).toBe(true);
    expect(lab.opened.length).toBeGreaterThan(50);
    // Between two looks at what is missing the task rests for half a second.
    const delaysMs = lab.restsMs.filter((ms) => ms !== 500);
    expect(delaysMs.length).toBeGreaterThanOrEqual(lab.opened.length - 1);
    expect(Math.min(...delaysMs)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delaysMs)).toBeLessThan(1_000);
    // Uniform: the mean of so many is within 150 ms of the middle unless something is wrong.
    expect(Math.abs(delaysMs.reduce((sum, ms) => sum + ms, 0) / delaysMs.length - 500)).toBeLessThan(150);
    lab.stop();
  });
});

describe('seed nodes', () => {
  const SEEDS = ['a.example', 'b.example', 'c.example'];
  const asked = (lab: Lab): string[] => lab.opened.flatMap(({ dest }) => (dest === undefined ? [] : [dest]));

  it('are asked at once, one of them, when no address is known, and one more each ten seconds without peers', async () => {
    const lab = new Lab({ seedNodes: SEEDS });
    await lab.pass(0);
    expect(asked(lab)).toHaveLength(1);
    expect(lab.opened[0]).toMatchObject({ connectionType: 'addr-fetch' });
    await lab.pass(10_000);
    expect(asked(lab)).toHaveLength(1);
    await lab.pass(1_500);
    expect(asked(lab)).toHaveLength(2);
    await lab.pass(60_000);
    expect(lab.log).toEqual(asked(lab).map((seed) => `Empty addrman, adding seednode (${seed}) to addrfetch`));
    expect(asked(lab).sort()).toEqual(SEEDS);
    lab.stop();
  });

  it('are left alone for ten seconds when addresses are known, and for good with two full-relay peers', async () => {
    const lab = new Lab({ seedNodes: SEEDS, known: ['20.1.1.1:1'] });
    lab.isReachable = ({ dest }) => dest !== undefined;
    await lab.pass(10_000);
    expect(asked(lab)).toEqual([]);
    await lab.pass(1_500);
    expect(asked(lab)).toHaveLength(1);
    expect(lab.log).toEqual([
      `Couldn't connect to enough nodes from addrman. Adding seednode (${asked(lab)[0]}) to addrfetch`,
    ]);
    for (const place of ['30.1.1.1:1', '31.1.1.1:1']) lab.addPeer('outbound-full-relay', place);
    await lab.pass(60_000);
    expect(asked(lab)).toHaveLength(1);
    lab.stop();
  });

  it('lose their turn when no slot is free at that moment', async () => {
    const lab = new Lab({ seedNodes: SEEDS.slice(0, 1), maxConnections: 1, known: ['20.1.1.1:1'] });
    // The only slot: taken by a peer of the book as soon as there is one, in the moment in which a seed is to be asked.
    lab.isReachable = () => lab.clock.now() > 10_000;
    await lab.pass(12_000);
    const [peer] = [...lab.table.values()];
    expect(peer?.connectionType).toBe('outbound-full-relay');
    expect(lab.slots.freeCount).toBe(0);
    lab.isReachable = () => true;
    lab.remove(peer!);
    await lab.pass(60_000);
    expect(asked(lab)).toEqual([]);
    lab.stop();
  });
});
