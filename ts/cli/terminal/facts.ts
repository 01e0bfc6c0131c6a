// Lines of facts, such as those of a running crawl: they break between two facts where the screen ends.

/** Between two facts of a line. */
const BETWEEN_FACTS = ' · ';

/** Breaks a line of facts so that each part fits. @param columns - Width of the screen; 0 for no limit. */
export function breakFacts(line: string, columns: number): string[] {
  if (columns === 0) return [line];
  const lines: string[] = [];
  for (const fact of line.split(BETWEEN_FACTS)) {
    const longer = lines.length === 0 ? fact : `${lines.at(-1)!}${BETWEEN_FACTS}${fact}`;
    if (lines.length > 0 && longer.length > columns) lines.push(fact);
    else lines.splice(-1, 1, longer);
  }
  return lines;
}
