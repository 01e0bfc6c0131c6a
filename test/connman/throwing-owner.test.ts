// What the code of a node's owner throws, beside the message processor: it ends nothing but the call.

import { afterEach, describe, expect, it } from 'vitest';

import { silentLogger } from '../../ts/util/logger.ts';
import type { Logger } from '../../ts/util/logger.ts';
import { uncaughtIn } from '../harness/uncaught.ts';
import { World } from './world.ts';

const PLACE = '127.0.0.1:18444';
const fail = (): never => {
  throw new Error('disk full');
};

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

describe('a node', () => {
  it('whose logger throws reports that, and loses neither the start nor the end of a connection', async () => {
    const logger: Logger = { ...silentLogger, debug: fail, info: fail, warn: fail };
    const places = new Set<string>();
    const node = await world.node({
      bind: [PLACE],
      logger,
      onCallbackError: (_error, where) => void places.add(where),
    });
    const peer = world.connect(PLACE);
    peer.greet();
    await world.settle();
    expect(peer.types()).toEqual(['version', 'verack']);
    node.connman.disconnectNode(0);
    await world.settle();
    expect(peer.socket.hasEOF).toBe(true);
    expect([node.connman.getNodeCount(), node.greeter.finalized]).toEqual([0, [0]]);
    expect(places).toEqual(new Set(['logger.debug', 'logger.info']));
  });

  it('whose handler of errors throws goes on processing messages, and the error is nobody’s', async () => {
    const uncaught = await uncaughtIn(async () => {
      const node = await world.node({ bind: [PLACE], onCallbackError: fail });
      const [bad, good] = [world.connect(PLACE), world.connect(PLACE)];
      for (const peer of [bad, good]) peer.greet();
      await world.settle();
      node.greeter.onMessage = ({ id }) => {
        if (id === 0) throw new Error('processed badly');
      };
      bad.send({ type: 'ping', nonce: 1n });
      await world.settle();
      good.types();
      good.send({ type: 'ping', nonce: 2n });
      await world.settle();
      expect(good.types()).toEqual(['pong']);
      expect(node.connman.getNodeCount()).toBe(1);
    });
    expect(uncaught).toEqual([new Error('disk full')]);
  });
});
