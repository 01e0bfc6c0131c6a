// IPv4 and IPv6 addresses as text.
//
// Reading is strict: dotted quad without leading zeros (the octal, hexadecimal and short forms that some resolvers
// take mean different addresses to different programs), and RFC 4291 section 2.2 for IPv6. Writing follows RFC 5952.
// Scope ids, brackets and ports belong to the callers.

const DOTTED_QUAD = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const HEX_GROUP = /^[0-9a-f]{1,4}$/i;

/** Reads a dotted quad into four bytes. */
export function parseIPv4(text: string): Uint8Array | undefined {
  const match = DOTTED_QUAD.exec(text);
  if (match === null) return undefined;
  const octets = match.slice(1).map(Number);
  return octets.every((octet) => octet <= 255) ? Uint8Array.from(octets) : undefined;
}

/** Reads an IPv6 address, without scope id, into sixteen bytes. */
export function parseIPv6(text: string): Uint8Array | undefined {
  const [head, tail, ...more] = text.split('::');
  if (head === undefined || more.length > 0) return undefined;
  if (tail === undefined) {
    const bytes = parseGroups(head, true);
    return bytes?.length === 16 ? Uint8Array.from(bytes) : undefined;
  }
  const before = parseGroups(head, false);
  const after = parseGroups(tail, true);
  // The double colon stands for at least one group.
  if (before === undefined || after === undefined || before.length + after.length > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(before, 0);
  bytes.set(after, 16 - after.length);
  return bytes;
}

/** Reads groups between single colons; the last may be a dotted quad where the address ends with it. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (HEX_GROUP.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      const quad = isEnd && index === groups.length - 1 ? parseIPv4(group) : undefined;
      if (quad === undefined) return undefined;
      bytes.push(...quad);
    }
  }
  return bytes;
}

/** Four bytes as a dotted quad. */
export function formatIPv4(bytes: Uint8Array): string {
  return bytes.join('.');
}

/** Sixteen bytes in the form of RFC 5952: lower case, the first longest run of two or more zero groups as `::`. */
export function formatIPv6(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2));
  const gap = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (gap.length < 2) return hex.join(':');
  return `${hex.slice(0, gap.start).join(':')}::${hex.slice(gap.start + gap.length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  }
  return longest;
}
