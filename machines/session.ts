/**
 * The session of this visit, and the outage before it: a slice of the machine's context, and all that is done with it. Pure.
 */
import type { Line, Report } from './events.ts';

export interface SessionRecord {
  /** Monotonic ms; undefined while this visit's session has no name. */
  readonly namedAt: number | undefined;
  /** Its longest round trip, ms. */
  readonly slowest: number;
  /** Sessions in a row that were given up as silent without one sign of life when asked. */
  readonly unanswered: number;
  /** When the last one was lost, monotonic ms, and how many dials there had been by then. Undefined until one was. */
  readonly outage: { readonly since: number; readonly dials: number } | undefined;
}

/** What of the context is looked at. */
interface SessionView {
  readonly session: SessionRecord;
  readonly line: Line;
  /** Dials since the line was last stable. */
  readonly attempt: number;
  readonly id: string | undefined;
}

export const noSession: SessionRecord = { namedAt: undefined, slowest: 0, unanswered: 0, outage: undefined };

export function begun({ session, line }: SessionView): SessionRecord {
  return { ...session, namedAt: line.now() };
}

/** That it has begun, as users are told. */
export function reportOfBeginning(
  { session: { outage }, line, attempt, id: previousId }: SessionView,
  id?: string,
): Report {
  if (outage === undefined) return { type: 'open', id };
  const downFor = Math.round(line.now() - outage.since);
  return { type: 'restored', id, previousId, downFor, attempts: Math.max(1, attempt - outage.dials) };
}

/** It is given up. What was heard when it was asked has set the count back. */
export function givenUp({ session }: Pick<SessionView, 'session'>): SessionRecord {
  return { ...session, unanswered: session.unanswered + 1 };
}

/** It was asked, and something came. */
export function answered({ session }: Pick<SessionView, 'session'>, roundTripTime = 0): SessionRecord {
  return { ...session, unanswered: 0, slowest: Math.max(roundTripTime, session.slowest) };
}

/** The line is left for good. Of a visit without a session nothing is noted. */
export function ended({ session, line, attempt }: SessionView): SessionRecord {
  const { namedAt, outage, unanswered } = session;
  return { ...noSession, unanswered, outage: namedAt === undefined ? outage : { since: line.now(), dials: attempt } };
}

/** Ms for which there has been no session, after one that lived; Infinity where none did. */
export function absentFor({ session: { outage }, line }: Pick<SessionView, 'session' | 'line'>): number {
  return outage === undefined ? Infinity : line.now() - outage.since;
}
