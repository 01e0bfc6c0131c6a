// Maps of autonomous systems: a map that passes the check answers for every address.

import { AsMap } from '../../../ts/addrman/asmap/as-map.ts';
import { readVectorBytes } from '../../harness/data/vectors.ts';
import { attempt, finding } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

/** 16 bytes each: bits of every kind on the way down. */
const ADDRESSES = [0x00, 0x55, 0xaa, 0xff].map((byte) => new Uint8Array(16).fill(byte));

export const target: FuzzTarget = {
  seeds: () => [readVectorBytes('asmap.raw')],
  run(input) {
    const map = attempt(['ERR_SOCKMAN_FILE_CORRUPT'], () => AsMap.parse(input));
    if (map === undefined) return;
    for (const address of ADDRESSES) if (!Number.isInteger(map.lookUp(address))) finding('no number');
  },
};
