// What JSON.parse does not tell: whether a key stands twice. RFC 8259 leaves open what that means; two programs that
// read one file must not take it for two things.

/**
 * The first key that stands twice in the outermost object; undefined when none does.
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
 * Whether brackets are nested deeper than `maxDepth`. For text that was not parsed yet, or is none that can be.
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

/** Where the string that begins at `start` is over. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index + 1;
}
