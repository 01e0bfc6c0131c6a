// `-rpcbind` and `-rpcallowip`: the combinations of Bitcoin Core's rpc_bind.py, without sockets.

import { describe, expect, it } from 'vitest';
import { readEndpoints } from '../../ts/http.ts';

const rpcPort = 8332;

function read(rpcBind: string[], rpcAllowIp: string[]): unknown {
  const endpoints = readEndpoints({ rpcBind, rpcAllowIp, rpcPort });
  if (!endpoints.ok) return endpoints.errmsg;
  return {
    bind: endpoints.bind.map(String),
    allowIp: endpoints.allowIp.map(String),
    warnings: endpoints.warnings.length,
  };
}

describe('readEndpoints', () => {
  const loopback = ['[::1]:8332', '127.0.0.1:8332'];

  it('listens on loopback of both families when nothing is said', () => {
    expect(read([], [])).toEqual({ bind: loopback, allowIp: [], warnings: 0 });
  });

  it('takes either option alone for a mistake, and stays on loopback', () => {
    expect(read(['1.2.3.4'], [])).toEqual({ bind: loopback, allowIp: [], warnings: 1 });
    expect(read([], ['1.2.3.0/24'])).toEqual({ bind: loopback, allowIp: ['1.2.3.0/24'], warnings: 1 });
  });

  it.each([
    [['127.0.0.1'], ['127.0.0.1:8332']],
    [['127.0.0.1:32171'], ['127.0.0.1:32171']],
    [
      ['[::1]', '[::1]:9'],
      ['[::1]:8332', '[::1]:9'],
    ],
    [['::1'], ['[::1]:8332']],
  ])('binds %j where both are given', (given, bound) => {
    expect(read(given, ['10.0.0.0/8'])).toEqual({ bind: bound, allowIp: ['10.0.0.0/8'], warnings: 0 });
  });

  it('warns of every address that is open to all networks', () => {
    expect(read(['0.0.0.0', '[::]:1'], ['0.0.0.0/0', '::/0'])).toMatchObject({ warnings: 2 });
  });

  it.each(['127.0.0.1:0', '127.0.0.1:65536', '127.0.0.1:x', '127.0.0.1:', '[::1]:-1', ''])(
    'refuses to bind %j',
    (text) => {
      expect(read([text], ['::/0'])).toBe(`Invalid port specified in -rpcbind: '${text}'`);
    },
  );

  it.each(['1.2.3.4', '1.2.3.0/255.255.255.0', '0.0.0.0/0', '::/0', 'fd00::/8', 'fc00::/8'])('allows %s', (text) => {
    expect(read([], [text])).toMatchObject({ warnings: 1 });
  });

  it.each([
    '',
    'x',
    '1.2.3.4/33',
    '1.2.3.4/255.0.255.0',
    '::/129',
    'localhost',
    'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion',
  ])('refuses to allow %j', (text) => {
    expect(read([], ['1.2.3.4', text])).toMatch(`Invalid -rpcallowip subnet specification: ${text}. Valid values are `);
  });

  it('refuses a CJDNS subnet where CJDNS is reachable', () => {
    const texts = { rpcAllowIp: ['fc00::/8'], rpcPort, cjdnsReachable: true };
    expect(readEndpoints(texts)).toMatchObject({ ok: false });
    expect(readEndpoints({ ...texts, rpcAllowIp: ['fd00::/8'] })).toMatchObject({ ok: true });
  });
});
