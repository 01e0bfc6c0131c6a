import { describe, expect, it } from 'vitest';

import { AddrMan } from '../../../ts/addrman/addr-man.ts';
import type { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import type { PeerAddress } from '../../../ts/p2p/messages/addresses.ts';
import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { PeerBans } from '../../../ts/peerman/index.ts';
import type { LabPeer } from '../../harness/peers/peer-lab.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';

const NOW = 1_700_000_000;
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333';

function record(service: string, timeSeconds = NOW, services = 9n): PeerAddress {
  return { timeSeconds, services, service: Service.parse(service) };
}

/** Distinct routable addresses. */
function records(count: number, first = 0, timeSeconds = NOW): PeerAddress[] {
  return Array.from({ length: count }, (_, index) => {
    const at = first + index;
    return record(`60.${(at >> 16) & 0xff}.${(at >> 8) & 0xff}.${at & 0xff}:8333`, timeSeconds);
  });
}

function addr(addresses: readonly PeerAddress[]) {
  return { type: 'addr', addresses } as const;
}

/** A peer that takes part in gossip: an inbound one has to show interest. */
function gossiping(lab: PeerLab): LabPeer {
  const peer = lab.connectReady();
  peer.ask({ type: 'getaddr' });
  return peer;
}

/** As `gossiping`, without waiting for each: for thousands. */
function interested(lab: PeerLab): LabPeer {
  return lab.connect().shakeHands().send({ type: 'getaddr' });
}

/** Lets every peer send what it has queued: far past the mean, in one step. */
function flush(lab: PeerLab): void {
  lab.jump(600_000);
}

function heard(peer: LabPeer): string[] {
  return [...peer.got('addr'), ...peer.got('addrv2')].flatMap(({ addresses }) =>
    addresses.map(({ service }) => service.toString()),
  );
}

describe('a message of addresses', () => {
  it('may have 1,000 records, not 1,001', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    peer.ask(addr(records(1_000)));
    expect(peer.isGone).toBe(false);
    // Nobody can write the longer one: it is made from the bytes of two.
    const whole = encodeMessage(addr(records(1_000))).payload.subarray(3);
    const one = encodeMessage(addr(records(1))).payload.subarray(1);
    peer.sendRaw('addr', Buffer.concat([Buffer.from('fde903', 'hex'), whole, one]));
    lab.settle();
    expect(peer.node.disconnectReason).toBe('misbehaved: addr message size = 1001');
  });

  it('is dropped as a whole when one record does not decode', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const { payload } = encodeMessage(addr(records(10)));
    for (let cut = 1; cut < 30; cut++) peer.sendRaw('addr', payload.subarray(0, payload.length - cut));
    lab.settle();
    expect(peer.stats.addrProcessed).toBe(0);
    expect(peer.isGone).toBe(false);
  });

  it('may name an unknown network: that record costs a token and goes nowhere', () => {
    const addressBook = new AddrMan();
    const lab = new PeerLab({ addressBook });
    const peer = lab.connectReady();
    const payload = Buffer.from('01' + '00f15365' + '09' + '7f' + '03' + '010203' + '208d', 'hex');
    peer.sendRaw('addrv2', payload).send(addr(records(1)));
    lab.settle();
    expect(peer.stats.addrRateLimited).toBe(1);
    expect(addressBook.size()).toBe(0);
  });
});

describe('the rate of addresses', () => {
  it('is one for a new inbound peer, and one more every ten seconds', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    peer.ask(addr(records(600)), addr(records(600, 600)), addr(records(10, 1_200)));
    expect(peer.stats).toMatchObject({ addrProcessed: 1, addrRateLimited: 1_209 });
    lab.jump(100_000);
    peer.ask(addr(records(600)));
    expect(peer.stats.addrProcessed).toBe(11);
    lab.jump(1_000_000);
    peer.ask(addr(records(600)));
    expect(peer.stats.addrProcessed).toBe(111);
  });

  it('spares any of the records, whatever their order', () => {
    const addressBook = new AddrMan();
    const lab = new PeerLab({ addressBook });
    for (let count = 0; count < 40; count++) lab.connectReady().ask(addr(records(2, count * 2)));
    const spared = [...addressBook.addresses()].map(({ bytes }) => bytes[3]! % 2);
    expect(spared.filter((place) => place === 0).length).toBeGreaterThan(5);
    expect(spared.filter((place) => place === 1).length).toBeGreaterThan(5);
  });

  it('has room for the answer of a peer that was asked', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady({ type: 'outbound-full-relay' });
    peer.ask(addr(records(600)), addr(records(600, 600)));
    expect(peer.stats).toMatchObject({ addrProcessed: 1_001, addrRateLimited: 199 });
  });

  it('does not hold back a peer with the addr permission', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady({ permissions: ['addr'] });
    peer.ask(addr(records(600)));
    expect(peer.stats).toMatchObject({ addrProcessed: 600, addrRateLimited: 0 });
  });

  it('is not counted on a block-relay-only connection', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady({ type: 'block-relay-only' });
    peer.ask(addr(records(5)));
    expect(peer.stats).toMatchObject({ addrProcessed: 0, addrRateLimited: 0, isAddrRelayEnabled: false });
  });
});

