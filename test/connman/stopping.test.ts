// The end of a node, whatever it was waiting for.

import { afterEach, describe, expect, it } from 'vitest';
import { AddrMan } from '../../ts/addrman/addr-man.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { WELL, noBuild, runChild } from '../harness/child.ts';
import { countTimers } from '../harness/peers/recording-node.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { World, onlyNode } from './world.ts';
import type { TestNode } from './world.ts';

const PLACE = '10.0.0.1:18444';

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

/** What is saved, one entry for each save. */
function saving(): { saves: string[]; options: ConnmanOptions } {
  const saves: string[] = [];
  const note = (what: string) => (): Promise<void> => Promise.resolve(void saves.push(what));
  const addressBook = new AddrMan({ clock: world.net.clock, random: seededUint32(2) });
  return {
    saves,
    options: {
      addressBook,
      addressBookStore: { save: note('addresses') },
      anchorStore: { take: () => Promise.resolve([]), save: note('anchors') },
      banMan: { isBanned: () => false, isDiscouraged: () => false, save: note('bans') },
    },
  };
}

const NEVER = (): Promise<never> => new Promise(() => {});

/** Each leaves a node in the middle of something. */
const stages: Record<string, (options: ConnmanOptions) => Promise<TestNode>> = {
  async 'a dial gets no answer'(options) {
    world.net.faults = { connect: () => 'silent' };
    const node = await world.node({ ...options, noConnect: false });
    void node.connman.connectTo('93.0.0.1:18444');
    await world.settle();
    return node;
  },
  async 'a name is looked up'(options) {
    const node = await world.node({ ...options, lookUpHost: NEVER });
    void node.connman.connectTo('node.example');
    await world.settle();
    return node;
  },
  async 'a DNS seed is asked'(options) {
    const chain = { ...CHAIN_PARAMS.regtest, dnsSeeds: ['seed.example.'] };
    const node = await world.node({ ...options, chain, dnsSeed: true, lookUpHost: NEVER });
    await world.pass(1_000, 100);
    return node;
  },
  async 'DNS seeds wait for their time'(options) {
    const node = await world.node({ ...options, dnsSeed: true, seedNode: ['10.0.0.7'] });
    await world.pass(5_000, 500);
    return node;
  },
  async 'every slot is taken'(options) {
    world.listen('93.0.0.1:18444');
    const node = await world.node({ ...options, maxConnections: 1 });
    const dialed = node.connman.addConnection('93.0.0.1:18444', 'outbound-full-relay', false);
    await world.pass(2_000, 500);
    expect(await dialed).toBe('connected');
    return node;
  },
  async 'added nodes rest'(options) {
    const node = await world.node({ ...options, addNode: ['93.0.0.1:18444'] });
    await world.pass(10_000, 500);
    return node;
  },
  async 'messages wait by the thousand'(options) {
    const node = await world.node({ ...options, bind: [PLACE] });
    const peer = world.connect(PLACE);
    peer.greet();
    await world.settle();
    for (let count = 0; count < 5_000; count++) peer.send({ type: 'ping', nonce: 1n });
    let left = 100;
    node.greeter.onMessage = () => {
      if (--left === 0) node.connman.interrupt();
    };
    await world.settle();
    expect(onlyNode(node.connman).received.memoryBytes).toBeGreaterThan(4_000 * 32);
    return node;
  },
};

describe('stopping', () => {
  it.each(Object.keys(stages))('while %s leaves nothing open and nothing pending, and saves once', async (stage) => {
    const pendingTimers = countTimers(world.net.clock);
    const { saves, options } = saving();
    const node = await stages[stage]!(options);
    saves.length = 0;
    let isStopped = false;
    const stopping = node.connman.stop().then(() => (isStopped = true));
    await world.settle();
    expect(isStopped).toBe(true);
    await stopping;
    await node.connman.stop();
    expect(saves).toEqual(['addresses', 'bans', 'anchors']);
    expect([...node.greeter.finalized].sort()).toEqual([...node.greeter.initialized].sort());
    expect([node.connman.getNodeCount(), node.connman.socketStats().connectionCount, pendingTimers()]).toEqual([
      0, 0, 0,
    ]);
  });

  it('while a dial succeeds shows nobody the connection', async () => {
    world = new World({ latencyMs: 100 });
    const listener = world.listen('93.0.0.1:18444');
    const { saves, options } = saving();
    const node = await world.node({ ...options, noConnect: false });
    const addr = { service: Service.parse('93.0.0.1:18444'), services: 9n };
    const dialed = node.connman.openNetworkConnection({ connectionType: 'block-relay-only', addr, usesV2: false });
    await node.connman.stop();
    await world.settle();
    expect([await dialed, node.greeter.initialized]).toEqual([false, []]);
    expect(listener.peers.every(({ hasEOF, readErrno }) => hasEOF || readErrno !== undefined)).toBe(true);
    expect(saves).toEqual(['addresses', 'bans', 'anchors']);
  });
});

describe.skipIf(noBuild !== undefined)(
  `a process whose node is stopped ${noBuild === undefined ? '' : `(skipped: ${noBuild})`}`,
  () => {
    it.concurrent.each(['dialing', 'resolving', 'waiting-for-a-slot', 'processing'])(
      'while %s ends by itself',
      async (stage) => {
        const result = await runChild('test/connman/children/stop-while.mjs', [stage]);
        expect(result).toEqual({ ...WELL, stdout: 'stopped\n' });
      },
    );
  },
);
