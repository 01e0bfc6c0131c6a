import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AddrMan } from '../../../ts/addrman/addr-man.ts';
import { AnchorsFile } from '../../../ts/storage/anchors-file.ts';
import type { Connman } from '../../../ts/connman/connman.ts';
import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import type { NodeView } from '../../../ts/connman/node/peer.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import { Services } from '../../../ts/p2p/protocol.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { Crowd } from '../crowd.ts';
import { SERVICES, STEP_MS, bookOf, ofType, placesIn, startDialer } from '../dialers.ts';
import { MAGIC, World } from '../world.ts';

let world = new World();
let crowd: Crowd | undefined;
const running: Connman[] = [];
beforeEach(() => {
  world = new World();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((connman) => connman.stop()));
  await crowd?.leave();
  crowd = undefined;
});

const book = (known: Iterable<string>): AddrMan => bookOf(world, known);

async function start(addressBook: AddrMan, options: ConnmanOptions = {}): Promise<Connman> {
  const connman = await startDialer(world, addressBook, options);
  running.push(connman);
  return connman;
}

function groupsOf(nodes: readonly NodeView[]): Set<string> {
  return new Set(nodes.map(({ addr }) => Buffer.from(addr.address.netGroup()).toString('hex')));
}

describe('dialing from the address book', () => {
  it('comes to eight full-relay and two block-relay-only peers, each in a network of its own', async () => {
    const all = placesIn(14, 5);
    // Every third address is dead.
    crowd = new Crowd(
      world.net,
      all.filter((_, index) => index % 3 !== 0),
    );
    const connman = await start(book(all));
    let most = 0;
    for (let passedMs = 0; passedMs < 180_000; passedMs += STEP_MS) {
      await world.pass(STEP_MS);
      most = Math.max(most, connman.getNodeCount('out'));
    }
    const full = ofType(connman, 'outbound-full-relay');
    const blockRelay = ofType(connman, 'block-relay-only');
    expect([full.length, blockRelay.length]).toEqual([8, 2]);
    expect(groupsOf([...full, ...blockRelay]).size).toBe(10);
    expect([...full, ...blockRelay].every((node) => node.isSuccessfullyConnected)).toBe(true);
    expect(most).toBeLessThanOrEqual(11);
  });

  it('leaves slots empty rather than take two peers of one network', async () => {
    const all = placesIn(4, 20);
    crowd = new Crowd(world.net, all);
    const connman = await start(book(all));
    await world.pass(120_000, STEP_MS);
    expect(groupsOf([...connman.nodes()]).size).toBe(4);
    expect(connman.getNodeCount('out')).toBe(4);
  });

  // Nobody here speaks V2: a peer called with it hangs up, and is called again.
  it.each([
    ['offers it', true, SERVICES | Services.P2P_V2, 2],
    ['does not offer it', true, SERVICES, 1],
    ['offers it, while we do not', false, SERVICES | Services.P2P_V2, 1],
  ])('tries V2 with somebody who %s: %s', async (_who, v2Transport, services, calls) => {
    const [place] = placesIn(1, 1) as [string];
    crowd = new Crowd(world.net, [place]);
    await start(bookOf(world, [place], services), { v2Transport });
    await world.pass(3_000, STEP_MS);
    expect(crowd.visits.get(place)).toBe(calls);
  });

  it('tests addresses by feelers, which do not stay', async () => {
    const all = placesIn(12, 10);
    crowd = new Crowd(world.net, all);
    const addrMan = book(all);
    const connman = await start(addrMan);
    const feelers: string[] = [];
    connman.on('outboundConnection', ({ addr, isFeeler }) => isFeeler && feelers.push(String(addr)));
    await world.pass(60_000, STEP_MS);
    const triedBefore = addrMan.size(undefined, false);
    await world.pass(30 * 60_000, STEP_MS);
    // 15 are expected; a Poisson variable of that mean is outside 3..35 about once in 5,000, and the seed is fixed.
    expect(feelers.length).toBeGreaterThanOrEqual(3);
    expect(feelers.length).toBeLessThanOrEqual(35);
    expect(ofType(connman, 'feeler').length).toBeLessThanOrEqual(1);
    expect(addrMan.size(undefined, false)).toBeGreaterThan(triedBefore);
    for (const feeler of feelers) expect(addrMan.findAddressEntry(Service.parse(feeler))?.isTried).toBe(true);
  });

  it('dials nobody while the network is off, and everybody again after', async () => {
    const all = placesIn(12, 2);
    crowd = new Crowd(world.net, all);
    const connman = await start(book(all));
    await world.pass(20_000, STEP_MS);
    expect(connman.getNodeCount('out')).toBe(10);
    connman.setNetworkActive(false);
    await world.pass(20_000, STEP_MS);
    expect(connman.getNodeCount()).toBe(0);
    connman.setNetworkActive(true);
    // The addresses of a moment ago rest for ten minutes, unless nothing else is found.
    await world.pass(60_000, STEP_MS);
    expect(connman.getNodeCount('out')).toBe(10);
  });

  it('asks a seed node for addresses when it knows none', async () => {
    crowd = new Crowd(world.net, ['30.0.0.1:18444']);
    const connman = await start(book([]), { seedNode: ['30.0.0.1'], v2Transport: false });
    const opened: string[] = [];
    connman.on('outboundConnection', ({ addrName, connectionType }) => opened.push(`${connectionType} ${addrName}`));
    await world.pass(1_000, STEP_MS);
    expect(opened).toEqual(['addr-fetch 30.0.0.1']);
  });
});

