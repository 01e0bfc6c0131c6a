import { ADDRCONFIG } from 'node:dns';
import { describe, expect, it } from 'vitest';

import { lookUpHost, lookUpWith } from '../../../ts/connman/settings/name-lookup.ts';

/** A resolver that knows addresses by hints; what it was asked. */
function resolver(answers: Record<number, string[]>) {
  const asked: [string, number][] = [];
  const ask = (name: string, hints: number): Promise<{ address: string }[]> => {
    asked.push([name, hints]);
    const found = answers[hints];
    return found === undefined
      ? Promise.reject(new Error('ENOTFOUND'))
      : Promise.resolve(found.map((address) => ({ address })));
  };
  return { asked, ask };
}

describe('looking up a host', () => {
  it('asks for the families of this host first, and is content with that', async () => {
    const { asked, ask } = resolver({ [ADDRCONFIG]: ['93.0.0.1', '2001:db8::1'] });
    expect((await lookUpWith(ask, 'node.example')).map(String)).toEqual(['93.0.0.1', '2001:db8::1']);
    expect(asked).toEqual([['node.example', ADDRCONFIG]]);
  });

  it('asks once more for all families, for hosts that have only loopback', async () => {
    const { asked, ask } = resolver({ 0: ['127.0.0.1'] });
    expect((await lookUpWith(ask, 'localhost')).map(String)).toEqual(['127.0.0.1']);
    expect(asked.map(([, hints]) => hints)).toEqual([ADDRCONFIG, 0]);
  });

  it('finds nothing where nobody knows the name, and does not throw', async () => {
    const { asked, ask } = resolver({});
    expect(await lookUpWith(ask, 'node.example')).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it('makes IPv4 of mapped addresses, and drops internal ones and what is no address', async () => {
    const { ask } = resolver({ [ADDRCONFIG]: ['::ffff:93.0.0.1', 'fd6b:88c0:8724::1', 'fd6c::1', 'nonsense'] });
    expect((await lookUpWith(ask, 'node.example')).map(String)).toEqual(['93.0.0.1', 'fd6c::1']);
  });

  it.each(['', 'a\0b', 'x.onion', 'X.ONION.', `${'a'.repeat(55)}.onion`, 'stats.i2p', 'a.b32.I2P'])(
    'asks nobody for %j',
    async (name) => {
      const { asked, ask } = resolver({ [ADDRCONFIG]: ['93.0.0.1'], 0: ['93.0.0.1'] });
      expect(await lookUpWith(ask, name)).toEqual([]);
      expect(asked).toEqual([]);
    },
  );

  it('finds this host by the name that every system knows', async () => {
    const found = (await lookUpHost('localhost')).map(String);
    expect(found.some((address) => address === '127.0.0.1' || address === '::1')).toBe(true);
  });
});
