// Nodes that dial from an address book, in the world of one test.

import { AddrMan } from '../../ts/addrman/addr-man.ts';
import { Connman } from '../../ts/connman/connman.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import type { NodeView } from '../../ts/connman/node/peer.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import type { World } from './world.ts';

/** What anybody in a crowd offers: blocks, with witnesses. */
export const SERVICES = 9n;

/** Interval between looks for a peer to dial, in milliseconds. */
export const STEP_MS = 500;

/** An address book that heard of these places from themselves. */
export function bookOf(world: World, places: Iterable<string>, services: bigint = SERVICES): AddrMan {
  const book = new AddrMan({ clock: world.net.clock, random: seededUint32(2), key: new Uint8Array(32).fill(7) });
  const timeSeconds = Math.floor(world.net.clock.wallTimeMs() / 1_000) - 3_600;
  for (const place of places) {
    const service = Service.parse(place);
    book.add([{ service, services, timeSeconds }], service.address);
  }
  return book;
}

/** `perGroup` places in each of `groups` networks. */
export function placesIn(groups: number, perGroup: number): string[] {
  return Array.from({ length: groups * perGroup }, (_, index) => {
    return `${20 + (index % groups)}.7.${Math.floor(index / groups)}.1:18444`;
  });
}

/** Starts a node that dials from a book. The caller stops it. */
export async function startDialer(world: World, addressBook: AddrMan, options: ConnmanOptions = {}): Promise<Connman> {
  const { clock, createBackend: backend } = world.net;
  const common = { clock, random: seededUint32(6), addressBook };
  const connman = new Connman({ chain: 'regtest', backend, listen: false, ...common, ...options });
  const peerManager = new PeerManager(common);
  await connman.start(peerManager);
  return connman;
}

export function ofType(connman: Connman, type: string): NodeView[] {
  return [...connman.nodes()].filter(({ connectionType }) => connectionType === type);
}
