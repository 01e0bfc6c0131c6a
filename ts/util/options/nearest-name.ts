// The name that a misspelt one was probably meant to be.

/** Longest name that is compared, in characters: the work grows with the square, and all our names are shorter. */
const MAX_NAME_CHARS = 64;

/** Slips per character of the name that still make a misspelling of it. */
const SLIPS_PER_CHARACTER = 0.4;

/**
 * The most similar of some names; undefined when none is similar.
 *
 * A slip is a letter too many, too few, or wrong, or two that changed places; upper and lower case are alike.
 *
 * @param name - The misspelt name. @param names - The valid names; of equally similar ones the first is returned.
 * @param slipsPerCharacter - Most slips, for each character of the longer name.
 */
export function nearestName(
  name: string,
  names: Iterable<string>,
  slipsPerCharacter: number = SLIPS_PER_CHARACTER,
): string | undefined {
  if (name.length > MAX_NAME_CHARS) return undefined;
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const candidate of names) {
    const slips = countSlips(name.toLowerCase(), candidate.toLowerCase());
    if (slips >= fewest || slips > Math.max(name.length, candidate.length) * slipsPerCharacter) continue;
    nearest = candidate;
    fewest = slips;
  }
  return nearest;
}

/** The distance of Damerau and Levenshtein, without editing a place twice. */
function countSlips(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      let slips = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1));
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (isSwap) slips = Math.min(slips, beforeLast[column - 2]! + 1);
      current.push(slips);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
