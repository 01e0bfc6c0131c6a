// Makes an AS map of a given size: every IPv4 prefix of one length belongs to a system of its own. The format is that of
// ts/addrman/asmap/program.ts.

const RETURN = [0];
const JUMP = [1, 0];
const MATCH = [1, 1, 0];

const range = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => first + index);
const AS_NUMBER = { min: 1, widths: range(15, 24) };
const PATTERN = { min: 2, widths: range(1, 8) };
const DISTANCE = { min: 17, widths: range(5, 30) };

/** @param {number} value @param {{ min: number, widths: number[] }} code @returns {number[]} Bits. */
function encode(value, { min, widths }) {
  const bits = [];
  let offset = value - min;
  let index = 0;
  for (; offset >= 2 ** widths[index]; index++) {
    offset -= 2 ** widths[index];
    bits.push(1);
  }
  if (index < widths.length - 1) bits.push(0);
  for (let bit = widths[index] - 1; bit >= 0; bit--) bits.push((offset >>> bit) & 1);
  return bits;
}

/**
 * Bits that each subtree takes, level by level from the leaves: a jump over one half must be written before that half.
 * @param {number} depth
 */
function subtreeSizes(depth) {
  const leaves = Array.from({ length: 2 ** depth }, (_, index) => RETURN.length + encode(index + 1, AS_NUMBER).length);
  const levels = [leaves];
  for (let level = 1; level <= depth; level++) {
    const below = levels[level - 1];
    levels.push(
      Array.from({ length: below.length / 2 }, (_, index) => {
        const [zero, one] = [below[2 * index], below[2 * index + 1]];
        return JUMP.length + encode(zero, DISTANCE).length + zero + one;
      }),
    );
  }
  return levels;
}

/** @param {number} prefixBits - 19 make 2 MB. @returns {Uint8Array} */
export function makeAsMap(prefixBits) {
  const sizes = subtreeSizes(prefixBits);
  const prefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff].flatMap((byte) => [
    ...MATCH,
    ...encode(0x100 | byte, PATTERN),
  ]);
  const bytes = new Uint8Array(Math.ceil((prefix.length + sizes[prefixBits][0]) / 8));
  let position = 0;
  const write = (bits) => {
    for (const bit of bits) bytes[position >>> 3] |= bit << (position++ & 7);
  };
  const writeTrie = (level, index) => {
    if (level === 0) {
      write([...RETURN, ...encode(index + 1, AS_NUMBER)]);
      return;
    }
    write([...JUMP, ...encode(sizes[level - 1][2 * index], DISTANCE)]);
    writeTrie(level - 1, 2 * index);
    writeTrie(level - 1, 2 * index + 1);
  };
  write(prefix);
  writeTrie(prefixBits, 0);
  return bytes;
}
