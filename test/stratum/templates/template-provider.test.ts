import { describe, expect, it } from 'vitest';
import type { Sv2Message, Sv2MessageOf } from '../../../ts/stratum/messages/registry.ts';
import {
  coinbaseTransaction,
  doubleSha256,
  headerOf,
  meetsTarget,
  targetOfBits,
} from '../../../ts/stratum/templates/block.ts';
import { MockTemplateSource } from '../../../ts/stratum/templates/mock-source.ts';
import { TemplateProvider } from '../../../ts/stratum/templates/template-provider.ts';
import type { BlockTemplate } from '../../../ts/stratum/templates/template-source.ts';
import { createServer, RawClient, setupConnection } from '../server/server-stage.ts';

const FEE = 700;

interface ProviderStage {
  source: MockTemplateSource;
  outcomes: string[];
  /** A client that has said how much room it needs, with what it was sent for it. */
  connect(): Promise<{ client: RawClient; first: Sv2Message[] }>;
  /** Lets promises and network run until nothing happens any more. */
  settle(): Promise<void>;
  /** Lets time pass, a second at a time. */
  pass(seconds: number): Promise<void>;
}

function providerStage(): ProviderStage {
  const { network, server, random } = createServer();
  const { clock } = network;
  // Blocks and fees come when the test says so: the intervals are longer than it lives.
  const source = new MockTemplateSource({
    clock,
    fee: FEE,
    blockIntervalMs: 1_000_000_000,
    transactionIntervalMs: 1_000_000_000,
  });
  const outcomes: string[] = [];
  const provider = new TemplateProvider(server, source, {
    clock,
    onSolution: (_client, _solution, outcome) => outcomes.push(outcome),
  });
  server.bindAndStartListening('127.0.0.1:8442');
  provider.start();
  const settle = async () => {
    for (let round = 0; round < 30; round++) {
      clock.advance(0);
      await Promise.resolve();
    }
  };
  return {
    source,
    outcomes,
    settle,
    async connect() {
      const client = new RawClient(network.connect('127.0.0.1:8442'), server.authorityX, random);
      client.flush();
      await settle();
      client.read();
      client.send(setupConnection());
      await settle();
      client.read();
      sendConstraints(client);
      await settle();
      return { client, first: client.read() };
    },
    async pass(seconds) {
      for (let second = 0; second < seconds; second++) {
        clock.advance(1_000);
        await settle();
      }
    },
  };
}

function sendConstraints(client: RawClient): void {
  client.send({
    name: 'CoinbaseOutputConstraints',
    coinbaseOutputMaxAdditionalSize: 100,
    coinbaseOutputMaxAdditionalSigops: 4,
  });
}

type Template = Sv2MessageOf<'NewTemplate'>;
type Tip = Sv2MessageOf<'SetNewPrevHash'>;

/** A pair as it must come: the template first, for the future, then the tip with its id. */
function asPair(messages: readonly Sv2Message[]): { template: Template; tip: Tip } {
  expect(messages.map(({ name }) => name)).toEqual(['NewTemplate', 'SetNewPrevHash']);
  const [template, tip] = messages as [Template, Tip];
  expect(template.futureTemplate).toBe(true);
  expect(tip.templateId).toBe(template.templateId);
  return { template, tip };
}

/** Solves a template as a client does: from nothing but the messages. */
function solve({ template, tip }: { template: Template; tip: Tip }): Sv2MessageOf<'SubmitSolution'> {
  const forBlock: BlockTemplate = {
    prevHash: tip.prevHash,
    version: template.version,
    nBits: tip.nBits,
    target: targetOfBits(tip.nBits),
    headerTimestamp: tip.headerTimestamp,
    coinbase: {
      txVersion: template.coinbaseTxVersion,
      prefix: template.coinbasePrefix,
      inputSequence: template.coinbaseTxInputSequence,
      valueRemaining: template.coinbaseTxValueRemaining,
      outputs: template.coinbaseTxOutputs,
      outputCount: template.coinbaseTxOutputsCount,
      lockTime: template.coinbaseTxLocktime,
      witness: new Uint8Array(32),
    },
    transactions: [],
    merklePath: template.merklePath,
    totalFees: 0n,
  };
  const coinbaseTx = coinbaseTransaction(forBlock, Uint8Array.of(1, 2, 3, 4), []);
  for (let headerNonce = 0; ; headerNonce++) {
    const found = { version: template.version, headerTimestamp: tip.headerTimestamp, headerNonce, coinbaseTx };
    if (!meetsTarget(doubleSha256(headerOf(forBlock, found)), tip.target)) continue;
    return { name: 'SubmitSolution', templateId: template.templateId, ...found };
  }
}

