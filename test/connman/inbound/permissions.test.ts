import { describe, expect, it } from 'vitest';
import { PERMISSION_FLAGS, hasPermission } from '../../../ts/connman/node/permission-flags.ts';
import type { PermissionName } from '../../../ts/connman/node/permission-flags.ts';
import { Permissions, parseWhiteBind } from '../../../ts/connman/inbound/permissions.ts';
import type { PermissionOptions } from '../../../ts/connman/inbound/permissions.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';

const { bloomfilter, noban, forcerelay, relay, mempool, download, addr } = PERMISSION_FLAGS;
const IMPLICIT = noban | mempool | relay;

function permissions(whitelist: string[], options: Partial<PermissionOptions> = {}): Permissions {
  const defaults = { whitelistRelay: true, whitelistForceRelay: false, cjdnsReachable: false };
  return new Permissions({ whitelist, ...defaults, ...options });
}

function names(flags: number): PermissionName[] {
  return (Object.keys(PERMISSION_FLAGS) as PermissionName[]).filter((name) => hasPermission(flags, name));
}

const peer = NetAddress.parse('1.2.3.4');

describe('a whitebind', () => {
  it.each([
    ['1.2.3.4:32', 0, true],
    ['@1.2.3.4:32', 0, false],
    [',@1.2.3.4:32', 0, false],
    ['bloom@1.2.3.4:32', bloomfilter, false],
    ['bloomfilter@1.2.3.4:32', bloomfilter, false],
    [',bloom,,noban,bloom,@1.2.3.4:32', bloomfilter | noban, false],
    ['forcerelay@1.2.3.4:32', forcerelay, false],
    ['in,relay@1.2.3.4:32', relay, false],
    ['all@1.2.3.4:32', 0xfe, false],
    ['addr,download,mempool@[::1]:32', addr | download | mempool, false],
  ])('%s has its permissions', (text, flags, isImplicit) => {
    expect(parseWhiteBind(text).permissions).toEqual({ flags, isImplicit });
    expect(flags).toBeGreaterThanOrEqual(0);
  });

  it.each([
    ['no port', 'noban@1.2.3.4'],
    ['port 0', 'noban@1.2.3.4:0'],
    ['a name', 'noban@localhost:32'],
    ['a path', 'noban@unix:/tmp/x'],
    ['an unknown permission', 'noban,nobam@1.2.3.4:32'],
    ['a permission in capitals', 'NOBAN@1.2.3.4:32'],
    ['a space', 'noban, relay@1.2.3.4:32'],
    ['direction out', 'out,noban@1.2.3.4:32'],
    ['only a direction', 'in@1.2.3.4:32'],
    ['two signs', 'noban@relay@1.2.3.4:32'],
    ['nothing', ''],
  ])('with %s is refused', (_, text) => {
    expect(() => parseWhiteBind(text)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });
});

describe('a permission', () => {
  it('may include another', () => {
    expect(names(noban)).toEqual(['noban', 'download']);
    expect(names(download)).toEqual(['download']);
    expect(names(forcerelay)).toEqual(['forcerelay', 'relay']);
    expect(names(relay)).toEqual(['relay']);
    expect(names(0xfe)).toEqual(['bloomfilter', 'noban', 'forcerelay', 'relay', 'mempool', 'download', 'addr']);
  });
});

describe('a whitelist', () => {
  it('gives its permissions to inbound peers of its ranges', () => {
    const list = permissions(['bloom@1.2.3.0/24', 'addr@1.2.0.0/255.255.0.0', 'mempool@9.9.9.9']);
    expect(list.inbound(undefined, peer)).toBe(bloomfilter | addr);
    expect(list.inbound(undefined, NetAddress.parse('1.2.4.1'))).toBe(addr);
    expect(list.inbound(undefined, NetAddress.parse('1.3.0.0'))).toBe(0);
    expect(list.manualOutbound(peer)).toBe(0);
  });

  it('holds for peers that the user dials only where it says so', () => {
    const list = permissions(['out,bloom@1.2.3.4', 'in,out,addr@1.2.3.4', 'mempool@1.2.3.4']);
    expect(list.manualOutbound(peer)).toBe(bloomfilter | addr);
    expect(list.inbound(undefined, peer)).toBe(addr | mempool);
  });

  it('adds to what the listener gives', () => {
    const list = permissions(['addr@1.2.3.4']);
    expect(list.inbound({ flags: bloomfilter, isImplicit: false }, peer)).toBe(addr | bloomfilter);
  });

  it('says nothing about peers behind an onion service', () => {
    const list = permissions(['noban@127.0.0.1']);
    expect(list.inbound({ flags: 0, isImplicit: false }, undefined)).toBe(0);
    expect(list.inbound({ flags: addr, isImplicit: true }, undefined)).toBe(addr | IMPLICIT);
  });

  it.each([
    ['default', {}, IMPLICIT],
    ['without whitelistRelay', { whitelistRelay: false }, noban | mempool],
    ['with whitelistForceRelay', { whitelistForceRelay: true }, IMPLICIT | forcerelay],
  ])('without permissions gives the implicit ones: %s', (_, options, flags) => {
    const list = permissions(['1.2.3.4', 'addr@1.2.3.4'], options);
    expect(list.inbound(undefined, peer)).toBe(flags | addr);
    expect(permissions([], options).inbound({ flags: 0, isImplicit: true }, peer)).toBe(flags);
  });

  it('reads fc00::/8 as CJDNS where that is reachable', () => {
    const cjdns = NetAddress.parse('fc00::1').toCJDNSIfInRange();
    expect(permissions(['addr@fc00::1'], { cjdnsReachable: true }).inbound(undefined, cjdns)).toBe(addr);
    expect(permissions(['addr@fc00::1']).inbound(undefined, cjdns)).toBe(0);
  });

  it.each([
    'noban@1.2.3.4:32',
    'noban@1.2.3.0/33',
    'noban@1.2.3.0/255.0.255.0',
    'noban@host',
    'in,out@1.2.3.4',
    'x@1.2.3.4',
  ])('with %s is refused', (text) => {
    expect(() => permissions([text])).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });
});
