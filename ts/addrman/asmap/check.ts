// Checks that lookups in a map cannot fail, whatever the address. Maps come from others; a faulty one is refused before use.
// (Bitcoin Core src/util/asmap.cpp, SanityCheckAsmap)

import { DEFAULT, INVALID, JUMP, MATCH, MAX_MAP_BYTES, ProgramReader, RETURN, patternBits } from './program.ts';

/** Bits of every address that is looked up. */
export const ADDRESS_BITS = 128;

/** Most bits that may follow the last instruction, to fill its byte; all zero. */
const MAX_PADDING_BITS = 7;

/** A MATCH of fewer bits may stand only once in a row of them: it could be merged with its neighbour. */
const FULL_MATCH_BITS = 8;

/** A jump whose target has not been reached, and how many address bits are left there. */
interface PendingJump {
  readonly target: number;
  readonly bitsLeft: number;
}

/**
 * Why a program is not sound; undefined when it is.
 *
 * Every instruction is visited once, in the order it is written. Jumps must nest, every part must be reachable, and no
 * path may use more than `ADDRESS_BITS` address bits.
 */
export function findFault(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_MAP_BYTES) return `larger than ${MAX_MAP_BYTES} bytes`;
  const reader = new ProgramReader(bytes);
  const jumps: PendingJump[] = [];
  let bitsLeft = ADDRESS_BITS;
  let previous = JUMP;
  let hasShortMatch = false;
  for (;;) {
    const innermost = jumps.at(-1);
    if (innermost !== undefined && reader.position >= innermost.target) return 'a jump into an instruction';
    const instruction = reader.readInstruction();
    if (instruction === INVALID) return 'ends without an answer';
    if (instruction === RETURN) {
      if (previous === DEFAULT) return 'a default that is never used';
      if (reader.readAsNumber() === INVALID) return 'an AS number is cut off';
      if (innermost === undefined) return findPaddingFault(reader);
      if (reader.position !== innermost.target) return 'a part that cannot be reached';
      jumps.pop();
      bitsLeft = innermost.bitsLeft;
      previous = JUMP;
      continue;
    }
    if (instruction === JUMP) {
      const distance = reader.readDistance();
      if (distance === INVALID) return 'a jump is cut off';
      if (distance > reader.remainingBits) return 'a jump beyond the end';
      if (bitsLeft === 0) return 'more address bits used than there are';
      bitsLeft--;
      const target = reader.position + distance;
      if (innermost !== undefined && target >= innermost.target) return 'jumps that cross';
      jumps.push({ target, bitsLeft });
    } else if (instruction === MATCH) {
      const pattern = reader.readPattern();
      if (pattern === INVALID) return 'a pattern is cut off';
      const bits = patternBits(pattern);
      if (previous !== MATCH) hasShortMatch = false;
      if (bits < FULL_MATCH_BITS && hasShortMatch) return 'two short matches in a row';
      hasShortMatch ||= bits < FULL_MATCH_BITS;
      if (bitsLeft < bits) return 'more address bits used than there are';
      bitsLeft -= bits;
    } else {
      if (previous === DEFAULT) return 'a default that is never used';
      if (reader.readAsNumber() === INVALID) return 'an AS number is cut off';
    }
    previous = instruction;
  }
}

function findPaddingFault(reader: ProgramReader): string | undefined {
  if (reader.remainingBits > MAX_PADDING_BITS) return 'bytes behind the end';
  while (reader.remainingBits > 0) if (reader.readBit() !== 0) return 'set bits behind the end';
  return undefined;
}
