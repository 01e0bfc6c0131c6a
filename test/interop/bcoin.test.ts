// Against a real node of other people: bcoin from npm, regtest, in its own process.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Connman } from '../../ts/connman/connman.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { hashToHex } from '../../ts/p2p/hash.ts';
import { InventoryType } from '../../ts/p2p/messages/inventory.ts';
import { blockHash } from '../../ts/p2p/messages/block-header.ts';
import { Services } from '../../ts/p2p/protocol.ts';
import type { PeerManagerEvents } from '../../ts/peerman/contract/events.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { BcoinNode } from '../harness/labs/bcoin/bcoin.ts';
import { bcoinFolder } from '../harness/labs/bcoin/install.ts';

const running: Connman[] = [];
afterEach(async () => {
  for (const node of running.splice(0)) await node.stop();
});

/** A node of ours on regtest. */
async function start(options: ConnmanOptions): Promise<{ node: Connman; peers: PeerManager }> {
  const node = new Connman({ chain: 'regtest', ...options });
  const peers = new PeerManager({ ignoreIncomingTxs: false });
  running.push(node);
  await node.start(peers);
  return { node, peers };
}

function next<Name extends keyof PeerManagerEvents>(peers: PeerManager, name: Name): Promise<PeerManagerEvents[Name]> {
  return new Promise((resolve) => {
    const stop = peers.on(name, (event) => {
      stop();
      resolve(event);
    });
  });
}

describe.skipIf(bcoinFolder() === undefined)('with bcoin', () => {
  let bcoin: BcoinNode;
  beforeAll(async () => {
    bcoin = await BcoinNode.start();
  }, 60_000);
  afterAll(() => bcoin.stop());

  it('shakes hands over V1 and pings, when we dial', async () => {
    const seen = bcoin.nextPeer(false);
    const { node, peers } = await start({ connect: [bcoin.address], v2Transport: false, listen: false });
    await next(peers, 'peerReady');
    expect(await seen).toMatchObject({ agent: node.userAgent, version: 70_017, isOutbound: false });
    await next(peers, 'message:pong');
    const [stats] = node.getPeerStats();
    expect(stats).toMatchObject({ transport_protocol_type: 'v1', version: 70_015, inbound: false });
    expect(stats?.subver).toMatch(/^\/bcoin:/);
    await expect.poll(() => node.getPeerStats()[0]?.pingtime).toBeGreaterThan(0);
  });

  // bcoin does not hang up over what it cannot read; it waits ten seconds for a version message.
  it('falls back to V1 when we dial with V2', { timeout: 60_000 }, async () => {
    const { node, peers } = await start({ connect: [bcoin.address], v2Transport: true, listen: false });
    await next(peers, 'peerReady');
    expect(node.getPeerStats()).toMatchObject([{ transport_protocol_type: 'v1', session_id: '' }]);
  });

  it('shakes hands over V1 when bcoin dials, though we offer V2', async () => {
    const seen = bcoin.nextPeer(true);
    // bcoin keeps no outbound peer that has no blocks.
    const localServices = Services.NETWORK | Services.WITNESS;
    const { node, peers } = await start({ bind: ['127.0.0.1:0'], noConnect: true, localServices });
    const ready = next(peers, 'peerReady');
    bcoin.dial(String(node.listeningAt[0]));
    await ready;
    expect(await seen).toMatchObject({ agent: node.userAgent, isOutbound: true });
    expect(node.getPeerStats()).toMatchObject([{ inbound: true, transport_protocol_type: 'v1' }]);
  });

  it('hears of a block that bcoin mines, and fetches it whole', async () => {
    const { peers } = await start({ connect: [bcoin.address], listen: false });
    const { nodeId } = await next(peers, 'peerReady');
    const announced = next(peers, 'message:inv');
    const mined = await bcoin.mine();
    const { message } = await announced;
    expect(message.items.map(({ type, hash }) => [type, hashToHex(hash)])).toEqual([[InventoryType.BLOCK, mined.hash]]);
    const fetched = next(peers, 'message:block');
    const items = [{ type: InventoryType.WITNESS_BLOCK, hash: message.items[0]!.hash.slice() }];
    expect(peers.send(nodeId, { type: 'getdata', items })).toBe(true);
    const { payload, message: block } = await fetched;
    expect(Buffer.from(payload).toString('hex')).toBe(mined.hex);
    expect(hashToHex(blockHash(block.header))).toBe(mined.hash);
  });
});
