/**
 * What is told of the topics of trusted push: few numbers each. Their names are the app's, which may hold a user's: plain words are shown, others by their
 * length.
 *
 * Who hears a topic is not asked what it is: the app's systole may be another copy, older or newer than this one.
 */
import type { TopicTold } from '../entry.ts';
import { isCount } from './bounds.ts';
import { hidden } from './plain.ts';

/** Topics of a connection that are told one by one; the others are one line. */
const mostTopics = 100;

/** From the best to the worst. */
const states = ['live', 'loading', 'behind', 'asking'] as const;

/** Undefined: there are none here, or nobody knows. */
export function topicsTold(line: { readonly topics?: unknown }): TopicTold[] | undefined {
  try {
    const { topics } = line;
    if (!Array.isArray(topics) || topics.length === 0) return undefined;
    return bounded([...byName(topics).values()]);
  } catch {
    return undefined;
  }
}

/** Of several listeners of one topic, the worst that is known of any. */
function byName(reports: readonly unknown[]): Map<string, TopicTold> {
  const told = new Map<string, TopicTold>();
  for (const each of reports) {
    const report = reportIn(each);
    if (report === undefined) continue;
    const other = told.get(report.name);
    told.set(report.name, other === undefined ? report : worst(report, other));
  }
  for (const [name, report] of told) told.set(name, { ...report, name: wordOf(name) });
  return told;
}

function bounded(topics: TopicTold[]): TopicTold[] | undefined {
  const [first, ...others] = topics.slice(mostTopics);
  const some = topics.slice(0, mostTopics);
  if (first === undefined) return topics.length === 0 ? undefined : some;
  return [...some, { ...others.reduce(worst, first), at: null, name: `… and ${others.length + 1} more` }];
}

function worst(one: TopicTold, other: TopicTold): TopicTold {
  return {
    name: one.name,
    state: states[Math.max(states.indexOf(one.state), states.indexOf(other.state))]!,
    at: one.at === null || other.at === null ? null : Math.min(one.at, other.at),
    caughtUp: Math.max(one.caughtUp, other.caughtUp),
    lost: one.lost === null || other.lost === null ? null : Math.max(one.lost, other.lost),
    gaps: Math.max(one.gaps, other.gaps),
  };
}

/** Undefined: it is none. */
function reportIn(value: unknown): TopicTold | undefined {
  const { name, state, at, caughtUp, lost, gaps } = (value ?? {}) as Record<string, unknown>;
  const known = states.find((each) => each === state);
  if (typeof name !== 'string' || known === undefined) return undefined;
  return {
    name,
    state: known,
    at: countIn(at) ?? null,
    caughtUp: countIn(caughtUp) ?? 0,
    lost: countIn(lost) ?? null,
    gaps: countIn(gaps) ?? 0,
  };
}

export function countIn(value: unknown): number | undefined {
  return isCount(value) ? value : undefined;
}

/** What people write who program, and hardly a token, nor whose topic it is. */
function wordOf(name: string): string {
  return /^[a-z][a-z.:/_-]{0,39}$/i.test(name) ? name : hidden(name);
}