describe('a template provider', () => {
  it('answers constraints with a pair, and new constraints with another', async () => {
    const { connect, settle } = providerStage();
    const { client, first } = await connect();
    const { template } = asPair(first);
    expect(template.templateId).toBe(1n);
    sendConstraints(client);
    await settle();
    expect(asPair(client.read()).template.templateId).toBe(2n);
  });

  it('follows ten constraints of a client a minute, and of more the last in its turn', async () => {
    const { connect, settle, pass } = providerStage();
    const { client } = await connect();
    let pairCount = 1;
    for (let change = 0; change < 30; change++) {
      sendConstraints(client);
      await settle();
      pairCount += client.read().length / 2;
    }
    expect(pairCount).toBe(10);
    await pass(7);
    expect(asPair(client.read()).template.templateId).toBe(11n);
    await pass(60);
    expect(client.read()).toEqual([]);
  });

  it('sends higher fees once they rose enough and five seconds are over', async () => {
    const { connect, source, pass, settle } = providerStage();
    const { client, first } = await connect();
    const before = asPair(first).template;
    source.addTransaction();
    await pass(6);
    expect(client.read(), 'one fee of 700 satoshi is below the threshold').toEqual([]);
    source.addTransaction();
    await settle();
    const [later, ...rest] = client.read() as [Template];
    expect(rest).toEqual([]);
    expect(later).toMatchObject({ name: 'NewTemplate', futureTemplate: false, templateId: 2n });
    expect(later.coinbaseTxValueRemaining - before.coinbaseTxValueRemaining).toBe(BigInt(2 * FEE));
  });

  it('keeps five seconds between two templates of one block', async () => {
    const { connect, source, pass } = providerStage();
    const { client } = await connect();
    source.addTransaction();
    source.addTransaction();
    await pass(4);
    expect(client.read()).toEqual([]);
    await pass(2);
    expect(client.read()).toMatchObject([{ name: 'NewTemplate' }]);
  });

  it('sends a new block at once', async () => {
    const { connect, source, settle } = providerStage();
    const { client } = await connect();
    source.addBlock();
    await settle();
    asPair(client.read());
  });

  it('gives ids that rise over all clients', async () => {
    const { connect, source, settle } = providerStage();
    const clients = [(await connect()).client, (await connect()).client, (await connect()).client];
    source.addBlock();
    await settle();
    const ids = clients.map((client) => asPair(client.read()).template.templateId);
    expect(ids).toEqual([4n, 5n, 6n]);
  });

  it('gives transaction data while it can, and says why not', async () => {
    const { connect, source, settle, pass } = providerStage();
    const { client, first } = await connect();
    const { template } = asPair(first);
    const ask = async (templateId: bigint) => {
      client.send({ name: 'RequestTransactionData', templateId });
      await settle();
      return client.read().filter(({ name }) => name.startsWith('RequestTransactionData'))[0];
    };
    const whole = await ask(template.templateId);
    expect(whole).toMatchObject({ name: 'RequestTransactionData.Success', transactionList: { length: 3 } });
    expect(await ask(99n)).toMatchObject({ errorCode: 'template-id-not-found' });
    source.addTransaction();
    source.addTransaction();
    await pass(6);
    expect(await ask(template.templateId), 'replaced').toMatchObject({ name: 'RequestTransactionData.Success' });
    source.addBlock();
    await settle();
    await pass(9);
    expect(await ask(template.templateId), 'stale for nine seconds').toMatchObject({ transactionList: { length: 3 } });
    await pass(2);
    expect(await ask(template.templateId), 'stale for eleven').toMatchObject({ errorCode: 'stale-template-id' });
  });

  it('hands solutions in, each once, and goes on with the block that came of one', async () => {
    const { connect, source, settle, outcomes } = providerStage();
    const { client, first } = await connect();
    const height = source.height;
    const solution = solve(asPair(first));
    client.send(solution);
    await settle();
    expect(outcomes).toEqual(['accepted']);
    expect(source.height).toBe(height + 1);
    asPair(client.read());
    client.send(solution);
    await settle();
    expect(outcomes).toEqual(['accepted', 'inconclusive']);
  });

  it('logs solutions that are none, and solutions for unknown templates', async () => {
    const { connect, settle, outcomes, source } = providerStage();
    const { client, first } = await connect();
    const solution = solve(asPair(first));
    const height = source.height;
    client.send({ ...solution, templateId: 77n });
    client.send({ ...solution, coinbaseTx: Uint8Array.of(1, 2, 3) });
    for (let headerNonce = 0; headerNonce < 16; headerNonce++) client.send({ ...solution, version: 9, headerNonce });
    await settle();
    expect(outcomes.slice(0, 2)).toEqual(['template-id-not-found', 'bad-cb-tx']);
    expect(outcomes).toContain('high-hash');
    expect(source.height - height).toBeLessThanOrEqual(1);
  });
});