describe('an address that is taken', () => {
  function bookAfter(sent: readonly PeerAddress[], bans?: PeerBans): PeerAddress[] {
    const taken: PeerAddress[] = [];
    const addressBook = new AddrMan();
    addressBook.add = (addresses, source, penaltySeconds) => {
      expect([String(source), penaltySeconds]).toEqual(['1.2.0.0', 7_200]);
      taken.push(...addresses);
      return true;
    };
    const lab = new PeerLab({ addressBook, ...(bans && { banMan: bans }) });
    lab.unreachable.add('onion');
    const peer = lab.connectReady({ permissions: ['addr'] });
    peer.ask({ type: 'addrv2', addresses: sent });
    return taken;
  }

  it('goes into the book, with the time it came with or five days ago', () => {
    const times = [NOW, NOW + 600, NOW + 601, 0, 100_000_000, 100_000_001];
    const sent = times.map((timeSeconds, index) => record(`60.0.0.${index}:8333`, timeSeconds));
    const taken = new Map(bookAfter(sent).map(({ service, timeSeconds }) => [service.toString(), timeSeconds]));
    const old = NOW - 5 * 86_400;
    expect(sent.map(({ service }) => taken.get(service.toString()))).toEqual([
      NOW,
      NOW + 600,
      old,
      old,
      old,
      100_000_001,
    ]);
  });

  it('is of a node with addresses of its own, on a network that we reach', () => {
    const sent = [
      record('60.0.0.1:8333', NOW, 0n),
      record('60.0.0.2:8333', NOW, 8n),
      record('60.0.0.3:8333', NOW, 1n),
      record('60.0.0.4:8333', NOW, 0x400n),
      record(ONION),
    ];
    const taken = bookAfter(sent).map(({ service }) => service.toString());
    expect(taken.sort()).toEqual(['60.0.0.3:8333', '60.0.0.4:8333']);
  });

  it('is of nobody banned or discouraged', () => {
    const bans = {
      isBanned: (address: NetAddress) => address.toString() === '60.0.0.1',
      isDiscouraged: (address: NetAddress) => address.toString() === '60.0.0.2',
      discourage() {},
    };
    expect(
      bookAfter(records(4), bans)
        .map(({ service }) => service.toString())
        .sort(),
    ).toEqual(['60.0.0.0:8333', '60.0.0.3:8333']);
  });
});