describe('DNS seeds', () => {
  /** How often a seed is asked in 40 s by a node that knows ten addresses, and dials `anchors` first. */
  async function questions(all: readonly string[], anchors: readonly string[]): Promise<number> {
    let count = 0;
    await start(book(all), {
      chain: { ...CHAIN_PARAMS.regtest, dnsSeeds: ['seed.example.'] },
      dnsSeed: true,
      lookUpHost: (name) => Promise.resolve((name === 'x9.seed.example.' && count++, [])),
      anchorStore: {
        take: () =>
          Promise.resolve(
            anchors.map((place) => ({ service: Service.parse(place), services: SERVICES, timeSeconds: 1_700_000_000 })),
          ),
        save: () => Promise.resolve(),
      },
    });
    await world.pass(40_000, STEP_MS);
    return count;
  }

  it('are asked though two block-relay-only peers are there: those say nothing about addresses', async () => {
    const anchors = ['90.0.0.1:18444', '91.0.0.1:18444'];
    crowd = new Crowd(world.net, anchors);
    expect(await questions(placesIn(10, 1), anchors)).toBe(1);
    expect(ofType(running[0]!, 'block-relay-only').every((node) => node.isSuccessfullyConnected)).toBe(true);
    expect(ofType(running[0]!, 'block-relay-only')).toHaveLength(2);
  });

  it.each<[string, ConnmanOptions, number]>([
    ['connect, where asked for', { connect: ['9.9.9.9:18444'], dnsSeed: true }, 2],
    ['noConnect, where asked for', { noConnect: true, dnsSeed: true }, 2],
    ['connect', { connect: ['9.9.9.9:18444'] }, 0],
  ])('are asked beside %s, and nobody is dialed for it', async (_what, options, expected) => {
    const dialed: string[] = [];
    const addressBook = book([]);
    const connman = await start(addressBook, {
      chain: { ...CHAIN_PARAMS.main, dnsSeeds: ['seed.example.'] },
      lookUpHost: (name) =>
        Promise.resolve(name === 'x9.seed.example.' ? ['90.0.0.1', '91.0.0.1'].map((at) => NetAddress.parse(at)) : []),
      ...options,
    });
    connman.on('failedConnection', ({ target }) => dialed.push(target));
    await world.pass(20_000, STEP_MS);
    expect(addressBook.size()).toBe(expected);
    expect(new Set(dialed)).toEqual(new Set(options.connect));
  });

  it('are not asked when two full-relay peers are', async () => {
    const all = placesIn(10, 1);
    crowd = new Crowd(world.net, all.slice(0, 5));
    expect(await questions(all, [])).toBe(0);
    expect(ofType(running[0]!, 'outbound-full-relay').length).toBeGreaterThan(1);
  });
});

