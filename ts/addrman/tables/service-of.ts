// Address and port of an entry.

import { Service } from '../../netaddr/service.ts';
import type { EntryStore } from './entry-store.ts';

/** Copies address and port of an entry. */
export function serviceOf(store: EntryStore, id: number): Service {
  return new Service(store.address(id), store.port[id]!);
}
