import { afterEach, describe, expect, it } from 'vitest';
import type { Connman } from '../../ts/connman/connman.ts';
import { World, onlyNode } from './world.ts';

const PLACE = '127.0.0.1:18444';

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

describe('two nodes', () => {
  it.each([
    ['V2', true, true, 'v2'],
    ['V1, because the dialing one has no V2,', false, true, 'v1'],
    ['V1, because the listening one has no V2,', true, false, 'v1'],
  ])('shake hands over %s', async (_name, dialsV2, answersV2, expected) => {
    const server = await world.node({ bind: [PLACE], v2Transport: answersV2 });
    const client = await world.node({ v2Transport: dialsV2 });
    expect(await dial(client.connman)).toBe(true);
    await world.pass(1_000, 50);
    const ours = onlyNode(client.connman);
    const theirs = onlyNode(server.connman);
    expect(ours.isSuccessfullyConnected && theirs.isSuccessfullyConnected).toBe(true);
    expect(ours.transportInfo.transportType).toBe(expected);
    expect(theirs.transportInfo).toEqual(ours.transportInfo);
    expect([ours.connectionType, theirs.connectionType]).toEqual(['manual', 'inbound']);
    expect(theirs.cleanSubVer).toBe(client.connman.userAgent);
  });

  async function dial(connman: Connman): Promise<boolean> {
    const dialed = connman.connectTo(PLACE);
    await world.settle();
    return dialed;
  }
});

describe('a hand-played peer', () => {
  it('is answered over V1, in order', async () => {
    const { connman, greeter } = await world.node({ bind: [PLACE] });
    const peer = world.connect(PLACE);
    peer.greet();
    peer.send({ type: 'ping', nonce: 7n });
    await world.settle();
    expect(peer.types()).toEqual(['version', 'verack', 'pong']);
    expect(greeter.processed).toEqual(['0 version', '0 verack', '0 ping']);
    expect(onlyNode(connman).isSuccessfullyConnected).toBe(true);
  });

  it('is told nothing before it has spoken', async () => {
    await world.node({ bind: [PLACE] });
    const peer = world.connect(PLACE);
    await world.pass(10_000, 500);
    expect(peer.socket.receivedBytes).toBe(0);
    expect(peer.socket.hasEOF).toBe(false);
  });
});
