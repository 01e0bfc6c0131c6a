import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AddrMan } from '../../../ts/addrman/addr-man.ts';
import { AsMap } from '../../../ts/addrman/asmap/as-map.ts';
import type { AsMapHealth } from '../../../ts/addrman/as-map-health.ts';
import { NetGroups } from '../../../ts/addrman/net-groups.ts';
import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { readVectorBytes } from '../../harness/data/vectors.ts';
import { World } from '../world.ts';

const HOUR_MS = 3_600_000;

let world = new World();
let told: AsMapHealth[] = [];
let lines: string[] = [];
beforeEach(() => {
  world = new World();
  told = [];
  lines = [];
});
afterEach(() => world.destroy());

/** The map of the vectors has AS 1000 for 250/8 and systems of their own for 101.1/16 to 101.8/16. */
const mapped = new NetGroups(AsMap.parse(readVectorBytes('asmap.raw')));

function book(...places: string[]): AddrMan {
  const { clock } = world.net;
  const addressBook = new AddrMan({ clock, random: seededUint32(1), key: new Uint8Array(32).fill(5), groups: mapped });
  learn(addressBook, ...places);
  return addressBook;
}

function learn(addressBook: AddrMan, ...places: string[]): void {
  const timeSeconds = Math.floor(world.net.clock.wallTimeMs() / 1_000);
  for (const place of places) {
    const service = Service.parse(place);
    addressBook.add([{ service, services: 9n, timeSeconds }], service.address);
  }
}

async function start(options: ConnmanOptions): Promise<void> {
  const info = (line: string): void => void lines.push(line);
  const logger = { debug() {}, info, warn() {}, error() {} };
  const { connman, greeter } = world.make({ noConnect: true, logger, ...options });
  connman.on('asMapHealth', (health) => told.push(health));
  await connman.start(greeter);
  await world.settle();
}

describe('the health of the AS map', () => {
  it('is told at the start, and every 24 hours from then on', async () => {
    const addressBook = book('250.1.1.1:8333', '250.2.1.1:8333', '101.1.1.1:8333', '8.8.8.8:8333');
    await start({ addressBook, netGroups: mapped });
    const first = { entryCount: 4, asCount: 2, unmappedCount: 1 };
    expect(told).toEqual([first]);
    expect(lines).toEqual(['AS map: 4 IPv4 and IPv6 addresses in 2 systems, 1 in none']);

    learn(addressBook, '101.2.1.1:8333', '9.9.9.9:8333');
    await world.pass(24 * HOUR_MS - 1, HOUR_MS);
    expect(told).toHaveLength(1);
    await world.pass(1);
    expect(told.slice(1)).toEqual([{ entryCount: 6, asCount: 3, unmappedCount: 2 }]);
    await world.pass(24 * HOUR_MS, HOUR_MS);
    expect(told).toHaveLength(3);
  });

  it('is no more told after the end', async () => {
    await start({ addressBook: book('250.1.1.1:8333'), netGroups: mapped });
    await world.destroy();
    await world.pass(48 * HOUR_MS, HOUR_MS);
    expect(told).toHaveLength(1);
  });

  it.each<[string, ConnmanOptions]>([
    ['a map', { addressBook: new AddrMan() }],
    ['an address book', { netGroups: mapped }],
  ])('is not told without %s', async (_, options) => {
    await start(options);
    await world.pass(25 * HOUR_MS, HOUR_MS);
    expect([told, lines]).toEqual([[], []]);
  });
});
