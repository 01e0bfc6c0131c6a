import { describe, expect, it } from 'vitest';

import { AddrMan } from '../../ts/addrman/addr-man.ts';
import type { ConnectionType } from '../../ts/connman/node/connection-types.ts';
import { PeerLab } from '../harness/peers/peer-lab.ts';

const NOW = 1_700_000_000;
const HOUR = 3_600;

/** An address book that notes what it is told. */
function notingBook() {
  const notes: string[] = [];
  const addressBook = new AddrMan();
  Object.assign(addressBook, {
    setServices: (_service: unknown, services: bigint) => void notes.push(`services ${services}`),
    good: () => (notes.push('good'), true),
    connected: () => void notes.push('connected'),
  });
  return { addressBook, notes };
}

describe('the services of a peer', () => {
  const strict: ConnectionType[] = ['outbound-full-relay', 'block-relay-only', 'addr-fetch', 'private-broadcast'];
  const lenient: ConnectionType[] = ['inbound', 'manual', 'feeler'];

  it.each(strict)('on a %s connection must be what we want', (type) => {
    for (const [services, isKept] of [
      [0n, false],
      [1n, false],
      [8n, false],
      [9n, true],
      [0x40dn, true],
    ] as const) {
      const { addressBook, notes } = notingBook();
      const lab = new PeerLab({ addressBook });
      const peer = lab.connect({ type }).sendVersion({ services });
      lab.settle();
      expect(peer.isGone).toBe(!isKept);
      // What the node says of itself is noted even of those that are dropped, but not where nobody may know of us.
      const isNoted = type !== 'private-broadcast';
      expect(notes).toEqual(isNoted ? [`services ${services}`, ...(isKept ? ['good'] : [])] : []);
    }
  });

  it.each(lenient)('on a %s connection may be none', (type) => {
    const lab = new PeerLab();
    const peer = lab.connect({ type }).sendVersion({ services: 0n });
    lab.settle();
    expect(peer.types).toContain('verack');
    expect(peer.node.hasAllWantedServices).toBe(false);
  });

  it.each([
    [23, true],
    [24, false],
    [25, false],
  ])('may be those of a pruned node while our best block is %i hours old: %s', (hours, isKept) => {
    const lab = new PeerLab();
    lab.manager.setBestBlock(100, NOW - hours * HOUR);
    expect(lab.manager.hasAllDesirableServiceFlags(0x408n)).toBe(isKept);
    expect(lab.manager.hasAllDesirableServiceFlags(9n)).toBe(true);
    expect(lab.manager.hasAllDesirableServiceFlags(0x400n)).toBe(false);
    const peer = lab.connectReady({ type: 'outbound-full-relay', version: { services: 0x408n } });
    expect(peer.isGone).toBe(!isKept);
  });

  it.each([
    [9n, true],
    [1n, false],
  ])('%i are noted as all that we want: %s', (services, isAll) => {
    expect(new PeerLab().connectReady({ version: { services } }).node.hasAllWantedServices).toBe(isAll);
  });

  it('may be wanted otherwise', () => {
    const lab = new PeerLab({ desiredServices: () => 0x800n });
    expect(lab.manager.hasAllDesirableServiceFlags(0x800n)).toBe(true);
    expect(lab.manager.hasAllDesirableServiceFlags(9n)).toBe(false);
  });
});

describe('the address book', () => {
  it.each<[ConnectionType, boolean, readonly string[]]>([
    ['outbound-full-relay', true, ['services 9', 'good', 'connected']],
    ['manual', true, ['services 9', 'good', 'connected']],
    ['outbound-full-relay', false, ['services 9', 'good']],
    ['block-relay-only', true, ['services 9', 'good']],
    ['feeler', true, ['services 9', 'good']],
    ['inbound', true, []],
    ['private-broadcast', true, []],
  ])('hears of a %s connection (verack: %s) %s', (type, hasVerack, expected) => {
    const { addressBook, notes } = notingBook();
    const lab = new PeerLab({ addressBook });
    const peer = lab.connect({ type }).sendVersion();
    if (hasVerack) peer.send({ type: 'verack' });
    lab.settle();
    lab.drop(peer);
    expect(notes).toEqual(expected);
  });
});

describe('the clock', () => {
  it('is compared with those of peers that we dialed, five at least', () => {
    const lab = new PeerLab();
    const dial = (offsetSeconds: number, type: ConnectionType = 'outbound-full-relay'): void =>
      void lab.connectReady({ type, version: { timeSeconds: NOW + offsetSeconds } });
    dial(9_999, 'inbound');
    dial(9_999, 'private-broadcast');
    for (const offset of [700, 800, 601, 600]) dial(offset);
    expect(lab.manager.timeOffsetSeconds).toBe(0);
    dial(-5, 'feeler');
    expect(lab.manager.timeOffsetSeconds).toBe(601);
    expect(lab.manager.isClockSuspicious).toBe(true);
    dial(0);
    expect(lab.manager.timeOffsetSeconds).toBe(601);
    dial(0);
    expect(lab.manager.timeOffsetSeconds).toBe(600);
    expect(lab.manager.isClockSuspicious).toBe(false);
    expect(lab.manager.getNetworkStateStats()).toEqual({
      timeOffsetSeconds: 600,
      ignoresIncomingTxs: true,
      minRelayFeeRateSatPerKvB: 100,
      warnings: [],
    });
    for (let count = 0; count < 50; count++) dial(-700);
    expect(lab.manager.timeOffsetSeconds).toBe(-700);
    expect(lab.manager.isClockSuspicious).toBe(true);
    expect(lab.manager.getNetworkStateStats().warnings).toEqual([expect.stringContaining('clock')]);
  });

  it('is compared with the last fifty of them', () => {
    const lab = new PeerLab();
    const offsets = [-9, ...Array<number>(25).fill(0), ...Array<number>(25).fill(10)];
    for (const offset of offsets) lab.connectReady({ type: 'manual', version: { timeSeconds: NOW + offset } });
    expect(lab.manager.timeOffsetSeconds).toBe(10);
  });
});
