// What a node says of itself: peers, network, chain, log, time; and what it says where a part is missing.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { randomBytes } from 'node:crypto';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import type { ChainName } from '../../../ts/p2p/chain-params.ts';
import { doubleSha256 } from '../../../ts/p2p/hash.ts';
import { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import { nodeMethods } from '../../../ts/rpc.ts';
import type { RpcNode } from '../../../ts/rpc.ts';
import { connectNetPeer } from '../../harness/peers/raw-peer.ts';
import { eventually } from '../../harness/labs/regtest-node.ts';
import { NodeStage } from './node-stage.ts';
import type { PeerEntry } from './node-stage.ts';
import { RpcStage } from './stage.ts';

let node: NodeStage;
beforeEach(async () => {
  node = await NodeStage.start();
});
afterEach(() => node[Symbol.asyncDispose]());

const NOW = 1_700_000_000;

/** What `getpeerinfo` says of a peer that connected and said nothing, by Core's rpc_net. */
const SILENT = {
  addr_processed: 0,
  addr_rate_limited: 0,
  addr_relay_enabled: false,
  bip152_hb_from: false,
  bip152_hb_to: false,
  bytesrecv: 0,
  bytesrecv_per_msg: {},
  bytessent: 0,
  bytessent_per_msg: {},
  connection_type: 'inbound',
  conntime: NOW,
  id: 0,
  inbound: true,
  inflight: [],
  inv_to_send: 0,
  last_block: 0,
  last_inv_sequence: 0,
  last_transaction: 0,
  lastrecv: 0,
  lastsend: 0,
  minfeefilter: 0,
  network: 'not_publicly_routable',
  permissions: [],
  presynced_headers: -1,
  relaytxes: false,
  services: '0000000000000000',
  servicesnames: [],
  session_id: '',
  subver: '',
  synced_blocks: -1,
  synced_headers: -1,
  timeoffset: 0,
  transport_protocol_type: 'detecting',
  version: 0,
};

describe('getpeerinfo', () => {
  it('has these values of a peer before its version', async () => {
    await node.call('setmocktime', NOW);
    const peer = await connectNetPeer(node.connman.listeningAt[0]!);
    await eventually(() => node.call('getconnectioncount')).toBe(1);
    const [{ addr, addrbind, ...rest }] = (await node.peers()) as [Awaited<ReturnType<NodeStage['peers']>>[number]];
    expect(rest).toEqual(SILENT);
    expect([addr, addrbind]).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/), node.address]);
    peer.close();
  });

  it('has them where V2 is off too, where a peer speaks V1', async () => {
    await using plain = await NodeStage.start({ connman: { v2Transport: false } });
    await plain.call('setmocktime', NOW);
    const peer = await connectNetPeer(plain.connman.listeningAt[0]!);
    await eventually(() => plain.call('getconnectioncount')).toBe(1);
    const [{ addr: _, addrbind: __, ...rest }] = (await plain.peers()) as [PeerEntry];
    expect(rest).toEqual({ ...SILENT, transport_protocol_type: 'v1' });
    peer.close();
  });

  it('has them of a V2 peer, but for its session and the bytes of its handshake', async () => {
    await node.call('setmocktime', NOW);
    const peer = await connectNetPeer(node.connman.listeningAt[0]!);
    const transport = new V2Transport({ magic: CHAIN_PARAMS.regtest.magic, isInitiator: true, randomBytes });
    let taken = 0;
    const shakeHands = async (): Promise<unknown> => {
      if (peer.receivedBytes > taken) taken += Number(transport.receivedBytes(peer.bytes.subarray(taken), 0));
      const { toSend } = transport.getBytesToSend(false);
      if (toSend.length > 0) peer.send(toSend.slice());
      transport.markBytesSent(toSend.length);
      return (await node.peers())[0]?.['transport_protocol_type'];
    };
    await eventually(shakeHands).toBe('v2');
    const [{ addr: _, addrbind: __, bytesrecv, bytessent, ...rest }] = (await node.peers()) as [PeerEntry];
    const { bytesrecv: ___, bytessent: ____, ...silent } = SILENT;
    const seen = { lastrecv: NOW, lastsend: NOW, transport_protocol_type: 'v2' };
    expect(rest).toEqual({ ...silent, ...seen, session_id: expect.stringMatching(/^[0-9a-f]{64}$/) });
    for (const bytes of [bytesrecv, bytessent]) expect(bytes).toBeGreaterThan(64 + 16 + 20);
    peer.close();
  });

  it('writes amounts with eight decimals', async () => {
    await using other = await NodeStage.start();
    await other.meet(node);
    const { text } = await node.rpc.post('{"method":"getpeerinfo"}');
    expect(text).toMatch(/"minfeefilter":0\.\d{8},/);
  });
});

