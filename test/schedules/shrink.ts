// Makes what fails short: pieces are taken out of a list for as long as it still fails without them. (Zeller's ddmin, with
// complements only.)

/**
 * The shortest list that `fails` still holds for, as far as taking out pieces leads there.
 *
 * @param items - A list for which it holds.
 * @param fails - Tried with ever shorter lists, one at a time.
 */
export async function shrinkList<Item>(
  items: readonly Item[],
  fails: (shorter: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  let shortest = items;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < shortest.length;) {
      const shorter = [...shortest.slice(0, at), ...shortest.slice(at + size)];
      // What follows moves up: the same place is tried again.
      if (await fails(shorter)) shortest = shorter;
      else at += size;
    }
  }
  return shortest;
}

/** As `shrinkList`, for each item: replaced by the first of its simpler forms with which the list still fails. */
export async function simplifyItems<Item>(
  items: readonly Item[],
  simplerForms: (item: Item) => readonly Item[],
  fails: (simpler: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  let simplest = items;
  for (let at = 0; at < simplest.length; at++) {
    for (const form of simplerForms(simplest[at]!)) {
      const simpler = simplest.with(at, form);
      if (!(await fails(simpler))) continue;
      simplest = simpler;
      break;
    }
  }
  return simplest;
}
