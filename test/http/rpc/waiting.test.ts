// Calls that wait: for blocks that never come, in slots of the work queue that others want.

import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { inTime } from '../../harness/until.ts';
import { NodeStage } from './node-stage.ts';
import type { NodeStageOptions } from './node-stage.ts';
import { PASSWORD, USER, basic } from './stage.ts';

const GENESIS = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';
const TIP = { hash: GENESIS, height: 0 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function started(options: NodeStageOptions = {}): Promise<NodeStage> {
  const node = await NodeStage.start(options);
  closers.push(() => node[Symbol.asyncDispose]());
  return node;
}

describe('a wait for a block', () => {
  it.each([
    ['waitfornewblock', [50]],
    ['waitfornewblock', [50, GENESIS.toUpperCase()]],
    ['waitforblock', ['11'.repeat(32), 50]],
    ['waitforblockheight', [1, 50]],
  ])('by %s %j ends with its time', async (method, params) => {
    const node = await started();
    const startMs = performance.now();
    expect(await node.call(method, ...params)).toEqual(TIP);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(49);
  });

  it.each([
    ['waitfornewblock', [0, '11'.repeat(32)]],
    ['waitforblock', [GENESIS]],
    ['waitforblockheight', [0]],
    ['waitforblockheight', [-5]],
  ])('by %s %j is over at once: it is there', async (method, params) => {
    expect(await (await started()).call(method, ...params)).toEqual(TIP);
  });

  it.each([
    ['waitfornewblock', [-1], '-1: Negative timeout'],
    ['waitforblockheight', [1, -1], '-1: Negative timeout'],
    ['waitforblock', ['ab'], "-8: blockhash must be of length 64 (not 2, for 'ab')"],
    ['waitforblock', ['z'.repeat(64)], `-8: blockhash must be hexadecimal string (not '${'z'.repeat(64)}')`],
    ['waitfornewblock', [1, 'ab'], "-8: current_tip must be of length 64 (not 2, for 'ab')"],
  ])('by %s %j is refused', async (method, params, message) => {
    await expect((await started()).call(method, ...params)).rejects.toThrow(new Error(message));
  });

  it('ends with the node', async () => {
    const ending = new AbortController();
    const node = await started({ node: { signal: ending.signal } });
    const waits = Promise.allSettled([node.call('waitfornewblock'), node.call('waitforblockheight', 9, 600_000)]);
    await expect.poll(async () => (await active(node)).length).toBe(3);
    ending.abort();
    const reason = new Error('-9: Shutting down');
    expect(await inTime('the waits', waits)).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
    await expect(node.call('waitfornewblock')).rejects.toThrow(reason);
  });
});

it.each(['end', 'resetAndDestroy'] as const)(
  'a wait without end is over when its client leaves by %s, and its slot is free',
  async (leave) => {
    const node = await started({ http: { handlerSlots: 2, workQueueDepth: 1 } });
    const body = '{"method":"waitfornewblock","params":[0]}';
    const client = connect(node.rpc.port, '127.0.0.1');
    let answer = '';
    client.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    client.write(
      `POST / HTTP/1.1\r\nAuthorization: ${basic(USER, PASSWORD)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await expect.poll(() => active(node)).toContain('waitfornewblock');
    client[leave]();
    await expect.poll(() => active(node)).toEqual(['getrpcinfo']);
    // One that only closed its side may still listen.
    if (leave === 'end') await expect.poll(() => answer).toContain(GENESIS);
    expect(node.rpc.http.httpStats().inFlight).toBe(0);
  },
);

async function active(node: NodeStage): Promise<string[]> {
  const { active_commands } = await node.call<{ active_commands: { method: string }[] }>('getrpcinfo');
  return active_commands.map(({ method }) => method);
}

it('a call too many for the work queue is refused, and those that wait are answered in turn', async () => {
  const node = await started({ http: { handlerSlots: 1, workQueueDepth: 1 } });
  const wait = () => node.rpc.post('{"method":"waitfornewblock","params":[300]}');
  const replies = await Promise.all([wait(), wait(), wait(), wait()]);
  const statuses = replies.map(({ status }) => status).sort();
  expect(statuses).toEqual([200, 200, 503, 503]);
  const refused = replies.find(({ status }) => status === 503)!;
  expect(refused.text).toBe('Work queue depth exceeded');
  expect(refused.headers['cache-control']).toBe('no-store');
  expect(node.rpc.http.httpStats()).toMatchObject({ queueRejected: 2, inFlight: 0, queueDepth: 0 });
  expect((await node.rpc.post('{"method":"getblockcount"}')).status).toBe(200);
});
