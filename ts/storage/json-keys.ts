// Checks that JSON.parse does not make: whether a key occurs twice. RFC 8259 leaves the meaning open; two programs that read
// one file must agree.

/**
 * The first key that occurs twice in the outermost object; undefined if none does.
 *
 * @param text - Text that `JSON.parse` takes.
 */
export function findDuplicateRootKey(text: string): string | undefined {
  const keys = new Set<string>();
  let depth = 0;
  let lastString = '';
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === '"') {
      const end = endOfString(text, index);
      lastString = text.slice(index, end);
      index = end - 1;
    } else if (char === ':' && depth === 1) {
      // Two spellings of one key, by escapes, are one key.
      const key = JSON.parse(lastString) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/**
 * Whether brackets are nested deeper than `maxDepth`. For text that was not parsed yet, or cannot be.
 *
 * A text of nothing but brackets takes forty times its length in memory once it is parsed.
 */
export function isNestedDeeper(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === '"') index = endOfString(text, index) - 1;
    if (depth > maxDepth) return true;
  }
  return false;
}

/** The end of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index + 1;
}
