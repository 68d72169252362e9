/** Insertions, deletions and replacements that turn one word into another. */
export function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const present = [row];
    for (let column = 1; column <= to.length; column++) {
      const change = (above[column - 1] as number) + (from[row - 1] === to[column - 1] ? 0 : 1);
      present.push(Math.min(change, (above[column] as number) + 1, (present[column - 1] as number) + 1));
    }
    above = present;
  }
  return above[to.length] as number;
}

const MAX_LENGTH = 40;

/** What was probably meant; null when nothing is near enough to be more help than noise. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(word.slice(0, MAX_LENGTH), candidate);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best !== null && least <= Math.max(2, Math.floor(best.length / 2)) ? best : null;
}
