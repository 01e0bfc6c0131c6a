import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { Service } from '../../../../ts/netaddr/service.ts';
import { familyOf, hostOf, serviceFrom } from '../../../../ts/sockman/backends/node-net/endpoints.ts';
import { hasSocketFamily } from '../../../../ts/sockman/backends/socket-family.ts';

describe('endpoints of node:net', () => {
  it('are read as they are written', () => {
    for (const text of ['1.2.3.4:80', '[2001:db8::1]:8333', '[::1]:1']) {
      const service = Service.parse(text);
      expect(serviceFrom(hostOf(service), service.port)?.toString()).toBe(text);
    }
  });

  it('are IPv4 where the system has them mapped into IPv6', () => {
    expect(serviceFrom('::ffff:192.0.2.1', 80)?.toString()).toBe('192.0.2.1:80');
  });

  it('have no name when they are gone', () => {
    expect(serviceFrom(undefined, 80)).toBeUndefined();
    expect(serviceFrom('127.0.0.1', undefined)).toBeUndefined();
    expect(serviceFrom('nonsense', 80)).toBeUndefined();
  });

  it('name the interface of a link-local address by its number', (context) => {
    const scoped = Object.entries(networkInterfaces()).flatMap(([name, infos]) =>
      (infos ?? []).flatMap((info) => (info.family === 'IPv6' && info.scopeid > 0 ? [{ name, id: info.scopeid }] : [])),
    );
    if (scoped[0] === undefined) return context.skip('no interface here has a link-local address');
    const { name, id } = scoped[0];
    const service = Service.parse(`[fe80::1%${id}]:80`);
    expect(hostOf(service)).toBe(`fe80::1%${name}`);
    expect(serviceFrom(`fe80::1%${name}`, 80)?.address.scopeId).toBe(id);
  });

  it('keep the number of an interface that has no name here, and drop a name that has no number', () => {
    expect(hostOf(Service.parse('[fe80::1%54321]:80'))).toBe('fe80::1%54321');
    expect(serviceFrom('fe80::1%54321', 80)?.address.scopeId).toBe(54321);
    expect(serviceFrom('fe80::1%no-such-interface', 80)?.toString()).toBe('[fe80::1]:80');
  });

  it('exist for IPv4, IPv6, CJDNS and paths only', () => {
    const cjdns = Service.parse('[fc00::1]:80').toCJDNSIfInRange();
    expect(hasSocketFamily(cjdns)).toBe(true);
    expect(familyOf(cjdns)).toBe(6);
    expect(familyOf(Service.parse('1.2.3.4:80'))).toBe(4);
    expect(hasSocketFamily(Service.unix('/run/socket'))).toBe(true);
    const onion = Service.parse('pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:1');
    expect(hasSocketFamily(onion)).toBe(false);
  });
});
