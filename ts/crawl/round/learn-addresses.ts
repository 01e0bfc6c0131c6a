// Takes the addresses of one message into a frontier.

import type { Frontier } from '../frontier/frontier.ts';
import type { AddressWalker } from '../visit/address-walker.ts';
import { MAX_ADDRESSES } from '../../p2p/messages/addresses.ts';
import type { Lesson } from '../visit/visit.ts';

/** An `addr` or `addrv2`. */
export interface ToldAddresses {
  readonly isV2: boolean;
  /** Lent for the call. */
  readonly payload: Uint8Array;
  /** Who told them, as `Frontier.learn` takes it. */
  readonly source: number;
  readonly nowSeconds: number;
}

/** Ages of the addresses of one message, so that a message costs no array. */
const agesOfOne = new Uint32Array(MAX_ADDRESSES);

/** @param onNew - Called with the row of each address that is new. @returns Undefined for a message that does not decode. */
export function learnAddresses(
  walker: AddressWalker,
  frontier: Frontier,
  { isV2, payload, source, nowSeconds }: ToldAddresses,
  onNew: (row: number) => void = () => {},
): Lesson | undefined {
  if (!walker.begin(isV2, payload)) return undefined;
  const ages = agesOfOne.subarray(0, walker.count);
  let newCount = 0;
  for (let index = 0; walker.next(); index++) {
    const { network, bytes, offset, port, timeSeconds, services } = walker;
    ages[index] = Math.max(0, nowSeconds - timeSeconds);
    const row = frontier.learn(network, bytes, offset, port, timeSeconds, services, source, nowSeconds);
    if (row === -1) continue;
    newCount++;
    onNew(row);
  }
  return { newCount, ages };
}
