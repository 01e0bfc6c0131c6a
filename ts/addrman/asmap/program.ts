// The instructions of an AS map: a binary trie over address bits, written as a bit-packed program.
//
// | instruction | code | argument | effect |
// |---|---|---|---|
// | RETURN | `0` | AS number | the answer |
// | JUMP | `10` | distance | next address bit 1: skip that many bits of program |
// | MATCH | `110` | pattern | next address bits differ from the pattern: the answer is the default |
// | DEFAULT | `111` | AS number | what the default is from here on |
//
// Program bits are taken from each byte lowest first, address bits highest first. A number comes in one of several
// classes of rising width: one-bits up to its class, a zero-bit unless the class is the last, then the offset in the
// class, highest bit first. (Bitcoin Core src/util/asmap.cpp)

/** What a number or instruction that runs out of program reads as. */
export const INVALID = -1;

export const RETURN = 0;
export const JUMP = 1;
export const MATCH = 2;
export const DEFAULT = 3;

/** Smallest value and width of each class, in bits. */
interface NumberCode {
  readonly min: number;
  readonly widths: readonly number[];
}

const INSTRUCTION_CODE: NumberCode = { min: RETURN, widths: [0, 0, 1] };
const AS_NUMBER_CODE: NumberCode = { min: 1, widths: [15, 16, 17, 18, 19, 20, 21, 22, 23, 24] };
const PATTERN_CODE: NumberCode = { min: 2, widths: [1, 2, 3, 4, 5, 6, 7, 8] };
const DISTANCE_CODE: NumberCode = { min: 17, widths: Array.from({ length: 26 }, (_, index) => 5 + index) };

/** Largest map, in bytes: eighty times that of Bitcoin Core 31. Its bits can be counted in 31 bits, and so can every value. */
export const MAX_MAP_BYTES = 128 * 1024 * 1024;

/** Reads a program from some bit on. What comes after `INVALID` means nothing. */
export class ProgramReader {
  readonly #bytes: Uint8Array;
  readonly #endBit: number;
  /** The next bit to read. */
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#endBit = bytes.length * 8;
  }

  /** Bits not yet read. */
  get remainingBits(): number {
    return this.#endBit - this.position;
  }

  /** RETURN, JUMP, MATCH, DEFAULT, or `INVALID`. */
  readInstruction(): number {
    return this.#read(INSTRUCTION_CODE);
  }

  /** The argument of RETURN and DEFAULT: 1 to about 2^25; or `INVALID`. */
  readAsNumber(): number {
    return this.#read(AS_NUMBER_CODE);
  }

  /** The argument of MATCH, 2 to 511: a one-bit that marks the length, and the pattern; or `INVALID`. */
  readPattern(): number {
    return this.#read(PATTERN_CODE);
  }

  /** The argument of JUMP, at least 17; or `INVALID`. */
  readDistance(): number {
    return this.#read(DISTANCE_CODE);
  }

  /** The next bit; it must be there. */
  readBit(): number {
    const bit = (this.#bytes[this.position >>> 3]! >>> (this.position & 7)) & 1;
    this.position++;
    return bit;
  }

  /** On locals, since a lookup reads hundreds of bits. */
  #read({ min, widths }: NumberCode): number {
    const bytes = this.#bytes;
    const endBit = this.#endBit;
    let position = this.position;
    let value = min;
    let index = 0;
    for (; index < widths.length - 1; index++) {
      if (position === endBit) return INVALID;
      const bit = (bytes[position >>> 3]! >>> (position & 7)) & 1;
      position++;
      if (bit === 0) break;
      value += 1 << widths[index]!;
    }
    const offsetEnd = position + widths[index]!;
    if (offsetEnd > endBit) return INVALID;
    let offset = 0;
    for (; position < offsetEnd; position++) offset = (offset << 1) | ((bytes[position >>> 3]! >>> (position & 7)) & 1);
    this.position = position;
    return value + offset;
  }
}

/** How many address bits a pattern is compared with. */
export function patternBits(pattern: number): number {
  return 31 - Math.clz32(pattern);
}
