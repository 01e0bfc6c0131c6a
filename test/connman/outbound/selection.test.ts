import { describe, expect, it } from 'vitest';
import type { SelectedAddress } from '../../../ts/addrman/records.ts';
import { selectOutbound } from '../../../ts/connman/outbound/selection.ts';
import type { SelectionParts, SelectionRequest } from '../../../ts/connman/outbound/selection.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import type { PublicNetworkName } from '../../../ts/netaddr/networks/network.ts';
import type { PeerAddress } from '../../../ts/p2p/messages/addresses.ts';

const NOW_SECONDS = 1_700_000_000;
const GOOD_SERVICES = 9n;
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333';

function record(text: string, services = GOOD_SERVICES): PeerAddress {
  return { service: Service.parse(text), services, timeSeconds: NOW_SECONDS };
}

function drawn(text: string, { services = GOOD_SERVICES, lastTrySeconds = 0 } = {}): SelectedAddress {
  return { address: record(text, services), lastTrySeconds };
}

/** An address book that gives what it is told to, over and over; it notes what it was asked. */
class Script {
  draws: SelectedAddress[] = [];
  collision: SelectedAddress | undefined;
  readonly asked: string[] = [];
  readonly good: string[] = [];
  connected: string[] = [];
  dialing: string[] = [];
  local: string[] = [];
  unreachable: string[] = [];
  added: string[] = [];
  /** How often an address was drawn. */
  drawCount = 0;

  choose(options: Partial<SelectionRequest> = {}): string | undefined {
    const networks: PublicNetworkName[] = ['ipv4', 'ipv6'];
    const groups = new Set(options.takenGroups ?? []);
    const request = {
      isFeeler: false,
      networks,
      anchors: [],
      nowSeconds: NOW_SECONDS,
      ...options,
      takenGroups: groups,
    };
    const chosen = selectOutbound(this.#parts(), request);
    return chosen && String(chosen.service);
  }

  #parts(): SelectionParts {
    return {
      addressBook: {
        size: () => this.draws.length,
        add: () => false,
        good: (service) => this.good.push(String(service)) > 0,
        attempt: () => {},
        connected: () => {},
        setServices: () => {},
        select: (isNewOnly, networks) => {
          this.asked.push(`${isNewOnly ? 'new' : 'any'} ${[...networks!].join(' ')}`);
          return this.draws[this.drawCount++ % Math.max(1, this.draws.length)];
        },
        resolveCollisions: () => {},
        selectTriedCollision: () => this.collision,
        getAddr: () => [],
        addresses: () => [],
      },
      network: { isReachable: (network) => !this.unreachable.includes(network) },
      localAddresses: { has: (service) => this.local.includes(String(service)) },
      table: { hasAddress: (address) => this.connected.includes(String(address)) },
      dialing: { isDialing: (address) => this.dialing.includes(String(address)) },
      netEvents: { hasAllDesirableServiceFlags: (services) => (services & GOOD_SERVICES) === GOOD_SERVICES },
      addedNodes: { names: () => this.added },
      netGroups: { group: (address) => address.netGroup() },
    };
  }
}

function script(...draws: SelectedAddress[]): Script {
  return Object.assign(new Script(), { draws });
}

const group = (text: string): string => Buffer.from(Service.parse(text).address.netGroup()).toString('latin1');

