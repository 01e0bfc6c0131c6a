import { describe, expect, it } from 'vitest';
import { KeyedHashes } from '../../../ts/connman/node/keyed-hashes.ts';
import { NodeMaker } from '../../../ts/connman/node/node-maker.ts';
import type { P2PNode } from '../../../ts/connman/node/peer.ts';
import { resolveConnmanOptions } from '../../../ts/connman/settings/resolve-options.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { heapBytes } from '../../harness/heap.ts';

const HERE = Service.parse('5.6.7.8:8333');
const maker = new NodeMaker(
  resolveConnmanOptions({}),
  new KeyedHashes(1n, 2n),
  () => {},
  () => {},
);

function makeInbound(id: number): P2PNode {
  return maker.make({
    id,
    addr: Service.parse(`1.2.3.4:${1_024 + id}`),
    addrServices: 0n,
    addrBind: HERE,
    dest: undefined,
    connectionType: 'inbound',
    isInboundOnion: false,
    permissions: 0,
    preferEvict: false,
    usesV2: true,
  });
}

describe('the node of a connection', () => {
  it('takes at most 2 kB of the heap while nothing was said', () => {
    makeInbound(0);
    const before = heapBytes();
    const nodes = Array.from({ length: 4_000 }, (_, id) => makeInbound(id));
    expect((heapBytes() - before) / nodes.length).toBeLessThan(2_000);
    expect(nodes).toHaveLength(4_000);
  });

  it('counts the bytes of its own messages and of no other node', () => {
    const [talkative, silent] = [makeInbound(1), makeInbound(2)];
    talkative.countReceived('ping', 32);
    talkative.countReceived('ping', 32);
    talkative.countSent('pong', 32);
    expect([...talkative.receivedBytesByType]).toEqual([['ping', 64]]);
    expect([...talkative.sentBytesByType]).toEqual([['pong', 32]]);
    expect([...silent.receivedBytesByType, ...silent.sentBytesByType]).toEqual([]);
  });

  it('is hashed apart from the nodes made before and after it', () => {
    const [first, second] = [makeInbound(7), makeInbound(8)];
    expect(first.keyedNetGroup).toBe(second.keyedNetGroup);
    expect(first.networkKey).toBe(second.networkKey);
    expect(first.localNonce).toBe(0x0d22_7f41_74c3_0329n);
    expect(second.localNonce).not.toBe(first.localNonce);
    expect(makeInbound(7).localNonce).toBe(first.localNonce);
  });
});