describe('an address that is passed on', () => {
  it('goes to the two peers that the vector names', () => {
    const lab = new PeerLab();
    const peers = Array.from({ length: 8 }, () => gossiping(lab));
    const sender = lab.connectReady({ permissions: ['addr'] });
    for (const peer of peers) peer.take();
    sender.ask(addr([record('1.2.3.4:8333')]));
    flush(lab);
    const reached = peers.filter((peer) => heard(peer).length > 0).map(({ node }) => node.id);
    expect(reached).toEqual([1, 7]);
  });

  it('goes to the same two for a day, and to others on the next', () => {
    // A fresh lab each time has the same secrets and the same peers, which do not know the address yet.
    const choiceAt = (hour: number): string => {
      const lab = new PeerLab();
      lab.clock.advance(hour * 3_600_000);
      const peers = Array.from({ length: 30 }, () => gossiping(lab));
      const sender = lab.connectReady({ permissions: ['addr'] });
      sender.ask(addr([record('1.2.3.4:8333', NOW + hour * 3_600)]));
      flush(lab);
      const reached = peers.filter((peer) => heard(peer).length > 0);
      expect(reached).toHaveLength(2);
      return reached.map(({ node }) => node.id).join();
    };
    const choices = Array.from({ length: 72 }, (_, hour) => choiceAt(hour));
    const changes = choices.flatMap((choice, hour) => (hour > 0 && choice !== choices[hour - 1] ? [hour] : []));
    expect(changes).toHaveLength(3);
    expect(changes.map((hour) => hour - changes[0]!)).toEqual([0, 24, 48]);
  });

  it('is news: at most ten records, fresh, from a peer of which no answer is awaited', () => {
    const spread = (sent: readonly PeerAddress[], options: Parameters<PeerLab['connectReady']>[0] = {}): number => {
      const lab = new PeerLab();
      const peers = Array.from({ length: 6 }, () => gossiping(lab));
      const sender = lab.connectReady({ permissions: ['addr'], ...options });
      sender.ask(addr(sent));
      flush(lab);
      expect(heard(sender)).toEqual([]);
      return peers.reduce((sum, peer) => sum + heard(peer).length, 0);
    };
    expect(spread(records(10))).toBe(20);
    expect(spread(records(11))).toBe(0);
    expect(spread(records(1, 0, NOW - 599))).toBe(2);
    expect(spread(records(1, 0, NOW - 600))).toBe(0);
    expect(spread([record('10.0.0.1:8333')])).toBe(0);
    expect(spread(records(1), { type: 'outbound-full-relay' })).toBe(0);
  });

  it('is one of the second small message of a peer that was asked, not of the first', () => {
    const lab = new PeerLab();
    const peers = Array.from({ length: 6 }, () => gossiping(lab));
    const sender = lab.connectReady({ type: 'outbound-full-relay' });
    sender.ask(addr(records(1)), addr(records(1, 1)));
    flush(lab);
    expect(new Set(peers.flatMap(heard))).toEqual(new Set(['60.0.0.1:8333']));
  });

  it('is kept while answers of 1,000 come', () => {
    const lab = new PeerLab();
    const peers = Array.from({ length: 6 }, () => gossiping(lab));
    const sender = lab.connectReady({ type: 'outbound-full-relay', permissions: ['addr'] });
    sender.ask(addr(records(1_000)), addr(records(1, 2_000)), addr(records(1, 2_001)));
    flush(lab);
    expect(new Set(peers.flatMap(heard))).toEqual(new Set(['60.0.7.209:8333']));
  });

  it('is not told to inbound peers that never showed interest, nor when relay is off', () => {
    const lab = new PeerLab();
    const silent = Array.from({ length: 6 }, () => lab.connectReady());
    lab.connectReady({ permissions: ['addr'] }).ask(addr(records(5)));
    flush(lab);
    expect(silent.flatMap(heard)).toEqual([]);
    const quiet = new PeerLab({ relayAddresses: false });
    const peers = Array.from({ length: 6 }, () => gossiping(quiet));
    quiet.connectReady({ permissions: ['addr'] }).ask(addr(records(5)));
    flush(quiet);
    expect(peers.flatMap(heard)).toEqual([]);
  });

  it('of an onion service goes only to peers that read addrv2', () => {
    const lab = new PeerLab();
    const old = Array.from({ length: 8 }, () => {
      const peer = lab.connectReady({ version: { protocolVersion: 70_015 } });
      peer.ask({ type: 'getaddr' });
      return peer;
    });
    const modern = gossiping(lab);
    lab.connectReady({ permissions: ['addr'] }).ask({ type: 'addrv2', addresses: [record(ONION)] });
    flush(lab);
    expect(old.flatMap(heard)).toEqual([]);
    expect(heard(modern)).toEqual([ONION]);
  });

  it('goes to two of thousands, and to the same two again', () => {
    const choose = (): string[] => {
      const lab = new PeerLab();
      const peers = Array.from({ length: 2_500 }, () => interested(lab));
      lab.settle();
      const sender = lab.connectReady({ permissions: ['addr'] });
      sender.ask(addr(records(3)));
      flush(lab);
      return peers.flatMap((peer) => heard(peer).map((service) => `${peer.node.id} ${service}`));
    };
    const choices = choose();
    expect(choices).toHaveLength(6);
    expect(choose()).toEqual(choices);
  });

  it('goes to one or two peers when we do not reach its network, by chance', () => {
    const counts = Array.from({ length: 40 }, (_, index) => {
      const lab = new PeerLab({}, [BigInt(index), 7n]);
      lab.unreachable.add('onion');
      const peers = Array.from({ length: 5 }, () => gossiping(lab));
      lab.connectReady({ permissions: ['addr'] }).ask({ type: 'addrv2', addresses: [record(ONION)] });
      flush(lab);
      return peers.filter((peer) => heard(peer).length > 0).length;
    });
    expect(new Set(counts)).toEqual(new Set([1, 2]));
    expect(counts.filter((count) => count === 1).length).toBeGreaterThan(8);
  });
});

describe('an addr-fetch connection', () => {
  it('ends with the second record, or after five minutes', () => {
    const lab = new PeerLab();
    const fetching = () => lab.connectReady({ type: 'addr-fetch' });
    const [one, two, none] = [fetching(), fetching(), fetching()];
    one.ask(addr(records(1)));
    two.ask(addr(records(2)));
    expect([one.isGone, two.isGone]).toEqual([false, true]);
    lab.jump(300_000);
    expect(none.isGone).toBe(false);
    lab.jump(1);
    expect([one.isGone, none.isGone]).toEqual([true, true]);
  });
});
