// Our Stratum V2 client with sv2-tp, the template provider of Bitcoin Core's Stratum V2 work, on a Bitcoin Core node that it
// asks over IPC: the programs that SV2_TP and BITCOIN_NODE name (see README.md of this folder).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatAuthorityKey, parseSv2Url } from '../../ts/stratum/authority-key.ts';
import type { Sv2Endpoint } from '../../ts/stratum/authority-key.ts';
import { CpuMiner } from '../../ts/stratum/client/cpu-miner.ts';
import { Sv2Client } from '../../ts/stratum/client/sv2-client.ts';
import type { Sv2Message, Sv2MessageOf } from '../../ts/stratum/messages/registry.ts';
import { AuthorityKey } from '../../ts/stratum/noise/static-key.ts';
import { fromHex } from '../harness/data/vectors.ts';
import { Program, freePort } from '../harness/labs/programs.ts';
import { noteProgress, until } from '../harness/until.ts';

const SV2_TP = process.env['SV2_TP'];
const BITCOIN_NODE = process.env['BITCOIN_NODE'];
const isRunnable = SV2_TP !== undefined && BITCOIN_NODE !== undefined;
if (!isRunnable) console.warn('SV2_TP and BITCOIN_NODE name no programs: our client with sv2-tp is skipped');

const START_DEADLINE_MS = 30_000;

/** Keeps the node by itself, and lets its genesis block of 2011 count as current. */
const NODE_SETTINGS = [
  '-regtest',
  '-printtoconsole',
  '-connect=0',
  '-listen=0',
  '-ipcbind=unix',
  '-maxtipage=9999999999',
];

/** The coinbase output of the miner: anybody may spend it. */
const OP_TRUE = Uint8Array.of(0x51);

describe.skipIf(!isRunnable)('a miner of ours behind sv2-tp', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sockman-sv2-tp-'));
  let node: Program;
  let provider: Program;
  let endpoint: Sv2Endpoint;

  beforeAll(async () => {
    node = new Program(BITCOIN_NODE!, [...NODE_SETTINGS, `-datadir=${folder}`, `-rpcport=${await freePort()}`]);
    await node.says(/init message: Done loading/, START_DEADLINE_MS);
    const port = await freePort();
    const settings = ['-chain=regtest', '-printtoconsole', '-debug=sv2', '-ipcconnect=unix', `-sv2port=${port}`];
    provider = new Program(SV2_TP!, [...settings, `-datadir=${folder}`]);
    await provider.says(/Template Provider authority key: \w+\s/, START_DEADLINE_MS);
    const [, key] = /Template Provider authority key: (\w+)/.exec(provider.output)!;
    endpoint = parseSv2Url(`stratum2+tcp://127.0.0.1:${port}/${key}`);
  }, 90_000);
  afterAll(async () => {
    await provider?.stop();
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('verifies its certificate, gets templates and transactions, and adds three blocks', async () => {
    const client = new Sv2Client({ server: endpoint, reconnect: false });
    const heard: Sv2Message[] = [];
    const ends: string[] = [];
    client.on('message', (message) => {
      heard.push(message);
      noteProgress();
    });
    client.on('disconnected', ({ reason }) => ends.push(reason));
    const find = <Name extends Sv2Message['name']>(wanted: Name): Sv2MessageOf<Name> | undefined =>
      heard.find(({ name }) => name === wanted) as Sv2MessageOf<Name> | undefined;
    new CpuMiner(client, OP_TRUE);
    client.start();
    await node.says(/UpdateTip: .*height=3 /, 30_000);

    const { templateId } = heard.findLast(({ name }) => name === 'NewTemplate') as Sv2MessageOf<'NewTemplate'>;
    client.send({ name: 'RequestTransactionData', templateId });
    await until('transactions', () => find('RequestTransactionData.Success') !== undefined);
    expect(find('RequestTransactionData.Success')!.transactionList).toEqual([]);
    expect(ends).toEqual([]);
    await client.stop();
  });

  it('is left when the authority is another', async () => {
    const { x } = new AuthorityKey(fromHex('02'.repeat(32)));
    expect(formatAuthorityKey(x)).not.toBe(formatAuthorityKey(endpoint.authorityX!));
    const client = new Sv2Client({ server: { ...endpoint, authorityX: x }, reconnect: false });
    const ends: string[] = [];
    client.on('disconnected', ({ reason }) => {
      ends.push(reason);
      noteProgress();
    });
    client.start();
    await until('the end of the connection', () => ends.length > 0);
    expect(ends[0]).toMatch(/certificate|signature|authority/);
    await client.stop();
  });
});
