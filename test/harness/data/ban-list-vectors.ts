// Ban lists that Bitcoin Core wrote or would read, with their content: vectors/addrman_banlist.json.

import { readVectorJson } from './vectors.ts';

interface BanListVector {
  name: string;
  note: string;
  /** Seconds since 1970. */
  now: number;
  text: string;
  expect: { ok: boolean; entries?: { subnet: string; banCreated: number; bannedUntil: number }[] };
}

export const BAN_LIST_VECTORS = readVectorJson<{ files: BanListVector[] }>('addrman_banlist.json').files;
