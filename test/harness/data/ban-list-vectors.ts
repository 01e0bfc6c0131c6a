// Ban lists as Bitcoin Core wrote them or would read them, and what is in them: vectors/addrman_banlist.json.

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
