import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RpcTemplateSource } from '../../../ts/stratum/templates/rpc-source.ts';
import { FittedTemplates, MAX_CUTS } from '../../../ts/stratum/templates/fitted-templates.ts';
import { TemplateReader } from '../../../ts/stratum/templates/node-template.ts';
import { coinbaseTransaction } from '../../../ts/stratum/templates/block.ts';
import type { BlockTemplate } from '../../../ts/stratum/templates/template-source.ts';

const CONSTRAINTS = { coinbaseOutputMaxAdditionalSize: 100, coinbaseOutputMaxAdditionalSigops: 4 };
const HASH = (digit: string) => digit.repeat(64);

/** An answer to getblocktemplate, as a node on regtest gives it. */
function answer(changes: object = {}): Record<string, unknown> {
  return {
    version: 0x2000_0000,
    previousblockhash: HASH('1'),
    transactions: [1, 2, 3].map((n) => ({
      data: `0${n}`,
      txid: HASH(`${n}`),
      hash: HASH(`${n + 3}`),
      fee: 1_000,
      sigops: 4,
      weight: 400_000,
    })),
    coinbasevalue: 5_000_003_000,
    longpollid: 'x',
    bits: '207fffff',
    curtime: 1_750_000_000,
    height: 101,
    sigoplimit: 80_000,
    weightlimit: 4_000_000,
    default_witness_commitment: '6a',
    ...changes,
  };
}

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

type Answer = { status?: number; body: unknown } | 'hang up' | 'wait';

/** A node whose answers a test decides. */
async function startNode(answerOf: (method: string, params: unknown[], callCount: number) => Answer): Promise<string> {
  let callCount = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method, params } = JSON.parse(body) as { method: string; params: [{ longpollid?: string }] };
      const outcome = params[0]?.longpollid === undefined ? answerOf(method, params, callCount++) : 'wait';
      if (outcome === 'hang up') response.destroy();
      else if (outcome !== 'wait') response.writeHead(outcome.status ?? 200).end(JSON.stringify(outcome.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function startSource(url: string): RpcTemplateSource {
  const source = new RpcTemplateSource({ url });
  cleanUps.push(() => source.close());
  return source;
}

const found = (template: BlockTemplate) => ({
  version: template.version,
  headerTimestamp: template.headerTimestamp,
  headerNonce: 0,
  coinbaseTx: coinbaseTransaction(template, Uint8Array.of(1), []),
});

describe('a template of a node', () => {
  it('is read in wire order, with fees and value', () => {
    const template = new FittedTemplates().fit(new TemplateReader().read(answer()), CONSTRAINTS);
    expect(template).toMatchObject({ totalFees: 3_000n, coinbase: { valueRemaining: 5_000_003_000n, outputCount: 1 } });
    expect(template.transactions).toHaveLength(3);
  });

  it('loses transactions from its end where a client needs their room, and their fees with them', () => {
    const read = new TemplateReader().read(answer());
    // 1,200,000 of 4,000,000 are used: two of three transactions fit beside 700,000 bytes of weight 4 each.
    const fit = (bytes: number, sigops = 0) =>
      new FittedTemplates().fit(read, {
        coinbaseOutputMaxAdditionalSize: bytes,
        coinbaseOutputMaxAdditionalSigops: sigops,
      });
    expect(fit(699_000).transactions).toHaveLength(3);
    expect(fit(700_000)).toMatchObject({
      transactions: { length: 2 },
      totalFees: 2_000n,
      coinbase: { valueRemaining: 5_000_002_000n },
    });
    expect(fit(4_000_000).transactions).toHaveLength(0);
    expect(fit(0, 79_990).transactions).toHaveLength(2);
  });

  it('is the same for all clients that leave it the same transactions, as long as they ask for few sizes', () => {
    const reader = new TemplateReader();
    const read = reader.read(answer());
    const fitted = new FittedTemplates();
    const fit = (bytes: number, template = read) =>
      fitted.fit(template, { coinbaseOutputMaxAdditionalSize: bytes, coinbaseOutputMaxAdditionalSigops: 0 });
    expect(fit(100)).toBe(fit(699_000));
    expect(fit(700_000)).not.toBe(fit(100));
    expect(fit(100, reader.read(answer()))).not.toBe(fit(100));
    expect(fitted.originOf(fit(700_000))).toBe(read);
  });

  it('is kept in the last sixteen sizes that were asked for, and made anew in another', () => {
    const [one] = answer()['transactions'] as object[];
    const transactions = Array.from({ length: MAX_CUTS + 1 }, () => ({ ...one, weight: 100_000 }));
    const read = new TemplateReader().read(answer({ transactions }));
    const fitted = new FittedTemplates();
    const fit = (count: number): BlockTemplate =>
      fitted.fit(read, {
        coinbaseOutputMaxAdditionalSize: 1_000_000 - 25_000 * count - 400,
        coinbaseOutputMaxAdditionalSigops: 0,
      });
    const cuts = Array.from({ length: MAX_CUTS }, (_, index) => fit(index + 1));
    expect(cuts.map((cut) => cut.transactions.length)).toEqual(cuts.map((_, index) => index + 1));
    expect(cuts.every((cut, index) => fit(index + 1) === cut)).toBe(true);
    fit(MAX_CUTS + 1);
    expect([fit(2) === cuts[1], fit(1) === cuts[0]]).toEqual([true, false]);
    expect(fitted.originOf(cuts[0]!)).toBe(read);
  });

  it.each(['previousblockhash', 'bits', 'curtime', 'height', 'coinbasevalue', 'transactions', 'weightlimit'])(
    'without %s is refused',
    (name) => {
      const incomplete = answer();
      delete incomplete[name];
      expect(() => new TemplateReader().read(incomplete)).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }),
      );
    },
  );

  it.each([null, 7, 'x', [], { transactions: [{}] }])('that is %j is refused', (nonsense) => {
    expect(() => new TemplateReader().read(nonsense)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }));
  });
});

