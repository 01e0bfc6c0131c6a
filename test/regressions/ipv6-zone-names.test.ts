// An IPv6 zone by the name of its interface (`[fe80::1%eth0]:80`) was no address; only its number was.

import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { Subnet } from '../../ts/netaddr/subnet.ts';
import { zoneName, zoneNumber } from '../../ts/netaddr/text/zone.ts';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import { until } from '../harness/until.ts';

const IFINDEX = '/sys/class/net/lo/ifindex';
const noLoopback = existsSync(IFINDEX) ? undefined : 'no interface lo in /sys/class/net';
const loopback = noLoopback === undefined ? Number(readFileSync(IFINDEX, 'latin1')) : 0;

/** An interface that has a link-local address. */
const linkLocal = Object.entries(networkInterfaces())
  .flatMap(([name, infos = []]) => infos.map((info) => ({ name, ...info })))
  .find((info) => info.family === 'IPv6' && info.scopeid > 0);

describe('a zone by name', () => {
  const itOnLinux = itUnless(noLoopback);

  itOnLinux('is read wherever an address is, and its printed form round-trips', () => {
    expect(NetAddress.parse('fe80::1%lo')).toMatchObject({ scopeId: loopback });
    expect(NetAddress.parse('[::1%lo]').toString()).toBe(`::1%${loopback}`);
    const service = Service.parse('[fe80::1%lo]:80');
    expect(service.toString()).toBe(`[fe80::1%${loopback}]:80`);
    expect(Service.parse(service.toString()).address.scopeId).toBe(loopback);
    expect(Subnet.parse('fe80::%lo/64').toString()).toBe('fe80::/64');
    expect(zoneName(zoneNumber('lo')!)).toBe('lo');
  });

  it.each(['', '.', '..', '../lo', 'lo/', 'no-such-interface', 'lo\0', '-1', 'é', 'x'.repeat(40)])(
    'is no address with %o for an interface',
    (name) => {
      expect(NetAddress.tryParse(`fe80::1%${name}`)).toBeUndefined();
      expect(Service.tryParse(`[fe80::1%${name}]:80`)).toBeUndefined();
    },
  );

  it('that is unknown says so', () => {
    expect(() => Service.parse('[fe80::1%nowhere9]:80')).toThrow("there is no interface 'nowhere9' here");
  });
});

describeEachBackend('zones', (stage) => {
  const reason = noLoopback ?? (stage.backend === 'memory' ? 'its addresses have no interfaces' : undefined);

  itUnless(reason)('are listened at and dialed by name', async () => {
    const server = stage.probe();
    const bound = stage.listen(server, '[::1%lo]:0');
    expect(Service.parse(bound.toString()).equals(bound)).toBe(true);
    const client = stage.probe();
    await stage.dial(client, `[::1%lo]:${bound.port}`);
    await until('the accept', () => server.accepted.length === 1);
    expect(server.stopListening(`[::1%lo]:${bound.port}`)).toBe(1);
  });

  itUnless(reason ?? (linkLocal === undefined ? 'no interface has a link-local address' : undefined))(
    'of link-local addresses too',
    async () => {
      const { address, name, scopeid } = linkLocal!;
      const server = stage.probe();
      const bound = stage.listen(server, `[${address}%${name}]:0`);
      expect(bound.address.scopeId).toBe(scopeid);
      const client = stage.probe();
      await stage.dial(client, `[${address}%${name}]:${bound.port}`);
      await until('the accept', () => server.accepted.length === 1);
      expect(server.accepted[0]!.them.address.scopeId).toBe(scopeid);
    },
  );
});
