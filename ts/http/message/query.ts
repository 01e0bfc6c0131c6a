// The query of a request target.

/**
 * The value of a parameter in the query of a target: between the first `?` and the first `#`.
 *
 * Name and values are percent-decoded as UTF-8; a `%` without two hex digits stays as it is. The first of several counts.
 *
 * @returns The empty string for a parameter without `=`; undefined when there is none of that name.
 */
export function queryParameter(target: string, name: string): string | undefined {
  const start = target.indexOf('?');
  if (start === -1) return undefined;
  const end = target.indexOf('#', start);
  for (const part of target.slice(start + 1, end === -1 ? undefined : end).split('&')) {
    const equals = part.indexOf('=');
    const key = equals === -1 ? part : part.slice(0, equals);
    if (percentDecoded(key) === name) return equals === -1 ? '' : percentDecoded(part.slice(equals + 1));
  }
  return undefined;
}

/** Text whose `%XX` are read as bytes of UTF-8. */
function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