describe('a source of templates that asks a node', () => {
  it('waits through initial block download, hang-ups and nonsense, and then gives templates', async () => {
    const url = await startNode((_method, _params, callCount) => {
      if (callCount === 0) return { status: 500, body: { result: null, error: { code: -10, message: 'downloading' } } };
      if (callCount === 1) return 'hang up';
      if (callCount === 2) return { body: { result: 7, error: null } };
      return { body: { result: answer(), error: null } };
    });
    const template = await startSource(url).create(CONSTRAINTS, new AbortController().signal);
    expect(template.totalFees).toBe(3_000n);
  });

  it('makes no template for a client that has changed its mind', async () => {
    const source = startSource(await startNode(() => ({ body: { result: answer(), error: null } })));
    await source.create(CONSTRAINTS, new AbortController().signal);
    const ending = new AbortController();
    const creating = source.create(CONSTRAINTS, ending.signal);
    ending.abort(new Error('other constraints'));
    await expect(creating).rejects.toThrow('other constraints');
  });

  it('gives up a wait when it is told so', async () => {
    const source = startSource(await startNode(() => 'wait'));
    const ending = new AbortController();
    const waiting = source.create(CONSTRAINTS, ending.signal);
    ending.abort(new Error('no longer needed'));
    await expect(waiting).rejects.toThrow('no longer needed');
  });

  it('hands a block in again where the node hung up, and takes a duplicate for a yes', async () => {
    const submitted: unknown[] = [];
    const url = await startNode((method, params) => {
      if (method === 'getblocktemplate') return { body: { result: answer(), error: null } };
      submitted.push(params[0]);
      return submitted.length === 1 ? 'hang up' : { body: { result: 'duplicate', error: null } };
    });
    const source = startSource(url);
    const template = await source.create(CONSTRAINTS, new AbortController().signal);
    expect(await source.submit(template, found(template))).toEqual({ ok: true });
    expect(submitted).toHaveLength(2);
    expect(submitted[0]).toBe(submitted[1]);
  });

  it('tells why a block was refused', async () => {
    const url = await startNode((method) => ({
      body: { result: method === 'getblocktemplate' ? answer() : 'bad-txnmrklroot', error: null },
    }));
    const source = startSource(url);
    const template = await source.create(CONSTRAINTS, new AbortController().signal);
    expect(await source.submit(template, found(template))).toEqual({ ok: false, reason: 'bad-txnmrklroot' });
    const broken = { ...found(template), coinbaseTx: Uint8Array.of(1) };
    expect(await source.submit(template, broken)).toMatchObject({ ok: false });
  });
});
