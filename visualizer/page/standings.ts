/**
 * How machines are doing, each in a line, and in which order they are worth a look. Plain data; no signals here.
 *
 * The order is that of trouble, and of the same trouble the longest is first. It stays as it is while somebody is about to press something in it.
 */
import { type LifeStory, type Turn, wordOf, isConnection } from './life.ts';
import { namesOf } from './names.ts';
import { type Machine } from './store.ts';
import { type Tone, toneOf } from './tone.ts';

export interface Standing {
  readonly machine: Machine;
  readonly name: string;
  readonly isConnection: boolean;
  /** What it is doing, as people know it. */
  readonly word: string;
  readonly tone: Tone;
  readonly rank: Rank;
  /** Epoch ms. */
  readonly since: number;
  /** The time as of which that is so, epoch ms: now, or when it was heard of last. */
  readonly at: number;
  /** Why it is there, and at which attempt. */
  readonly cause: string;
}

/** The worst first. */
export const ranks = ['lost', 'reconnecting', 'connecting', 'stale', 'dialling', 'alive', 'over'] as const;
export type Rank = (typeof ranks)[number];

/** In which something is wrong. */
export const troubles: ReadonlySet<Rank> = new Set(['lost', 'reconnecting', 'connecting', 'stale']);

export function standingsOf(machines: readonly Machine[], now: number): Standing[] {
  const names = namesOf(machines);
  return machines.map((machine) => standingOf(machine, names.get(machine.key) ?? machine.life.name, now));
}

function standingOf(machine: Machine, name: string, now: number): Standing {
  const { life, source, lostAt } = machine;
  const isOne = isConnection(life);
  const { word, isOutage } = life.turns.at(-1)!;
  const ended = life.isOver ? life.last.at : undefined;
  const about = { machine, name, isConnection: isOne, cause: isOne ? causeOf(life, isOutage) : '' };
  if (ended !== undefined)
    return { ...about, word: isOne ? 'closed' : 'ended', tone: 'over', rank: 'over', since: ended, at: now };
  const is = isOne ? word : wordOf(life.latest.value);
  if (lostAt !== undefined) {
    return { ...about, word: 'source lost', cause: `was ${is}`, tone: 'dead', rank: 'lost', since: lostAt, at: now };
  }
  // A recording's now is where it ends.
  const at = source.hearing === undefined ? life.last.at : now;
  const rank = isOne ? rankOf(word, isOutage) : 'alive';
  return { ...about, word: is, tone: toneOf(word, isOutage), rank, since: sinceOf(life), at };
}

/** All dials of an outage, and what lies between them, are one time. */
function sinceOf({ turns }: LifeStory): number {
  const isOut = ({ word, isOutage }: Turn) => toneOf(word, isOutage) === 'dead';
  const last = turns.at(-1)!;
  if (!isOut(last)) return last.at;
  return turns[turns.findLastIndex((turn) => !isOut(turn)) + 1]!.at;
}

const rankOfTone: Readonly<Record<Tone, Rank>> = {
  dead: 'reconnecting',
  doubt: 'stale',
  dialling: 'dialling',
  alive: 'alive',
  over: 'over',
};

function rankOf(word: string, isOutage: boolean): Rank {
  const rank = rankOfTone[toneOf(word, false)];
  return rank === 'dialling' && isOutage ? 'connecting' : rank;
}

/** What it waits for is seen when it is opened. */
function causeOf({ latest, isOver }: LifeStory, isOutage: boolean): string {
  const { cause, attempt } = (latest.context ?? {}) as { cause?: unknown; attempt?: unknown };
  const why = typeof cause === 'string' ? [cause] : [];
  if (isOutage && !isOver && typeof attempt === 'number' && attempt > 1) why.push(`attempt ${attempt}`);
  return why.join(', ');
}

/** What all of them are called together. */
export function titleOf(machines: readonly Machine[]): string {
  const connections = machines.filter(({ life }) => isConnection(life)).length;
  return connections === 0 ? `All machines (${machines.length})` : `All connections (${connections})`;
}

/** Connections first; then the worst; of these the longest; of these those that came first. */
export function sorted(standings: readonly Standing[]): Standing[] {
  return standings.toSorted(
    (a, b) =>
      Number(b.isConnection) - Number(a.isConnection) ||
      ranks.indexOf(a.rank) - ranks.indexOf(b.rank) ||
      // What is over is looked for from its end.
      (a.rank === 'over' ? b.since - a.since : a.since - b.since),
  );
}

/** As they stood before; those that have come meanwhile are behind the others of their kind. */
export function keptInOrder(standings: readonly Standing[], order: readonly string[]): Standing[] {
  const places = new Map(order.map((key, place) => [key, place]));
  const placeOf = ({ machine }: Standing) => places.get(machine.key) ?? Infinity;
  return standings.toSorted(
    (a, b) =>
      Number(b.isConnection) - Number(a.isConnection) || (placeOf(a) === placeOf(b) ? 0 : placeOf(a) - placeOf(b)),
  );
}

/** All words are in it: in its name, its source, its state, its cause. */
export function isSought({ machine, name, word, cause, rank }: Standing, sought: string): boolean {
  const text = `${name} ${machine.source.name} ${word} ${cause} ${troubles.has(rank) ? 'trouble' : ''}`.toLowerCase();
  return sought
    .toLowerCase()
    .split(/\s+/)
    .every((each) => text.includes(each));
}

/** Such as `3 in trouble`, the worst first; of what there is none of nothing is said. */
export function countsOf(standings: readonly Standing[]): { count: number; what: string; tone: Tone }[] {
  const counted = (is: (rank: Rank) => boolean) => standings.filter(({ rank }) => is(rank)).length;
  return [
    { count: counted((rank) => troubles.has(rank)), what: 'in trouble', tone: 'dead' as const },
    { count: counted((rank) => rank === 'dialling'), what: 'dialling', tone: 'dialling' as const },
    { count: counted((rank) => rank === 'alive'), what: 'alive', tone: 'alive' as const },
    { count: counted((rank) => rank === 'over'), what: 'closed', tone: 'over' as const },
  ].filter(({ count }) => count > 0);
}
