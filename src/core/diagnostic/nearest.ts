const MOST_COMPARED = 64;

/**
 * Gives the candidate that a person most likely meant, or undefined when none is near: equal but for letter case, else
 * at most a third of the characters changed. Texts of more than 64 characters are only compared without letter case.
 */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  const lower = text.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.min(Math.floor(text.length / 3), 4) + 1;
  for (const candidate of candidates) {
    if (candidate === text) continue;
    const candidateLower = candidate.toLowerCase();
    if (candidateLower === lower) return candidate;
    if (text.length > MOST_COMPARED || candidate.length > MOST_COMPARED) continue;
    // Each letter more is an edit more.
    if (Math.abs(text.length - candidate.length) >= bestDistance) continue;
    const distance = editDistance(lower, candidateLower);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein's distance with neighbouring letters swapped as one edit (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const cost = left[row - 1] === right[column - 1] ? 0 : 1;
      let distance = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + cost);
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      }
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, right.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