describe('anchors', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sockman-anchors-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are dialed first after a restart, and their file is gone until a clean stop', async () => {
    const all = placesIn(20, 10);
    crowd = new Crowd(world.net, all);
    const path = join(folder, 'anchors.dat');
    const anchorStore = new AnchorsFile(path, MAGIC);
    const first = await start(book(all), { anchorStore });
    await world.pass(20_000, STEP_MS);
    const anchors = ofType(first, 'block-relay-only').map(({ addr }) => String(addr));
    expect(anchors).toHaveLength(2);
    expect(existsSync(path)).toBe(false);
    await first.stop();
    expect(existsSync(path)).toBe(true);

    const second = await start(book(all), { anchorStore });
    expect(existsSync(path)).toBe(false);
    const opened: string[] = [];
    second.on('outboundConnection', ({ addr, connectionType }) => opened.push(`${connectionType} ${addr}`));
    await world.pass(5_000, STEP_MS);
    expect(opened.slice(0, 2)).toEqual(anchors.reverse().map((anchor) => `block-relay-only ${anchor}`));
    expect(opened[2]).toMatch(/^outbound-full-relay/);
  });

  it('are none where they cannot be read, and that keeps nobody from starting', async () => {
    const errors: string[] = [];
    const anchorStore = { take: () => Promise.reject(new Error('no disk')), save: () => Promise.resolve() };
    const logger = { ...silentLogger, error: (line: string) => void errors.push(line) };
    const connman = await start(book([]), { anchorStore, logger });
    expect(errors).toEqual([expect.stringContaining('no disk')]);
    await connman.stop();
  });

  it('are not touched by a node that dials given peers only', async () => {
    const path = join(folder, 'anchors.dat');
    const anchorStore = new AnchorsFile(path, MAGIC);
    await anchorStore.save([{ service: Service.parse('30.0.0.2:1'), services: SERVICES, timeSeconds: 1 }]);
    const before = await readFile(path);
    const connman = await start(book([]), { anchorStore, connect: ['30.0.0.1'] });
    await connman.stop();
    expect(await readFile(path)).toEqual(before);
  });
});

describe('added nodes', () => {
  it('are dialed at once, at most eight, and again a minute after a failure', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `31.${index}.0.1:18444`);
    crowd = new Crowd(world.net, names.slice(1));
    const connman = await start(book([]), { addNode: names });
    await world.pass(10_000, STEP_MS);
    const missing = (): string[] =>
      connman.getAddedNodeInfo().flatMap(({ node, peer }) => (peer === undefined ? [node] : []));
    expect(missing()).toEqual([names[0], names[9]]);
    expect(ofType(connman, 'manual')).toHaveLength(8);
    connman.disconnectNode(names[5]!);
    await world.pass(70_000, STEP_MS);
    // The first in the list has the slot that came free: the dead one gave it back.
    expect(missing()).toEqual([names[0], names[9]]);
  });

  it('are listed once, by text and by address, and taken off by their text', async () => {
    const connman = await start(book([]));
    expect(connman.addNode('31.0.0.1')).toBe(true);
    expect(connman.addNode('31.0.0.1')).toBe(false);
    expect(connman.addNode('31.0.0.1:18444')).toBe(false);
    expect(connman.addNode('31.0.0.1:18445')).toBe(true);
    expect(connman.removeAddedNode('31.0.0.1:18444')).toBe(false);
    expect(connman.removeAddedNode('31.0.0.1')).toBe(true);
    expect(connman.getAddedNodeInfo().map(({ node }) => node)).toEqual(['31.0.0.1:18445']);
  });
});

describe('inbound slots under a flood', () => {
  it('stay with who had them, if all of the flood is from one network', async () => {
    const place = '10.0.0.1:18444';
    const connman = await start(book([]), { listen: true, bind: [place], maxConnections: 71 });
    const evicted: string[] = [];
    connman.on('evictedInboundConnection', ({ addr }) => evicted.push(String(addr.address)));
    for (let index = 0; index < 40; index++) world.connect(place, `${40 + index}.1.1.1:0`).greet();
    await world.pass(60_000, STEP_MS);
    for (let index = 0; index < 300; index++) {
      world.connect(place, `6.6.${index >> 6}.${index & 63}:0`).greet();
      await world.settle();
    }
    expect(connman.getNodeCount('in')).toBe(60);
    expect(evicted).toHaveLength(280);
    expect(evicted.every((address) => address.startsWith('6.6.'))).toBe(true);
  });
});
