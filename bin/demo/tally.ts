/**
 * Counts what a client has really heard of numbers that were published without a hole: what came after a return, and what never came.
 */
import type { Topic } from '../../push/index.ts';

/** Of one return. */
export interface Count {
  /** Missed at first, and heard after the return. */
  caughtUp: number;
  /** Holes in the numbers. */
  lost: number;
  /** Heard more than once. */
  twice: number;
  /** Told by the topic. */
  gaps: number;
}

const nothing: Count = { caughtUp: 0, lost: 0, twice: 0, gaps: 0 };

/** As far as it is counted. */
export interface Tally {
  /** The highest number that was heard; undefined: none was. */
  readonly last: number | undefined;
  /** Of the return under way, or of what goes on since. */
  readonly count: Count;
}

/** @param tell hears of each return, as soon as something new is heard after it: only then does a hole at its end show */
export function tally(topic: Topic, tell: (count: Count) => void): Tally {
  let phase: 'beginning' | 'listening' | 'returned' = 'beginning';
  let last: number | undefined;
  let count = { ...nothing };
  topic.on('message', (data, { replayed }) => {
    const number = Number(data);
    if (last !== undefined && number <= last) count.twice += 1;
    else if (last !== undefined) count.lost += number - last - 1;
    last = Math.max(number, last ?? 0);
    if (replayed) {
      count.caughtUp += 1;
    } else if (phase === 'returned') {
      phase = 'listening';
      tell(count);
      count = { ...nothing };
    }
  });
  topic.on('gap', () => (count.gaps += 1));
  topic.on('caught-up', () => (phase = phase === 'beginning' ? 'listening' : 'returned'));
  return {
    get last() {
      return last;
    },
    get count() {
      return count;
    },
  };
}

/** For people: `12 caught up, 0 lost`. */
export function summary({ caughtUp, lost, twice, gaps }: Count): string {
  const more = [twice > 0 && `${twice} heard twice`, gaps > 0 && `${gaps} told as a gap`].filter(Boolean);
  return [`${caughtUp} caught up, ${lost} lost`, ...more].join(', ');
}
