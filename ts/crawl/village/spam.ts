// The addresses that a spammer makes up: on loopback, at a port without a listener.

import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { MAX_ADDRESSES } from '../../p2p/messages/addresses.ts';
import { SEED_SERVICES } from '../../p2p/protocol.ts';
import type { RandomUint32 } from '../../util/random.ts';

/** Second byte of made-up addresses. No villager has it. */
const SPAM_SECOND_BYTE = 251;

/** Made-up addresses, in messages of the largest allowed size. */
export function spamAnswers(count: number, port: number, random: RandomUint32, wallTimeMs: number): PeerAddress[][] {
  const timeSeconds = Math.floor(wallTimeMs / 1_000);
  const addresses = Array.from({ length: count }, (): PeerAddress => {
    const low = random();
    const bytes = Uint8Array.of(127, SPAM_SECOND_BYTE + (low & 3), (low >>> 8) & 0xff, (low >>> 16) & 0xff);
    return { timeSeconds, services: SEED_SERVICES, service: new Service(new NetAddress('ipv4', bytes), port) };
  });
  const messages: PeerAddress[][] = [];
  for (let start = 0; start < count; start += MAX_ADDRESSES) {
    messages.push(addresses.slice(start, start + MAX_ADDRESSES));
  }
  return messages;
}
