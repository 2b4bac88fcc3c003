/**
 * Which of our words somebody may have meant. What was typed is repeated nowhere: it may be a URL with a token, in the wrong place.
 */

/** For a sentence: the words that there are, and the nearest one. */
export function oneOf(words: readonly string[], typed: string): string {
  return `must be one of ${words.join(', ')}${didYouMean(words, typed)}`;
}

/** The end of a sentence; '' where nothing is near. */
export function didYouMean(words: readonly string[], typed: string, prefix = ''): string {
  const word = nearest(words, typed);
  return word === undefined ? '' : `; did you mean ${prefix}${word}?`;
}

/** Within one mistake for three letters, or of which it is the beginning. Undefined: none is. */
export function nearest(words: readonly string[], typed: string): string | undefined {
  // Longer ones are something else, and would take their time.
  if (typed.length < 2 || typed.length > 40) return undefined;
  const [best] = words
    .map((word) => ({ word, distance: distance(word, typed.toLowerCase()) }))
    .filter(({ word, distance: off }) => off <= word.length / 3)
    .toSorted((a, b) => a.distance - b.distance);
  return best?.word ?? words.find((word) => word.startsWith(typed));
}

/** Letters that are missing, too many, wrong, or in the wrong order. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const wrong = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2]![j - 2]! + 1 : Infinity;
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, wrong, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