describe('getnetworkinfo', () => {
  it('has versions that clients understand, and amounts with eight decimals', async () => {
    const { text } = await node.rpc.post('{"method":"getnetworkinfo"}');
    expect(text).toMatch(/^\{"result":\{"version":319900,"subversion":"\/sockman:[^"]*","protocolversion":70017,/);
    expect(text).toContain('"relayfee":0.00000100,"incrementalfee":0.00000100,"localaddresses":[],"warnings":[]}');
    const { networks } = await node.call<{ networks: { name: string }[] }>('getnetworkinfo');
    expect(networks.map(({ name }) => name)).toEqual(['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns']);
  });
});

describe('getnettotals', () => {
  it('has no target unless there is one', async () => {
    const { timemillis, ...totals } = await node.call<Record<string, unknown>>('getnettotals');
    expect(Math.abs((timemillis as number) - Date.now())).toBeLessThan(60_000);
    expect(totals).toEqual({
      totalbytesrecv: 0,
      totalbytessent: 0,
      uploadtarget: {
        timeframe: 86_400,
        target: 0,
        target_reached: false,
        serve_historical_blocks: true,
        bytes_left_in_cycle: 0,
        time_left_in_cycle: 0,
      },
    });
  });
});

describe('help', () => {
  it('names the networks, and hides what is for tests', async () => {
    expect(await node.call('help', 'getpeerinfo')).toContain('(ipv4, ipv6, onion, i2p, cjdns, not_publicly_routable)');
    expect(await node.call('help', 'getnetworkinfo')).toContain('(ipv4, ipv6, onion, i2p, cjdns)');
    const list = await node.call<string>('help');
    expect(list.split('\n').filter((line) => line.startsWith('=='))).toEqual([
      '== Blockchain ==',
      '== Control ==',
      '== Network ==',
    ]);
    expect(list).not.toContain('addpeeraddress');
    expect(await node.call('help', 'addpeeraddress')).toContain('addpeeraddress "address" port ( tried )\n');
    expect(list).toContain('\nsetban "subnet" "command" ( bantime absolute )\n');
    expect(list).toContain('\ndisconnectnode ( "address" nodeid )\n');
    expect(list).toContain('\ngetnodeaddresses ( count "network" )\n');
  });

  it('explains every method in its own words', async () => {
    for (const method of node.rpc.rpc.table.methods()) {
      const text = await node.call<string>('help', method.name);
      expect(text.startsWith(method.name)).toBe(true);
      expect(text).toContain('\n\nResult:\n');
    }
  });
});

describe('time', () => {
  it('that is mocked does not move uptime', async () => {
    await node.call('setmocktime', 1);
    expect(await node.call('uptime')).toBeLessThan(60);
    await node.call('setmocktime', 9_223_372_036);
    expect(await node.call('uptime')).toBeLessThan(60);
    await node.call('setmocktime', 0);
    expect(Math.abs(node.clock.wallTimeMs() - Date.now())).toBeLessThan(60_000);
  });

  it.each([
    ['setmocktime', -1, '-8: Mocktime must be in the range [0, 9223372036], not -1.'],
    ['setmocktime', 9_223_372_037, '-8: Mocktime must be in the range [0, 9223372036], not 9223372037.'],
    ['mockscheduler', 0, '-1: delta_time must be between 1 and 3600 seconds (1 hr)'],
    ['mockscheduler', 3_601, '-1: delta_time must be between 1 and 3600 seconds (1 hr)'],
  ])('of %s %i fails with %s', async (method, value, message) => {
    await expect(node.call(method, value)).rejects.toThrow(new Error(message));
  });
});

describe('logging', () => {
  it('adds and leaves out categories', async () => {
    const on = new Set(['http']);
    const logCategories = {
      names: ['tor', 'net', 'http'],
      isOn: (name: string) => on.has(name),
      set: (name: string, isOn: boolean) => void (isOn ? on.add(name) : on.delete(name)),
    };
    await using logged = await NodeStage.start({ node: { logCategories } });
    const state = async (...params: unknown[]) => Object.entries(await logged.call<object>('logging', ...params));
    expect(await state()).toEqual([
      ['http', true],
      ['net', false],
      ['tor', false],
    ]);
    expect(await state(['all'], ['http'])).toEqual([
      ['http', false],
      ['net', true],
      ['tor', true],
    ]);
    expect(await state([], ['1'])).toEqual([
      ['http', false],
      ['net', false],
      ['tor', false],
    ]);
    await expect(state(['foo'])).rejects.toThrow('-8: unknown logging category foo');
    await expect(state([5])).rejects.toThrow('-3: ');
    expect(await logged.call('help', 'logging')).toContain('valid logging categories are: http, net, tor\n');
  });
});

describe('stop', () => {
  it('begins the end, and answers after a while', async () => {
    let stopped = 0;
    await using stopping = await NodeStage.start({ node: { stop: () => stopped++, name: 'mynode' } });
    const startMs = performance.now();
    const answer = stopping.call('stop', 300);
    await eventually(() => stopped).toBe(1);
    // The server stops meanwhile, and the answer reaches its client.
    const ended = stopping.rpc.http.stop();
    expect(await answer).toBe('mynode stopping');
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(299);
    await ended;
  });
});

describe('getblockchaininfo', () => {
  it.each<[ChainName, string, string, string, string]>([
    ['main', '1d00ffff', '1', '100010001', `00000000ffff${'0'.repeat(52)}`],
    ['testnet3', '1d00ffff', '1', '100010001', `00000000ffff${'0'.repeat(52)}`],
    ['testnet4', '1d00ffff', '1', '100010001', `00000000ffff${'0'.repeat(52)}`],
    ['signet', '1e0377ae', '0.001126515290698186', '49d414', `00000377ae${'0'.repeat(54)}`],
    ['regtest', '207fffff', '4.656542373906925e-10', '2', `7fffff${'0'.repeat(58)}`],
  ])('knows the genesis block of %s', async (name, bits, difficulty, chainwork, target) => {
    const chain = CHAIN_PARAMS[name];
    await using stage = new RpcStage(nodeMethods({ chain }));
    const { text } = await stage.post('{"method":"getblockchaininfo"}');
    expect(text).toContain(`"bits":"${bits}","target":"${target}","difficulty":${difficulty},`);
    expect(text).toContain(`"chain":"${chain.coreName}","blocks":0,"headers":0,"bestblockhash":"`);
    expect(text).toContain(`"chainwork":"${chainwork.padStart(64, '0')}","size_on_disk":0,"pruned":false,`);
    expect(text.includes('signet_challenge')).toBe(name === 'signet');
  });

  it('has the script whose hash is the magic of the public signet', async () => {
    await using stage = new RpcStage(nodeMethods({ chain: CHAIN_PARAMS.signet }));
    const { result } = await stage.call('getblockchaininfo');
    const script = Buffer.from((result as { signet_challenge: string }).signet_challenge, 'hex');
    const magic = doubleSha256(Buffer.concat([Uint8Array.of(script.length), script])).subarray(0, 4);
    expect(Buffer.from(magic)).toEqual(Buffer.from(CHAIN_PARAMS.signet.magic));
  });

  it('goes with the block at height 0, and no other', async () => {
    expect(await node.call('getblockcount')).toBe(0);
    const hash = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';
    expect([await node.call('getblockhash', 0), await node.call('getbestblockhash')]).toEqual([hash, hash]);
    for (const height of [1, -1]) {
      await expect(node.call('getblockhash', height)).rejects.toThrow('-8: Block height out of range');
    }
  });
});

describe('getblockheader', () => {
  const HASH = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';
  const MERKLE_ROOT = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b';

  it('has the 80 bytes of the genesis block, whose hash is its own', async () => {
    const hex = await node.call<string>('getblockheader', HASH, false);
    const bytes = Buffer.from(hex, 'hex');
    expect(bytes).toHaveLength(80);
    expect(Buffer.from(doubleSha256(bytes)).reverse().toString('hex')).toBe(HASH);
  });

  it('tells what getblock tells, but for the transactions', async () => {
    const header = await node.call<object>('getblockheader', HASH.toUpperCase());
    expect(header).toEqual({
      hash: HASH,
      confirmations: 1,
      height: 0,
      version: 1,
      versionHex: '00000001',
      merkleroot: MERKLE_ROOT,
      time: 1_296_688_602,
      mediantime: 1_296_688_602,
      nonce: 2,
      bits: '207fffff',
      target: `7fffff${'0'.repeat(58)}`,
      difficulty: 4.656542373906925e-10,
      chainwork: '2'.padStart(64, '0'),
      nTx: 1,
    });
    expect(await node.call('getblock', HASH)).toEqual({ ...header, tx: [MERKLE_ROOT] });
  });

  it.each([
    ['11'.repeat(32), '-5: Block not found'],
    ['11', "-8: hash must be of length 64 (not 2, for '11')"],
    ['x'.repeat(64), `-8: hash must be hexadecimal string (not '${'x'.repeat(64)}')`],
  ])('of %s is refused', async (hash, message) => {
    await expect(node.call('getblockheader', hash)).rejects.toThrow(new Error(message));
  });
});

describe('a node without', () => {
  const P2P = 'Error: Peer-to-peer functionality missing or disabled';
  const BOOK = 'Error: Address manager functionality missing or disabled';
  const BANS = 'Error: Ban database not loaded';

  it.each<[string, unknown[], number, string]>([
    ['getconnectioncount', [], -31, P2P],
    ['ping', [], -31, P2P],
    ['getpeerinfo', [], -31, P2P],
    ['addnode', ['1.2.3.4', 'add'], -31, P2P],
    ['disconnectnode', ['1.2.3.4:1'], -31, P2P],
    ['getaddednodeinfo', [], -31, P2P],
    ['getnettotals', [], -31, P2P],
    ['getnetworkinfo', [], -31, P2P],
    ['setnetworkactive', [true], -31, P2P],
    ['getnodeaddresses', [], -31, P2P],
    ['sendmsgtopeer', [0, 'x', ''], -31, P2P],
    ['addpeeraddress', ['1.2.3.4', 1], -31, BOOK],
    ['getaddrmaninfo', [], -31, BOOK],
    ['getrawaddrman', [], -31, BOOK],
    ['setban', ['1.2.3.4', 'add'], -20, BANS],
    ['listbanned', [], -20, BANS],
    ['clearbanned', [], -20, BANS],
    ['exportasmap', ['x'], -1, 'No embedded ASMap data available'],
    ['stop', [], -32601, 'Method not found'],
    ['logging', [], -32601, 'Method not found'],
    ['getopenrpcinfo', [], -32601, 'Method not found'],
  ])('its parts answers %s %j with %i', async (method, params, code, message) => {
    await using stage = new RpcStage(nodeMethods({ chain: CHAIN_PARAMS.regtest }));
    expect((await stage.call(method, params)).error).toEqual({ code, message });
  });

  it.each([
    ['addconnection', ['1.2.3.4:1', 'feeler', false], 'addconnection is for regression testing (-regtest mode) only.'],
    ['setmocktime', [1], 'setmocktime is for regression testing (-regtest mode) only'],
    ['mockscheduler', [1], 'mockscheduler is for regression testing (-regtest mode) only'],
  ])('regtest refuses %s', async (method, params, message) => {
    await using stage = new RpcStage(nodeMethods({ chain: CHAIN_PARAMS.main }));
    expect((await stage.call(method, params)).error).toEqual({ code: -1, message });
  });

  it('a part so far is asked again with each call', async () => {
    const late: { -readonly [Key in keyof RpcNode]: RpcNode[Key] } = { chain: CHAIN_PARAMS.regtest };
    await using stage = new RpcStage(nodeMethods(late));
    expect((await stage.call('getconnectioncount')).error?.code).toBe(-31);
    late.connman = node.connman;
    expect((await stage.call('getconnectioncount')).result).toBe(0);
  });
});

describe('a node that starts', () => {
  it('answers with its status, however it is asked', async () => {
    node.rpc.rpc.warmUp();
    await expect(node.call('uptime')).rejects.toThrow('-28: RPC server started');
    node.rpc.rpc.warmUp('Loading P2P addresses…');
    const { status, text } = await node.rpc.post('{"method":"nothing"}');
    expect([status, text]).toEqual([500, '{"result":null,"error":{"code":-28,"message":"Loading P2P addresses…"}}\n']);
    node.rpc.rpc.finishWarmup();
    expect(await node.call('uptime')).toBe(0);
  });
});
