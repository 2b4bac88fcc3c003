/** Of what is in the order of time, what was the case at a time is found by halves. */

interface InTime {
  /** Epoch ms. */
  readonly at: number;
}

/** The index of the last that is not later than a time; -1: there is none. */
export function indexAt(list: readonly InTime[], time: number): number {
  let from = -1;
  let to = list.length - 1;
  while (from < to) {
    const middle = Math.ceil((from + to) / 2);
    if (list[middle]!.at <= time) from = middle;
    else to = middle - 1;
  }
  return from;
}

export function lastAt<T extends InTime>(list: readonly T[], time: number): T | undefined {
  return list[indexAt(list, time)];
}
