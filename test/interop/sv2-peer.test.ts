// Stratum V2 with another implementation, both ways: the program that SV2_PEER names (see README.md of this folder).

import { afterEach, describe, expect, it } from 'vitest';
import { Sv2Client } from '../../ts/stratum/client/sv2-client.ts';
import { CpuMiner } from '../../ts/stratum/client/cpu-miner.ts';
import { temporaryServerKeys } from '../../ts/stratum/key-files.ts';
import type { Sv2Message, Sv2MessageOf } from '../../ts/stratum/messages/registry.ts';
import { AuthorityKey } from '../../ts/stratum/noise/static-key.ts';
import { Sv2Connman } from '../../ts/stratum/server/sv2-connman.ts';
import { MockTemplateSource } from '../../ts/stratum/templates/mock-source.ts';
import { TemplateProvider } from '../../ts/stratum/templates/template-provider.ts';
import { fromHex, toHex } from '../harness/data/vectors.ts';
import { Program } from '../harness/labs/programs.ts';
import { noteProgress, until } from '../harness/until.ts';

const PEER = process.env['SV2_PEER'];
if (PEER === undefined) console.warn('SV2_PEER names no program: Stratum V2 with another implementation is skipped');

const SECRET = '01'.repeat(32);
const DEADLINE_MS = 10_000;

interface PeerEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** The program, and what it said so far. */
class Sv2Peer extends Program {
  constructor(...args: string[]) {
    super(PEER!, args);
  }

  events(name: string): PeerEvent[] {
    const lines = this.output.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as PeerEvent).filter(({ event }) => event === name);
  }

  async event(name: string): Promise<PeerEvent> {
    await this.says(new RegExp(`"event":"${name}".*\n`), DEADLINE_MS);
    return this.events(name)[0]!;
  }
}

describe.skipIf(PEER === undefined)('Stratum V2 with another implementation', { timeout: 30_000 }, () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function startServer(): { port: number; authority: string; solutions: string[] } {
    const server = new Sv2Connman({ keys: temporaryServerKeys() });
    const source = new MockTemplateSource({ blockIntervalMs: 1_000_000, transactionIntervalMs: 10 });
    const solutions: string[] = [];
    const provider = new TemplateProvider(server, source, {
      onSolution: (_client, _solution, outcome) => {
        solutions.push(outcome);
        noteProgress();
      },
    });
    const { bound } = server.bindAndStartListening('127.0.0.1:0');
    provider.start();
    cleanups.push(() => provider.stop());
    return { port: bound!.port, authority: toHex(server.authorityX), solutions };
  }

  function startPeer(...args: string[]): Sv2Peer {
    const peer = new Sv2Peer(...args);
    cleanups.push(() => peer.stop());
    return peer;
  }

  it('serves it templates and transactions, and takes its solution', async () => {
    const { port, authority, solutions } = startServer();
    const peer = startPeer('connect', '127.0.0.1', String(port), authority);
    expect(await peer.event('setup')).toMatchObject({ version: 2, flags: 0 });
    const template = await peer.event('template');
    expect(template).toMatchObject({ id: '1', future: true });
    expect(await peer.event('prevhash')).toMatchObject({ id: '1' });
    expect(await peer.event('transactions')).toMatchObject({ id: '1' });
    await until('the outcome of its solution', () => solutions.length > 0);
    expect(solutions[0]).toBe('accepted');
    // Its block is the new tip: a second pair comes.
    await until('a template on its block', () => peer.events('prevhash').length > 1);
  });

  it('is left by it when the authority is another', async () => {
    const { port } = startServer();
    const peer = startPeer('connect', '127.0.0.1', String(port), toHex(new AuthorityKey(fromHex(SECRET)).x));
    await peer.event('refused');
    expect(peer.events('handshake')).toEqual([]);
  });

  async function dialPeer(authorityX?: Uint8Array): Promise<{ peer: Sv2Peer; client: Sv2Client; heard: Sv2Message[] }> {
    const peer = startPeer('listen', SECRET);
    const { port, authority } = await peer.event('listening');
    const server = { host: '127.0.0.1', port: port as number, authorityX: authorityX ?? fromHex(authority as string) };
    const client = new Sv2Client({ server, reconnect: false });
    cleanups.push(() => client.stop());
    const heard: Sv2Message[] = [];
    client.on('message', (message) => {
      heard.push(message);
      noteProgress();
    });
    return { peer, client, heard };
  }

  it('is dialed, gives templates and long transactions, and is handed a solution', async () => {
    const { peer, client, heard } = await dialPeer();
    let submitted = '';
    new CpuMiner(client, Uint8Array.of(0x51)).onSubmitted = (hash) => (submitted = toHex(hash));
    client.start();
    expect(await peer.event('setup')).toMatchObject({ protocol: 2, minVersion: 2, maxVersion: 2, host: '127.0.0.1' });
    expect(await peer.event('constraints')).toMatchObject({ size: 100, sigops: 4 });
    expect(await peer.event('solution')).toMatchObject({ id: '7' });
    expect(submitted).toMatch(/^[0-9a-f]{64}$/);
    client.send({ name: 'RequestTransactionData', templateId: 7n });
    const isAnswer = ({ name }: Sv2Message): boolean => name === 'RequestTransactionData.Success';
    await until('transactions', () => heard.some(isAnswer));
    const { transactionList } = heard.find(isAnswer) as Sv2MessageOf<'RequestTransactionData.Success'>;
    expect(transactionList).toEqual([new Uint8Array(60).fill(1), new Uint8Array(100_000).fill(2)]);
  });

  it('is left when its certificate is not by the authority we know', async () => {
    const { peer, client } = await dialPeer(new AuthorityKey(fromHex('02'.repeat(32))).x);
    const reasons: string[] = [];
    client.on('disconnected', ({ reason }) => {
      reasons.push(reason);
      noteProgress();
    });
    client.start();
    await until('the end of the connection', () => reasons.length > 0);
    expect(reasons[0]).toMatch(/certificate|signature|authority/);
    await peer.event('closed');
    expect(peer.events('setup')).toEqual([]);
  });
});
