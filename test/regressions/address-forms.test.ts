// An address in a form that is none was refused without a word about the form that works.

import { describe, expect, it } from 'vitest';
import { Service } from '../../ts/netaddr/service.ts';
import { createSockMan } from '../../ts/sockman/create-sock-man.ts';
import { MemoryNetwork } from '../../ts/testing.ts';

const sockMan = createSockMan({ eventGotData() {} }, { backend: new MemoryNetwork().createBackend });

describe('an address', () => {
  it.each([
    ['localhost:80', "'127.0.0.1:80' or '[::1]:80'; names are never looked up"],
    ['localhost', "'127.0.0.1:PORT' or '[::1]:PORT'"],
    ['7001', "'127.0.0.1:7001' for this machine alone, '0.0.0.0:7001' or '[::]:7001' for every interface"],
    [':7001', "'0.0.0.0:7001' or '[::]:7001' for every interface"],
    ['*:7001', "'0.0.0.0:7001' or '[::]:7001' for every interface"],
    ['/run/x.sock', "'unix:/run/x.sock' for a Unix-domain socket"],
    ['./x.sock', "'unix:./x.sock' for a Unix-domain socket"],
    ['http://192.0.2.7:80/path', "'192.0.2.7:80', without the scheme"],
    ['192.0.2.7', "'192.0.2.7:PORT'"],
    ['::1', "'[::1]:PORT'"],
    ['192.0.2.7:99999', 'ports are 0 to 65535'],
    [
      'example.com:80',
      "names are never looked up: an address such as '192.0.2.1:80', or { host: 'example.com', port: 80 }",
    ],
  ])('%s is refused with the form that works', (text, hint) => {
    const refusal = expect.objectContaining({
      code: 'ERR_SOCKMAN_INVALID_ARG',
      message: expect.stringContaining(hint) as string,
    });
    expect(() => Service.parse(text)).toThrow(refusal);
    expect(() => sockMan.bindAndStartListening(text)).toThrow(refusal);
  });

  it('as a number, or as an object of host and port, is refused with the form that works', () => {
    const bind = (to: unknown) => () => sockMan.bindAndStartListening(to as string);
    expect(bind(7001)).toThrow("'127.0.0.1:7001'");
    expect(bind({ port: 7001 })).toThrow("'127.0.0.1:7001'");
    expect(bind({ host: '::1', port: 7001 })).toThrow('a Service or its text');
    expect(bind(undefined)).toThrow('a Service or its text');
  });

  it('by name is refused without a proxy, and the error says why', async () => {
    const dial = sockMan.connectAndMakeNodeId({ host: 'example.com', port: 80 });
    await expect(dial).rejects.toThrow('names are never looked up here');
  });

  it.each(['x'.repeat(100_000), '[', '%', ':::', '\u{1F600}:80', '[::1%]:80'])('of garbage is refused (%#)', (text) => {
    expect(() => Service.parse(text)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });
});
