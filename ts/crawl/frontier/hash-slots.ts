// Slots of a hash table with open addressing: pairs of a hash of 32 bits and a number that is not 0.
//
// The hash beside the number makes a look-up touch only the entries that are alike, and lets the table grow without them: slot
// after slot, which is as fast as memory is read.

/** A slot whose number is 0. */
export const FREE = 0;

/** Highest share of the slots that may be taken. */
const MAX_LOAD = 0.7;
const FIRST_SLOTS = 4_096;

/** An empty table. Slot `n` has its hash at `2 * n` and its number behind it. */
export function emptySlots(): Uint32Array<ArrayBuffer> {
  return new Uint32Array(2 * FIRST_SLOTS);
}

/** The table for so many taken slots: the same one, or one of twice the size. */
export function slotsFor(taken: number, table: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  if (taken <= (table.length >> 1) * MAX_LOAD) return table;
  const grown = new Uint32Array(table.length * 2);
  const mask = grown.length - 2;
  for (let slot = 0; slot < table.length; slot += 2) {
    if (table[slot + 1] === FREE) continue;
    const hash = table[slot]!;
    let at = (hash << 1) & mask;
    while (grown[at + 1] !== FREE) at = (at + 2) & mask;
    grown[at] = hash;
    grown[at + 1] = table[slot + 1]!;
  }
  return grown;
}
