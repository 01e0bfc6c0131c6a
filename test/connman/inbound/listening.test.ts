import { describe, expect, it } from 'vitest';
import { planListening } from '../../../ts/connman/inbound/listen-plan.ts';
import type { ListenPlanOptions } from '../../../ts/connman/inbound/listen-plan.ts';
import { OpenListeners } from '../../../ts/connman/inbound/open-listeners.ts';
import { PERMISSION_FLAGS } from '../../../ts/connman/node/permission-flags.ts';
import { Service } from '../../../ts/netaddr/service.ts';

function plan(options: Partial<ListenPlanOptions>) {
  return planListening({ bind: [], onionBind: [], whiteBind: [], port: 8_333, cjdnsReachable: false, ...options });
}

/** Targets as text: an onion target ends in `=onion`, one that may fail in `?`. */
function texts(options: Partial<ListenPlanOptions>): string[] {
  return plan(options).targets.map(
    ({ service, isOnion, isRequired }) => `${service}${isOnion ? '=onion' : ''}${isRequired ? '' : '?'}`,
  );
}

const whiteBind = (text: string, flags = 0) => ({
  service: Service.parse(text),
  permissions: { flags, isImplicit: false },
});

describe('the plan of listeners', () => {
  it('is every interface, IPv6 if there is any, and loopback for an onion service', () => {
    expect(texts({})).toEqual(['[::]:8333?', '0.0.0.0:8333', '127.0.0.1:8334=onion']);
    expect(plan({}).bindsAny).toBe(true);
  });

  it('is what was asked for, with the port where none is given', () => {
    expect(texts({ bind: ['1.2.3.4', '[::1]:9000'] })).toEqual(['1.2.3.4:8333', '[::1]:9000']);
    expect(plan({ bind: ['1.2.3.4'] }).bindsAny).toBe(false);
    expect(plan({ bind: ['0.0.0.0:1'] }).bindsAny).toBe(true);
  });

  it('takes onion binds, in either form, from the port above', () => {
    expect(texts({ bind: ['1.2.3.4=onion', '127.0.0.1:99=onion', '5.6.7.8'], onionBind: ['127.0.0.2'] })).toEqual([
      '5.6.7.8:8333',
      '1.2.3.4:8334=onion',
      '127.0.0.1:99=onion',
      '127.0.0.2:8334=onion',
    ]);
  });

  it('is nothing but the onion bind for those who give no other', () => {
    expect(texts({ bind: ['127.0.0.1=onion'] })).toEqual(['127.0.0.1:8334=onion']);
    expect(texts({ onionBind: ['127.0.0.1'] })).toEqual(['127.0.0.1:8334=onion']);
  });

  it('does not take the addresses of this host for public ones because an onion bind is on all of them', () => {
    expect(plan({ onionBind: ['0.0.0.0'] }).bindsAny).toBe(false);
    expect(plan({ bind: ['1.2.3.4', '[::]=onion'] }).bindsAny).toBe(false);
    expect(plan({ whiteBind: [whiteBind('0.0.0.0:5')] }).bindsAny).toBe(true);
  });

  it('opens the onion port for those who only whitelist', () => {
    expect(texts({ whiteBind: [whiteBind('1.2.3.4:5')] })).toEqual(['1.2.3.4:5', '127.0.0.1:8334=onion']);
  });

  it('tells others the first explicit port, else that of a public whitebind, else the default', () => {
    expect(plan({ bind: ['1.2.3.4', '1.2.3.5:99'] }).listenPort).toBe(99);
    expect(
      plan({ whiteBind: [whiteBind('1.2.3.4:5', PERMISSION_FLAGS.noban), whiteBind('1.2.3.4:6')] }).listenPort,
    ).toBe(6);
    expect(plan({ whiteBind: [whiteBind('1.2.3.4:5', PERMISSION_FLAGS.noban)] }).listenPort).toBe(8_333);
  });

  it('leaves a free port to the system', () => {
    expect(texts({ port: 0 })).toEqual(['[::]:0?', '0.0.0.0:0', '127.0.0.1:0=onion']);
    expect(texts({ bind: ['127.0.0.1:0', '127.0.0.1:0'] })).toEqual(['127.0.0.1:0', '127.0.0.1:0']);
  });

  it('reads fc00::/8 as CJDNS where that is reachable', () => {
    expect(plan({ bind: ['[fc00::1]'], cjdnsReachable: true }).targets[0]!.service.address.isCJDNS()).toBe(true);
    expect(plan({ bind: ['[fc00::1]'] }).targets[0]!.service.address.isIPv6()).toBe(true);
  });

  it.each([
    ['another suffix', { bind: ['1.2.3.4:1=tor'] }],
    ['two suffixes', { bind: ['1.2.3.4:1=onion=onion'] }],
    ['a name', { bind: ['localhost:1'] }],
    ['a Unix-domain path', { bind: ['unix:/tmp/x'] }],
    ['an onion address', { onionBind: [`${'a'.repeat(56)}.onion:1`] }],
    ['one address twice', { bind: ['1.2.3.4:1', '1.2.3.4:1'] }],
    ['one address in two lists', { bind: ['1.2.3.4:1'], whiteBind: [whiteBind('1.2.3.4:1')] }],
    ['one address in the other two lists', { onionBind: ['1.2.3.4:1'], whiteBind: [whiteBind('1.2.3.4:1')] }],
  ])('refuses %s', (_what, options) => {
    expect(() => plan(options)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });
});

describe('the listener of a connection', () => {
  const targets = plan({ bind: ['0.0.0.0:8333', '[::]:8333', '5.6.7.8:8333'] }).targets;
  const listeners = new OpenListeners();
  for (const target of targets) listeners.add(target.service, target);

  it('is the exact one where there is one', () => {
    expect(String(listeners.find(Service.parse('5.6.7.8:8333'))!.service)).toBe('5.6.7.8:8333');
  });

  it('is the one on every address of the family and with the port otherwise', () => {
    expect(String(listeners.find(Service.parse('1.2.3.4:8333'))!.service)).toBe('0.0.0.0:8333');
    expect(String(listeners.find(Service.parse('[2001:db8::1]:8333'))!.service)).toBe('[::]:8333');
    expect(listeners.find(Service.parse('1.2.3.4:8334'))).toBeUndefined();
  });
});
