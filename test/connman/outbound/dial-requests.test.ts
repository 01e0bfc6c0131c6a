// What users and tools may ask to be dialed.

import { afterEach, describe, expect, it } from 'vitest';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { ofType } from '../dialers.ts';
import { World } from '../world.ts';
import type { TestNode } from '../world.ts';

const INVALID = expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' });

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

type AddableType = Parameters<TestNode['connman']['addConnection']>[1];

async function add({ connman }: TestNode, place: string, type: string): Promise<string> {
  world.listen(place);
  const [added] = await Promise.all([connman.addConnection(place, type as AddableType), world.settle()]);
  return added;
}

describe('a dial by name', () => {
  it.each(['', undefined, 7, { address: '1.2.3.4' }])('is refused without a name: %j', async (dest) => {
    const { connman } = await world.node();
    await expect(connman.connectTo(dest as never)).rejects.toEqual(INVALID);
    await expect(connman.addConnection(dest as never, 'feeler')).rejects.toEqual(INVALID);
    expect(() => connman.addNode(dest as never)).toThrow(INVALID);
    expect(connman.getAddedNodeInfo()).toEqual([]);
  });

  it('is refused over V2 where that is off, and goes over V1 without being told', async () => {
    const { connman } = await world.node({ v2Transport: false });
    world.listen('93.0.0.1:18444');
    await expect(connman.connectTo('93.0.0.1', true)).rejects.toEqual(INVALID);
    await expect(connman.addConnection('93.0.0.1', 'feeler', true)).rejects.toEqual(INVALID);
    expect(() => connman.addNode('93.0.0.1', true)).toThrow(INVALID);
    const dialed = connman.connectTo('93.0.0.1');
    await world.settle();
    expect(await dialed).toBe(true);
    expect([...connman.nodes()].map(({ transportInfo }) => transportInfo.transportType)).toEqual(['v1']);
  });
});

describe('a dial of the outbound policy', () => {
  it('is of an address or of a name', async () => {
    const { connman } = await world.node();
    const addr = { service: Service.parse('93.0.0.1:1'), services: 0n };
    for (const target of [{}, { addr, dest: '93.0.0.1' }]) {
      const request = { connectionType: 'manual', usesV2: false, ...target } as const;
      await expect(connman.openNetworkConnection(request)).rejects.toEqual(INVALID);
    }
  });
});

describe('a dial by address', () => {
  it('never goes to one of our own', async () => {
    const { connman } = await world.node({ bind: ['93.0.0.9:1'], externalIp: ['93.0.0.1'] });
    const own = world.listen('93.0.0.1:18444');
    world.listen('93.0.0.2:18444');
    const open = (place: string): Promise<boolean> => {
      const addr = { service: Service.parse(place), services: 0n };
      return connman.openNetworkConnection({ connectionType: 'feeler', addr, usesV2: false });
    };
    const dials = [open('93.0.0.1:18444'), open('93.0.0.2:18444')];
    await world.settle();
    expect(await Promise.all(dials)).toEqual([false, true]);
    expect(own.peers).toEqual([]);
  });

  it('that is to be private goes nowhere without a proxy', async () => {
    const { connman } = await world.node();
    const peers = world.listen('93.0.0.1:18444');
    const failures: string[] = [];
    connman.on('failedConnection', ({ target }) => failures.push(target));
    const addr = { service: Service.parse('93.0.0.1:18444'), services: 0n };
    const dialed = connman.openNetworkConnection({ connectionType: 'private-broadcast', addr, usesV2: false });
    await world.settle();
    expect([await dialed, failures, peers.peers]).toEqual([false, ['93.0.0.1:18444'], []]);
  });
});

describe('a name with 300 addresses', () => {
  it('has 256 of them tried', async () => {
    const all = Array.from({ length: 300 }, (_, index) => NetAddress.parse(`93.0.${index >> 8}.${index & 255}`));
    const { connman } = await world.node({ lookUpHost: () => Promise.resolve(all) });
    const tried: string[] = [];
    connman.on('failedConnection', ({ errmsg }) => tried.push(errmsg));
    const dialed = connman.connectTo('many.example');
    await world.settle();
    expect(await dialed).toBe(false);
    expect(new Set(tried).size).toBe(256);
  });
});

