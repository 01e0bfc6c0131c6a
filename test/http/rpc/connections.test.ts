// Methods about connections, with nodes that are connected. Cases of Bitcoin Core's rpc_net and p2p_disconnect_ban.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../harness/labs/regtest-node.ts';
import { NodeStage } from './node-stage.ts';

let one: NodeStage;
let two: NodeStage;
beforeEach(async () => {
  one = await NodeStage.start();
  two = await NodeStage.start();
});
afterEach(async () => {
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

/** Bytes of a ping or pong on the wire. */
describe.each([
  { transport: 'v1', pingBytes: 32 },
  { transport: 'v2', pingBytes: 29 },
])('two nodes that dialed each other over $transport', ({ transport, pingBytes }) => {
  beforeEach(async () => {
    if (transport === 'v1') {
      for (const node of [one, two]) await node[Symbol.asyncDispose]();
      one = await NodeStage.start({ connman: { v2Transport: false } });
      two = await NodeStage.start({ connman: { v2Transport: false } });
    }
    await one.meet(two);
    await two.meet(one);
  });

  it('know of each other what they said', async () => {
    for (const peer of await one.peers()) {
      expect(peer).toMatchObject({
        transport_protocol_type: transport,
        session_id: expect.stringMatching(transport === 'v1' ? /^$/ : /^[0-9a-f]{64}$/),
        version: 70_017,
        subver: expect.stringMatching(/^\/sockman:/),
      });
      const names = peer['servicesnames'] as string[];
      expect(names.includes('P2P_V2')).toBe(transport === 'v2');
    }
  });

  it('count their connections', async () => {
    expect(await one.call('getconnectioncount')).toBe(2);
    const { connections, connections_in, connections_out } = await one.call<Record<string, number>>('getnetworkinfo');
    expect([connections, connections_in, connections_out]).toEqual([2, 1, 1]);
  });

  it('name the ends of a connection alike', async () => {
    const [dialed] = (await one.peers()).filter(({ inbound }) => !inbound);
    const [accepted] = (await two.peers()).filter(({ inbound }) => inbound);
    expect(accepted!.addr).toBe(dialed!.addrbind);
    expect(accepted!.addrbind).toBe(dialed!.addr);
  });

  it('send pings and pongs when they are asked to', async () => {
    const [before] = await one.peers();
    const totals = await one.call<Record<string, number>>('getnettotals');
    const pings = (): Promise<number> => one.peers().then(([peer]) => peer!.bytesrecv_per_msg['pong'] ?? 0);
    const had = before!.bytesrecv_per_msg['pong'] ?? 0;
    expect(await one.call('ping')).toBeNull();
    await eventually(pings).toBeGreaterThanOrEqual(had + pingBytes);
    // The other peer's pong may still be on its way.
    const grown = async (name: string): Promise<number> =>
      (await one.call<Record<string, number>>('getnettotals'))[name]! - totals[name]!;
    await eventually(() => grown('totalbytesrecv')).toBeGreaterThanOrEqual(2 * pingBytes);
    await eventually(() => grown('totalbytessent')).toBeGreaterThanOrEqual(2 * pingBytes);
  });

  it('are disconnected while the network is off', async () => {
    expect(await one.call('setnetworkactive', false)).toBe(false);
    await eventually(() => one.call('getconnectioncount')).toBe(0);
    await eventually(() => two.call('getconnectioncount')).toBe(0);
    expect((await one.call<{ networkactive: boolean }>('getnetworkinfo')).networkactive).toBe(false);
    expect(await one.call('setnetworkactive', true)).toBe(true);
    await one.meet(two);
  });
});

describe('disconnectnode', () => {
  beforeEach(() => one.meet(two));

  it.each([
    [['127.0.0.1:1', 1], '-32602: Only one of address and nodeid should be provided.'],
    [[], '-32602: Only one of address and nodeid should be provided.'],
    [['221B Baker Street'], '-29: Node not found in connected nodes'],
    // An address without the port, and a subnet, are not what getpeerinfo shows.
    [['127.0.0.1'], '-29: Node not found in connected nodes'],
    [['127.0.0.0/8'], '-29: Node not found in connected nodes'],
    [['', 99], '-29: Node not found in connected nodes'],
    [[''], '-29: Node not found in connected nodes'],
  ])('with %j fails with %s', async (params, message) => {
    await expect(one.call('disconnectnode', ...params)).rejects.toThrow(new Error(message));
  });

  it('ends the connection that an address names', async () => {
    const [peer] = await one.peers();
    expect(await one.call('disconnectnode', peer!.addr)).toBeNull();
    await eventually(() => one.call('getconnectioncount')).toBe(0);
  });

  it.each([
    ['after an empty address', (id: number) => ['', id]],
    ['alone', (id: number) => [null, id]],
  ])('ends the connection that an id %s names', async (_, params) => {
    const [peer] = await one.peers();
    expect(await one.call('disconnectnode', ...params(peer!.id))).toBeNull();
    await eventually(() => one.call('getconnectioncount')).toBe(0);
  });
});

describe('addnode', () => {
  it('keeps a list of nodes', async () => {
    await one.call('addnode', two.address, 'add');
    const again = `127.1:${two.address.split(':')[1]}`;
    await expect(one.call('addnode', two.address, 'add')).rejects.toThrow('-23: Error: Node already added');
    await expect(one.call('addnode', again, 'add')).rejects.toThrow('-23: Error: Node already added');
    await expect(one.call('addnode', again, 'remove')).rejects.toThrow(
      '-24: Error: Node could not be removed. It has not been added previously.',
    );
    await eventually(() => one.call('getconnectioncount')).toBe(1);
    expect(await one.call('getaddednodeinfo', two.address)).toEqual([
      { addednode: two.address, connected: true, addresses: [{ address: two.address, connected: 'outbound' }] },
    ]);
    await one.call('addnode', two.address, 'remove');
    expect(await one.call('getaddednodeinfo')).toEqual([]);
    await expect(one.call('getaddednodeinfo', two.address)).rejects.toThrow('-24: Error: Node has not been added.');
  });

  it('tries a node once, whatever becomes of it', async () => {
    expect(await one.call('addnode', '127.0.0.1:1', 'onetry')).toBeNull();
    expect(await one.call('getaddednodeinfo')).toEqual([]);
  });

  it.each([
    ['', 'add'],
    ['  ', 'onetry'],
  ])('refuses the node "%s"', async (node, command) => {
    await expect(one.call('addnode', node, command)).rejects.toThrow('-8: Error: Node address cannot be empty');
  });

  it('answers another command with its help', async () => {
    await expect(one.call('addnode', two.address, 'steal')).rejects.toThrow(
      /^-1: addnode "node" "command" \( v2transport \)\n/,
    );
  });

  it('refuses encryption that is off', async () => {
    await using plain = await NodeStage.start({ connman: { v2Transport: false } });
    await expect(plain.call('addnode', two.address, 'onetry', true)).rejects.toThrow(
      '-8: Error: v2transport requested but not enabled (see -v2transport)',
    );
    await plain.call('addnode', two.address, 'onetry');
    await eventually(async () => (await plain.peers())[0]?.['transport_protocol_type']).toBe('v1');
  });
});

describe('addconnection', () => {
  it('dials as a type that tests choose', async () => {
    expect(await one.call('addconnection', two.address, ' block-relay-only ', true)).toEqual({
      address: two.address,
      connection_type: 'block-relay-only',
    });
    await eventually(async () => (await one.peers())[0]?.['connection_type']).toBe('block-relay-only');
  });

  it('refuses more than the type may have', async () => {
    await using none = await NodeStage.start({ connman: { maxConnections: 1 } });
    await none.call('addconnection', two.address, 'outbound-full-relay', true);
    await expect(none.call('addconnection', two.address, 'outbound-full-relay', true)).rejects.toThrow(
      '-34: Error: Already at capacity for specified connection type.',
    );
  });

  it('refuses other types, with its help', async () => {
    await expect(one.call('addconnection', two.address, 'inbound', true)).rejects.toThrow(
      /^-8: addconnection "address"/,
    );
  });

  it('refuses encryption that is off', async () => {
    await using plain = await NodeStage.start({ connman: { v2Transport: false } });
    await expect(plain.call('addconnection', two.address, 'feeler', true)).rejects.toThrow(
      '-8: Error: Adding v2transport connections requires -v2transport init flag to be set.',
    );
  });
});

describe.each(['v1', 'v2'])('sendmsgtopeer over %s', (transport) => {
  beforeEach(async () => {
    if (transport === 'v1') {
      await two[Symbol.asyncDispose]();
      two = await NodeStage.start({ connman: { v2Transport: false } });
    }
    await two.meet(one);
    expect((await one.peers())[0]!['transport_protocol_type']).toBe(transport);
  });

  it('sends what it is given', async () => {
    const { id } = (await one.peers())[0]!;
    expect(await one.call('sendmsgtopeer', id, 'addr', '')).toEqual({});
    await eventually(async () => (await two.peers())[0]?.bytesrecv_per_msg['addr'] ?? 0).toBeGreaterThan(0);
    expect(await one.call('sendmsgtopeer', id, 'unknown', 'ff'.repeat(100))).toEqual({});
    await eventually(async () => (await two.peers())[0]?.bytesrecv_per_msg['*other*'] ?? 0).toBeGreaterThan(100);
  });

  it('sends more than a peer takes, which hangs up', async () => {
    const { id } = (await one.peers())[0]!;
    await one.call('sendmsgtopeer', id, 'headers', '00'.repeat(4_000_013));
    await eventually(() => one.call('getconnectioncount')).toBe(0);
  });

  it.each([
    [[0, 'thirteenchars', ''], '-8: Error: msg_type too long, max length is 12'],
    [[0, 'addr', 'abc'], '-8: Error parsing input for msg'],
    [[0, 'addr', 'zz'], '-8: Error parsing input for msg'],
    [[99, 'addr', 'ff'], '-1: Error: Could not send message to peer'],
  ])('with %j fails with %s', async (params, message) => {
    await expect(one.call('sendmsgtopeer', ...params)).rejects.toThrow(new Error(message));
  });
});
