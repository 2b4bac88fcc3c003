/**
 * The session of this visit, and the outage before it: a slice of the machine's context, and all that is done with it. Pure.
 */
import type { Line, Report } from './events.ts';

export interface SessionRecord {
  /** Monotonic ms; undefined while this visit's session has no name. */
  readonly namedAt: number | undefined;
  /** Its longest round trip, ms. */
  readonly slowest: number;
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

export const noSession: SessionRecord = { namedAt: undefined, slowest: 0, outage: undefined };

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

export function answered({ session }: SessionView, roundTripTime = 0): SessionRecord {
  return roundTripTime > session.slowest ? { ...session, slowest: roundTripTime } : session;
}

/** The line is left for good. Of a visit without a session nothing is noted. */
export function ended({ session: { namedAt, outage }, line, attempt }: SessionView): SessionRecord {
  return { ...noSession, outage: namedAt === undefined ? outage : { since: line.now(), dials: attempt } };
}