describe('the choice of an address', () => {
  it('is the first draw when nothing is wrong with it', () => {
    const book = script(drawn('8.8.8.8:8333'));
    expect(book.choose()).toBe('8.8.8.8:8333');
    expect(book.asked).toEqual(['any ipv4 ipv6']);
  });

  it('passes over a network group that is taken, but not for a feeler', () => {
    const takenGroups = new Set([group('8.8.1.1:1')]);
    const book = script(drawn('8.8.8.8:8333'), drawn('8.9.8.8:8333'));
    expect(book.choose({ takenGroups })).toBe('8.9.8.8:8333');
    expect(script(drawn('8.8.8.8:8333')).choose({ takenGroups, isFeeler: true })).toBe('8.8.8.8:8333');
  });

  it('gives up after 100 draws', () => {
    const book = script(drawn('8.8.8.8:8333'));
    expect(book.choose({ takenGroups: new Set([group('8.8.1.1:1')]) })).toBeUndefined();
    expect(book.drawCount).toBe(100);
  });

  it('gives up at once over an empty book, or over our own address', () => {
    const empty = script();
    expect(empty.choose()).toBeUndefined();
    expect(empty.drawCount).toBe(1);
    const own = script(drawn('8.8.8.8:8333'));
    own.local = ['8.8.8.8:8333'];
    expect(own.choose()).toBeUndefined();
    expect(own.drawCount).toBe(1);
  });

  it('never takes an unreachable network', () => {
    const book = script(drawn(ONION));
    book.unreachable = ['onion'];
    expect(book.choose()).toBeUndefined();
    expect(book.drawCount).toBe(100);
    expect(script(drawn(ONION)).choose()).toBe(ONION);
  });

  it.each([
    [599, 30],
    [600, 1],
  ])('of one tried %i s ago comes at draw %i', (agoSeconds, draws) => {
    const book = script(drawn('8.8.8.8:8333', { lastTrySeconds: NOW_SECONDS - agoSeconds }));
    expect(book.choose()).toBe('8.8.8.8:8333');
    expect(book.drawCount).toBe(draws);
  });

  it('takes a port of another service from draw 50 on, where there are ports', () => {
    const book = script(drawn('8.8.8.8:22'));
    expect(book.choose()).toBe('8.8.8.8:22');
    expect(book.drawCount).toBe(50);
    const onion = ONION.replace('8333', '22');
    const tor = script(drawn(onion));
    expect(tor.choose()).toBe(onion);
    expect(tor.drawCount).toBe(1);
  });

  it.each([
    [0n, false, false],
    [1n, false, true],
    [1024n, false, true],
    [8n, false, false],
    [9n, true, true],
  ])('of one that offers %i: as a peer %s, as a feeler %s', (services, asPeer, asFeeler) => {
    expect(script(drawn('8.8.8.8:8333', { services })).choose() !== undefined).toBe(asPeer);
    expect(script(drawn('8.8.8.8:8333', { services })).choose({ isFeeler: true }) !== undefined).toBe(asFeeler);
  });

  it.each([
    ['8.8.8.8', 1],
    ['8.8.8.8:8333', 1],
    ['8.8.8.8:8334', 0],
  ])('leaves the added node %s to its own slots', (added, isLeft) => {
    const book = script(drawn('8.8.8.8:8333'));
    book.added = [added];
    expect(book.choose() === undefined).toBe(isLeft === 1);
    book.added = Array.from({ length: 24 }, () => added);
    expect(book.choose()).toBe('8.8.8.8:8333');
  });
});

describe('the choice for a feeler', () => {
  it('is the one in the way of another in the tried table', () => {
    const book = script(drawn('8.8.8.8:8333'));
    book.collision = drawn('9.9.9.9:8333');
    expect(book.choose({ isFeeler: true })).toBe('9.9.9.9:8333');
    expect(book.asked).toEqual([]);
  });

  it.each(['connected', 'dialing'] as const)(
    'is a new one, and the one in the way stays, while that is %s',
    (state) => {
      const book = script(drawn('8.8.8.8:8333'));
      book.collision = drawn('9.9.9.9:8333');
      book[state] = ['9.9.9.9'];
      expect(book.choose({ isFeeler: true })).toBe('8.8.8.8:8333');
      expect(book.good).toEqual(['9.9.9.9:8333']);
      expect(book.asked).toEqual(['new ipv4 ipv6']);
    },
  );
});

describe('anchors', () => {
  it('are taken from the last to the first, before any draw', () => {
    const book = script(drawn('8.8.8.8:8333'));
    const anchors = [record('1.1.1.1:8333'), record('2.2.2.2:8333')];
    expect(book.choose({ anchors })).toBe('2.2.2.2:8333');
    expect(book.choose({ anchors })).toBe('1.1.1.1:8333');
    expect(book.drawCount).toBe(0);
    expect(book.choose({ anchors })).toBe('8.8.8.8:8333');
  });

  it.each<[string, Partial<Script>, PeerAddress]>([
    ['is invalid', {}, record('0.0.0.0:8333')],
    ['is ours', { local: ['2.2.2.2:8333'] }, record('2.2.2.2:8333')],
    ['is out of reach', { unreachable: ['onion'] }, record(ONION)],
    ['offers too little', {}, record('2.2.2.2:8333', 1n)],
    ['is in a taken group', {}, record('3.3.3.3:8333')],
  ])('are passed over when one %s', (_, state, unsuitable) => {
    const book = Object.assign(script(drawn('8.8.8.8:8333')), state);
    const anchors = [record('1.1.1.1:8333'), unsuitable];
    const takenGroups = new Set([group('3.3.1.1:1')]);
    expect(book.choose({ anchors, takenGroups })).toBe('1.1.1.1:8333');
    expect(book.choose({ anchors: [unsuitable], takenGroups })).toBe('8.8.8.8:8333');
  });
});
