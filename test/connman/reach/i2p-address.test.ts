// Our own I2P address: advertised while the router has our session, and not counted again with each peer that comes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { addressOfDestination, encodeI2PBase64 } from '../../../ts/sockman/dial/i2p-destination.ts';
import { D1, D2 } from '../../harness/dials/i2p-destinations.ts';
import { BRIDGE, SamBridge } from '../../harness/dials/sam-bridge.ts';
import { bookOf } from '../dialers.ts';
import { World } from '../world.ts';
import type { TestNode } from '../world.ts';

const ME = `${addressOfDestination(D1)}:0`;
/** What a manually set address counts. (Core, LOCAL_MANUAL) */
const MANUAL_SCORE = 4;

let folder: string;
let world: World;
let bridge: SamBridge;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-i2p-'));
  world = new World();
  bridge = new SamBridge(world.net);
});
afterEach(async () => {
  await world.destroy();
  rmSync(folder, { recursive: true });
});

async function listeningNode(options: ConnmanOptions = {}): Promise<TestNode> {
  const i2pPrivateKeyFile = join(folder, 'i2p_private_key');
  const node = await world.node({ i2pSam: BRIDGE, i2pPrivateKeyFile, noConnect: true, ...options });
  await bridge.settle();
  return node;
}

const sessionsMade = (): string[] => bridge.takeRequests().filter((request) => request.includes('SESSION CREATE'));

const ownAddresses = ({ connman }: TestNode): string[] =>
  connman.localAddresses().map(({ service, score }) => `${service} ${score}`);

it('is advertised once, however many peers come', async () => {
  const node = await listeningNode();
  expect(ownAddresses(node)).toEqual([`${ME} ${MANUAL_SCORE}`]);
  for (let peer = 1; peer <= 3; peer += 1) {
    bridge.listener.peers.at(-1)!.send(`${encodeI2PBase64(D2)}\n`);
    await bridge.settle();
    expect([...node.connman.nodes()]).toHaveLength(peer);
  }
  expect(ownAddresses(node)).toEqual([`${ME} ${MANUAL_SCORE}`]);
});

it('is withdrawn when the router is gone, and comes again with it', async () => {
  const node = await listeningNode();
  bridge.answers['HELLO'] = 'close';
  bridge.socket(0).end();
  bridge.socket(1).end();
  await bridge.settle();
  expect(ownAddresses(node)).toHaveLength(1);
  await bridge.advance(1_000);
  expect(ownAddresses(node)).toEqual([]);
  delete bridge.answers['HELLO'];
  await bridge.advance(2_000);
  expect(ownAddresses(node)).toEqual([`${ME} ${MANUAL_SCORE}`]);
});

it('is not shown to who gets a private broadcast: that has a session of its own', async () => {
  const them = addressOfDestination(D2);
  bridge.answers['NAMING'] = `NAMING REPLY RESULT=OK NAME=x VALUE=${encodeI2PBase64(D2)}`;
  const { connman, greeter } = await listeningNode({
    addressBook: bookOf(world, [`${them}:0`]),
    privateBroadcast: true,
    noConnect: false,
    maxConnections: 0,
  });
  expect(sessionsMade()).toHaveLength(1);
  greeter.network.addPrivateBroadcastsToOpen(1);
  await bridge.settle();
  expect(sessionsMade()).toEqual([expect.stringContaining(' DESTINATION=TRANSIENT ')]);
  expect([...connman.nodes()].map(({ connectionType }) => connectionType)).toEqual(['private-broadcast']);
});

it('does not come about where other networks alone are wanted, or nobody is to come in', async () => {
  expect(ownAddresses(await listeningNode({ onlyNet: ['ipv4'] }))).toEqual([]);
  bridge.takeRequests();
  expect(ownAddresses(await listeningNode({ i2pAcceptIncoming: false }))).toEqual([]);
  expect(bridge.takeRequests()).toEqual([]);
});
