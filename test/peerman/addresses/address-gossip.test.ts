import { describe, expect, it } from 'vitest';

import type { ConnectionType } from '../../../ts/connman/node/connection-types.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import type { PeerAddress } from '../../../ts/p2p/messages/addresses.ts';
import type { LabPeer } from '../../harness/peers/peer-lab.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';

const NOW = 1_700_000_000;
const DAY_MS = 86_400_000;
const OURS = '5.6.7.8:8333';
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333';

function records(count: number): PeerAddress[] {
  return Array.from({ length: count }, (_, index) => ({
    timeSeconds: NOW,
    services: 9n,
    service: Service.parse(`60.0.${index >> 8}.${index & 0xff}:8333`),
  }));
}

function heard(peer: LabPeer): string[] {
  return [...peer.got('addr'), ...peer.got('addrv2')].flatMap(({ addresses }) =>
    addresses.map(({ service }) => service.toString()),
  );
}

/** An inbound peer that takes part in gossip, and whose first message of gossip, with nothing in it, has had its time. */
function interested(lab: PeerLab): LabPeer {
  const peer = lab.connectReady();
  peer.ask({ type: 'addr', addresses: [] });
  return peer;
}

describe('getaddr', () => {
  it('is answered once', () => {
    const lab = new PeerLab();
    lab.addresses = records(100);
    const peer = lab.connectReady();
    peer.send({ type: 'getaddr' });
    lab.jump(600_000);
    expect(heard(peer)).toHaveLength(100);
    lab.addresses = records(200);
    peer.ask({ type: 'getaddr' });
    lab.jump(600_000);
    expect(heard(peer)).toEqual([]);
  });

  it('is answered with the next message of gossip: after thirty seconds in the mean', () => {
    const lab = new PeerLab();
    lab.addresses = records(5);
    const peers = Array.from({ length: 400 }, () => interested(lab));
    for (const peer of peers) peer.send({ type: 'getaddr' });
    lab.settle();
    const isAnswered = (peer: LabPeer): boolean => heard(peer).length > 0;
    expect(peers.filter(isAnswered)).toEqual([]);
    let sumSeconds = 0;
    for (let second = 1; second <= 600; second++) {
      lab.jump(1_000);
      sumSeconds += peers.filter((peer) => !isAnswered(peer)).length;
    }
    expect(peers.every(isAnswered)).toBe(true);
    expect(sumSeconds / peers.length).toBeGreaterThan(25);
    expect(sumSeconds / peers.length).toBeLessThan(35);
  });

  it('is not answered to peers that we dialed', () => {
    const lab = new PeerLab();
    lab.addresses = records(100);
    const peer = lab.connectReady({ type: 'outbound-full-relay' });
    peer.ask({ type: 'getaddr' });
    lab.jump(600_000);
    expect(heard(peer)).toEqual([]);
  });

  it('with the addr permission is answered from fresh addresses', () => {
    const lab = new PeerLab();
    lab.freshAddresses = records(3);
    const peer = lab.connectReady({ permissions: ['addr'] });
    peer.send({ type: 'getaddr' });
    lab.settle();
    lab.jump(600_000);
    expect(heard(peer)).toHaveLength(3);
  });

  it('asks the network for at most 1,000 addresses and 23 % of the book', () => {
    const lab = new PeerLab();
    const asked: unknown[] = [];
    lab.getAddresses = (...limits: unknown[]) => (asked.push(limits.slice(1)), []);
    lab.connectReady().ask({ type: 'getaddr' });
    expect(asked).toEqual([[1_000, 23]]);
  });

  it('replaces what waits', () => {
    const lab = new PeerLab();
    const peer = interested(lab);
    lab.connectReady({ permissions: ['addr'] }).ask({ type: 'addr', addresses: records(5) });
    const service = Service.parse('70.0.0.1:8333');
    lab.addresses = [{ timeSeconds: NOW, services: 9n, service }];
    peer.ask({ type: 'getaddr' });
    lab.jump(600_000);
    expect(heard(peer)).toEqual(['70.0.0.1:8333']);
  });

  it('leaves room for no more than 1,000, with what comes later', () => {
    const lab = new PeerLab();
    lab.addresses = records(1_000);
    const peer = interested(lab);
    peer.ask({ type: 'getaddr' });
    const sender = lab.connectReady({ permissions: ['addr'] });
    const fresh = { timeSeconds: NOW, services: 9n, service: Service.parse('70.0.0.1:8333') };
    sender.ask({ type: 'addr', addresses: [fresh] });
    lab.jump(600_000);
    const got = heard(peer);
    expect(got).toHaveLength(1_000);
    expect(got).toContain('70.0.0.1:8333');
  });
});

