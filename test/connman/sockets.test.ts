import { afterEach, describe, expect, it } from 'vitest';

import { Connman } from '../../ts/connman/connman.ts';
import { SockMan } from '../../ts/sockman/sock-man.ts';
import { World } from './world.ts';

const PLACE = '10.0.0.1:18444';
const CONTROL = '127.0.0.1:9051';

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

/** Facts about sockets, and the one name that every disposable has. */
const SHARED = ['constructor', 'backendName', 'countersOf', 'tcpInfoOf', Symbol.asyncDispose];

describe('the sockets of a connman', () => {
  it('can be looked at, and not used past its bookkeeping', async () => {
    const { connman } = await world.node({ bind: [PLACE] });
    const shared = Reflect.ownKeys(SockMan.prototype).filter((name) => name in Connman.prototype);
    expect(new Set(shared)).toEqual(new Set(SHARED));
    expect(connman).not.toBeInstanceOf(SockMan);
  });

  it('show their counters, all together and of each node', async () => {
    const { connman } = await world.node({ bind: [PLACE] });
    world.connect(PLACE).greet();
    await world.settle();
    const stats = connman.socketStats();
    expect([stats.accepted, stats.connectionCount, stats.listenerCount]).toEqual([1, 1, 1]);
    expect(connman.countersOf(0)?.receivedBytes).toBe(connman.node(0)!.receivedBytes);
    expect(connman.countersOf(7)).toBeUndefined();
    expect(connman.backendName).toBe('memory');
  });
});

describe('the control network of a connman', () => {
  it('hands over as a stream what it dialed, once, and what comes back is no message of a peer', async () => {
    const listener = world.listen(CONTROL);
    const { connman } = await world.node();
    const dialed = connman.controlNetwork.connectAndMakeNodeId(CONTROL);
    await world.settle();
    const { nodeId } = await dialed;
    expect(String(connman.controlNetwork.addressesOf(nodeId!)?.remote)).toBe(CONTROL);
    const stream = connman.controlNetwork.duplex(nodeId!);
    expect(() => connman.controlNetwork.duplex(nodeId!)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }),
    );
    const received: string[] = [];
    stream.on('data', (chunk) => received.push(String(chunk)));
    listener.peers[0]!.send(Buffer.from('250 OK'));
    await world.settle();
    expect(received).toEqual(['250 OK']);
    expect(connman.getNodeCount()).toBe(0);
    stream.destroy();
  });

  it('hands over no peer', async () => {
    const { connman, closed } = await world.node({ bind: [PLACE] });
    const peer = world.connect(PLACE);
    await world.settle();
    expect(connman.controlNetwork.addressesOf(0)).toBeUndefined();
    expect(() => connman.controlNetwork.duplex(0)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
    expect([peer.socket.hasEOF, closed]).toEqual([false, []]);
  });
});
