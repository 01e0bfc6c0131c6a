// The vectors of subnets and of addresses outside of IP, as users give them to `setban` and `-rpcallowip`.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readEndpoints } from '../../../ts/http.ts';
import { readVectorCsv } from '../../harness/data/vectors.ts';
import { NodeStage } from './node-stage.ts';

const SUBNETS = readVectorCsv<'input' | 'valid' | 'canonical'>('subnet_parse.csv');
const ADDRESSES = readVectorCsv<'input' | 'network' | 'address_bytes' | 'canonical'>('special_addresses.csv').map(
  (row) => ({ ...row, input: row.input.replaceAll('\\0', '\0') }),
);
const INVALID = '-30: Error: Invalid IP/Subnet';

let node: NodeStage;
beforeAll(async () => {
  node = await NodeStage.start();
});
afterAll(() => node[Symbol.asyncDispose]());

/** What the list shows of one ban, or the error that it was refused with. */
async function banned(text: string): Promise<string> {
  try {
    await node.call('setban', text, 'add');
  } catch (error) {
    return (error as Error).message;
  }
  const [ban] = await node.call<{ address: string }[]>('listbanned');
  await node.call('setban', text, 'remove');
  expect(await node.call('listbanned')).toEqual([]);
  return ban!.address;
}

describe('setban', () => {
  it.each(SUBNETS)(
    'takes or refuses the subnet $input, and unbans what it banned',
    async ({ input, valid, canonical }) => {
      const shown = await banned(input);
      if (valid !== '1') expect(shown).toBe(INVALID);
      else if (canonical !== '') expect(shown).toBe(canonical);
      else expect(shown).toMatch(/\/\d+$/);
    },
  );

  it.each(ADDRESSES)('takes or refuses the address $input', async ({ input, network, canonical }) => {
    expect(await banned(input)).toBe(network === 'reject' ? INVALID : canonical);
  });
});

describe('rpcallowip', () => {
  const allowed = (text: string): unknown => {
    const endpoints = readEndpoints({ rpcAllowIp: [text], rpcPort: 1 });
    return endpoints.ok ? endpoints.allowIp.map(String) : endpoints.errmsg;
  };

  it.each(SUBNETS)('takes or refuses the subnet $input', ({ input, valid, canonical }) => {
    const shown = allowed(input);
    if (valid !== '1') expect(shown).toContain(`Invalid -rpcallowip subnet specification: ${input}. `);
    else if (canonical !== '') expect(shown).toEqual([canonical]);
    else expect(shown).toEqual([expect.stringMatching(/\/\d+$/)]);
  });

  it.each(ADDRESSES)('refuses $input, from which nobody connects by TCP', ({ input }) => {
    expect(allowed(input)).toContain('Invalid -rpcallowip subnet specification: ');
  });
});