describe('permissions of those we dial', () => {
  it('are given to manual connections, where a whitelist entry says so, and to no others', async () => {
    const { connman } = await world.node({ whitelist: ['out,addr@93.0.0.0/16', 'mempool@93.0.0.0/16'] });
    for (const place of ['93.0.0.1:1', '93.0.0.2:1']) world.listen(place);
    const dials = [connman.connectTo('93.0.0.1:1'), connman.addConnection('93.0.0.2:1', 'outbound-full-relay')];
    await world.settle();
    expect(await Promise.all(dials)).toEqual([true, 'connected']);
    const [manual] = ofType(connman, 'manual');
    const [automatic] = ofType(connman, 'outbound-full-relay');
    expect([manual!.hasPermission('addr'), manual!.hasPermission('mempool')]).toEqual([true, false]);
    expect(automatic!.permissions).toBe(0);
  });
});

describe('addresses of peers', () => {
  it.each([false, true])('stand in the log of a connection only if that is wanted: %s', async (logIps) => {
    const lines: string[] = [];
    const note = (line: string): void => void lines.push(line);
    const logger = { debug: note, info: note, warn: note, error: note };
    const { connman } = await world.node({ bind: ['10.0.0.1:1'], logger, logIps, v2Transport: false });
    world.listen('93.0.0.1:1');
    const dialed = connman.connectTo('93.0.0.1:1');
    world.connect('10.0.0.1:1', '93.0.0.3:7').socket.send(Uint8Array.of(1, 2, 3));
    await world.settle();
    expect(await dialed).toBe(true);
    connman.disconnectNode('93.0.0.1:1');
    await world.settle();
    const peers = lines.filter((line) => line.includes('peer='));
    const [to, from, peer] = logIps ? [' to 93.0.0.1:1', ' to 93.0.0.3:7', ', peeraddr=93.0.0.1:1'] : ['', '', ''];
    expect(new Set(peers)).toEqual(
      new Set([
        `[net] Added connection${to} peer=1`,
        `[net] Added connection${from} peer=0`,
        `[net] disconnected by the user, disconnecting peer=1${peer}`,
      ]),
    );
  });
});

describe('an added connection', () => {
  it.each([
    ['outbound-full-relay', 8],
    ['block-relay-only', 2],
  ])('of type %s is one of %i at most', async (type, limit) => {
    const node = await world.node();
    for (let index = 0; index < limit; index++) {
      expect(await add(node, `93.${index}.0.1:1`, type)).toBe('connected');
    }
    expect(await add(node, '94.0.0.1:1', type)).toBe('full');
    expect(ofType(node.connman, type)).toHaveLength(limit);
    // The refusal cost no slot: all that are left can be taken.
    for (let index = limit; index < 11; index++) {
      expect(await add(node, `95.${index}.0.1:1`, 'feeler')).toBe('connected');
    }
  });

  it('takes a slot of the eleven, which is free again when the dial fails or the connection ends', async () => {
    const node = await world.node({ v2Transport: false });
    const failed = Array.from({ length: 11 }, (_, index) => node.connman.addConnection(`96.0.0.${index}`, 'feeler'));
    await world.settle();
    expect(new Set(await Promise.all(failed))).toEqual(new Set(['failed']));
    for (let index = 0; index < 11; index++) {
      expect(await add(node, `93.${index}.0.1:1`, 'addr-fetch')).toBe('connected');
    }
    expect(await add(node, '94.0.0.1:1', 'addr-fetch')).toBe('full');
    node.connman.disconnectNode('93.0.0.1:1');
    await world.settle();
    expect(await add(node, '94.0.0.2:1', 'feeler')).toBe('connected');
  });

  it.each(['inbound', 'manual', 'private-broadcast', 'toString'])('is not of type %s', async (type) => {
    const node = await world.node();
    await expect(add(node, '93.0.0.1:1', type)).rejects.toEqual(INVALID);
    expect(node.connman.getNodeCount()).toBe(0);
  });
});
