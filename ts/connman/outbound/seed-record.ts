// The address book entry for a node from a seed: its services are assumed, its age is random.

import type { Service } from '../../netaddr/service.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { SEED_SERVICES } from '../../p2p/protocol.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { uniformBelow } from '../../util/random.ts';
import type { Clock } from '../../util/time/clock.ts';

const DAY_SECONDS = 86_400;

/** @param ageDays - The range that the age is drawn from. */
export function seedRecord(
  { clock, random }: { readonly clock: Clock; readonly random: RandomUint32 },
  service: Service,
  ageDays: { readonly min: number; readonly max: number },
): PeerAddress {
  const spreadSeconds = uniformBelow(random, (ageDays.max - ageDays.min) * DAY_SECONDS);
  const ageSeconds = ageDays.min * DAY_SECONDS + spreadSeconds;
  const timeSeconds = Math.max(0, Math.floor(clock.wallTimeMs() / 1_000) - ageSeconds);
  return { service, services: SEED_SERVICES, timeSeconds };
}
