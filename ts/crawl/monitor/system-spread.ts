// How one announcement spread in each autonomous system: from the peers that were held at its first announcement and still are.

import type { SystemSpread } from '../report/tally/summary.ts';
import type { Announcement } from './announcement.ts';
import type { HeldPeer } from './held-peer.ts';

/** Fewest held peers of a system that has figures: nine tenths of fewer say little. */
const MIN_HELD = 10;

interface System {
  held: number;
  readonly delays: number[];
}

/**
 * The systems with most held peers first.
 *
 * @param peerAt - The peer that has a slot now.
 */
export function spreadBySystem(
  { delays, firstAtMs }: Announcement,
  peerAt: (slot: number) => Pick<HeldPeer, 'asn' | 'heldSinceMs'> | undefined,
): SystemSpread[] {
  const systems = new Map<number, System>();
  for (const [slot, delayMs] of delays.entries()) {
    const peer = peerAt(slot);
    if (peer === undefined || peer.asn === 0 || peer.heldSinceMs > firstAtMs) continue;
    let system = systems.get(peer.asn);
    if (system === undefined) systems.set(peer.asn, (system = { held: 0, delays: [] }));
    system.held += 1;
    if (delayMs >= 0) system.delays.push(delayMs);
  }
  return [...systems]
    .filter(([, { held }]) => held >= MIN_HELD)
    .sort(([asnA, a], [asnB, b]) => b.held - a.held || asnA - asnB)
    .map(([asn, { held, delays: all }]) => {
      all.sort((a, b) => a - b);
      const p50 = all[Math.ceil(held * 0.5) - 1];
      const p90 = all[Math.ceil(held * 0.9) - 1];
      return { asn, held, ...(p50 === undefined ? {} : { p50 }), ...(p90 === undefined ? {} : { p90 }) };
    });
}