describe('messages of gossip', () => {
  it('come every thirty seconds or so, at random', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady({ type: 'outbound-full-relay' });
    const sender = lab.connectReady({ permissions: ['addr'] });
    let at = 0;
    const times: number[] = [];
    for (let second = 0; second < 6_000; second++) {
      const service = Service.parse(`61.${second >> 8}.${second & 0xff}.1:8333`);
      const timeSeconds = lab.clock.wallTimeMs() / 1_000;
      sender.ask({ type: 'addr', addresses: [{ timeSeconds, services: 9n, service }] });
      lab.jump(1_000);
      if (heard(peer).length > 0) times.push(second - at);
      if (heard(peer).length > 0) at = second;
      peer.take();
      sender.take();
    }
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    expect(mean).toBeGreaterThan(22);
    expect(mean).toBeLessThan(40);
    expect(Math.max(...times)).toBeGreaterThan(70);
  });

  it('do not repeat what the peer told us or was told', () => {
    const lab = new PeerLab();
    const [a, b] = [lab.connectReady({ permissions: ['addr'] }), lab.connectReady({ permissions: ['addr'] })];
    b.ask({ type: 'getaddr' });
    lab.jump(600_000);
    const timeSeconds = lab.clock.wallTimeMs() / 1_000;
    const [one, two] = records(2).map((record) => ({ ...record, timeSeconds }));
    b.ask({ type: 'addr', addresses: [one!] });
    a.ask({ type: 'addr', addresses: [one!, two!] });
    lab.jump(300_000);
    expect(heard(b)).toEqual([two!.service.toString()]);
    b.take();
    a.ask({ type: 'addr', addresses: [two!] });
    lab.jump(300_000);
    expect(heard(b)).toEqual([]);
  });

  it('are addr to those that did not ask for addrv2', () => {
    const lab = new PeerLab();
    lab.addresses = [...records(2), { timeSeconds: NOW, services: 9n, service: Service.parse(ONION) }];
    const old = lab.connectReady({ version: { protocolVersion: 70_015 } });
    const modern = lab.connectReady();
    for (const peer of [old, modern]) peer.send({ type: 'getaddr' });
    lab.settle();
    lab.jump(600_000);
    expect(old.got('addr')[0]!.addresses).toHaveLength(2);
    expect(old.got('addrv2')).toEqual([]);
    expect(modern.got('addrv2')[0]!.addresses).toHaveLength(3);
  });
});

describe('our own address', () => {
  function listening(options: ConstructorParameters<typeof PeerLab>[0] = {}): PeerLab {
    const lab = new PeerLab(options);
    lab.isListening = true;
    lab.localService = Service.parse(OURS);
    return lab;
  }

  it('goes out first, alone and at once', () => {
    const lab = listening();
    lab.addresses = records(10);
    const peer = lab.connectReady({ ourServices: 0x809n });
    expect(heard(peer)).toEqual([]);
    const answers = peer.ask({ type: 'getaddr' });
    const [first, ...rest] = answers.filter(({ type }) => type === 'addrv2');
    expect(first).toMatchObject({ addresses: [{ services: 0x809n, timeSeconds: NOW }] });
    expect(heard(peer)).toEqual([]);
    expect(rest.length).toBeLessThanOrEqual(1);
    expect(lab.connectReady({ type: 'manual' }).got('addrv2')).toHaveLength(1);
  });

  it.each<[string, (lab: PeerLab) => void, ConnectionType]>([
    ['when not listening', (lab) => (lab.isListening = false), 'manual'],
    ['without an address', (lab) => (lab.localService = undefined), 'manual'],
    ['on a block-relay-only connection', () => {}, 'block-relay-only'],
    ['to an inbound peer without interest', () => {}, 'inbound'],
  ])('is not told %s', (_what, prepare, type) => {
    const lab = listening();
    prepare(lab);
    const peer = lab.connectReady({ type });
    lab.jump(10 * DAY_MS);
    expect(heard(peer)).toEqual([]);
  });

  it('is not told while catching up, and right afterwards', () => {
    let isCatchingUp = true;
    const lab = listening({ hooks: { isInitialBlockDownload: () => isCatchingUp } });
    const peer = lab.connectReady({ type: 'manual' });
    expect(heard(peer)).toEqual([]);
    isCatchingUp = false;
    lab.settle();
    expect(heard(peer)).toEqual([OURS]);
  });

  it('of an onion service is not told to a peer that cannot read it', () => {
    const lab = listening();
    lab.localService = Service.parse(ONION);
    expect(heard(lab.connectReady({ type: 'manual', version: { protocolVersion: 70_015 } }))).toEqual([]);
    expect(heard(lab.connectReady({ type: 'manual' }))).toEqual([ONION]);
  });

  it('is told again about daily', () => {
    const lab = listening();
    const peers = Array.from({ length: 40 }, () => lab.connectReady({ type: 'manual' }));
    const days = 20;
    for (let hour = 0; hour < days * 24; hour++) {
      for (const peer of peers) peer.send({ type: 'pong', nonce: peer.got('ping').at(-1)?.nonce ?? 0n });
      lab.jump(3_600_000);
    }
    const count = peers.reduce((sum, peer) => sum + heard(peer).length - 1, 0);
    expect(count / (40 * days)).toBeGreaterThan(0.85);
    expect(count / (40 * days)).toBeLessThan(1.15);
    expect(new Set(peers.flatMap(heard))).toEqual(new Set([OURS]));
  });
});
