// Short forms of IPv4 addresses, which are names here and addresses to every resolver: `127.1` is 127.0.0.1.

/** Two or three decimal numbers, and perhaps a port. */
const SHORT_FORM = /^(\d{1,3})\.(?:(\d{1,3})\.)?(\d{1,8})(:\d+)?$/;

/**
 * A short form written out with all four numbers; any other text unchanged. (inet_aton(3); hexadecimal and octal are left
 * alone)
 */
export function spelledOut(text: string): string {
  const match = SHORT_FORM.exec(text);
  if (match === null) return text;
  const [, first, second, rest, port = ''] = match;
  const value = Number(rest);
  const tail = second === undefined ? [value >>> 16, (value >>> 8) & 0xff] : [Number(second), value >>> 8];
  return `${[Number(first), ...tail, value & 0xff].join('.')}${port}`;
}
