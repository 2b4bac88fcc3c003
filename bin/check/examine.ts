/** Examines a server: sends clients to it, and judges by what they have seen. */
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import type { Protocol } from '../../adapters/protocols/protocol.ts';
import { meaningOf } from '../meanings.ts';
import { fateOf, isRefused } from './evidence.ts';
import { type Finding, judges, type Verdict } from './judges.ts';
import { remedyOf, type RuleName, rules, rulesOf } from './rules.ts';
import { type Stand, targetOf } from './stand.ts';
import { limitOf, type Plan, type Seen, Visits } from './visits.ts';

/** What is left out is as usual. */
export type PlanOptions = { [Part in keyof Plan]?: Plan[Part] | undefined };

export interface ExamineOptions extends PlanOptions {
  /** Default `idHeartbeat()`. */
  protocol?: Protocol;
  subprotocols?: readonly string[];
  upgrade?: Stand['upgrade'];
  signal?: AbortSignal;
  /** Told what is being done. */
  onProgress?: (what: string) => void;
}

export interface Row {
  readonly rule: RuleName;
  readonly title: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** Where it is broken: what was said. */
  readonly transcript: readonly string[];
  /** Where it is broken: what to do. */
  readonly remedy: string;
}

export interface Report {
  readonly rows: readonly Row[];
  readonly broken: readonly RuleName[];
  /** Why nothing could be looked at. */
  readonly unreachable?: string;
  /** Ms that it took. */
  readonly took: number;
  /** Connections that were made. */
  readonly connections: number;
  /** For who wants to know more. */
  readonly seen: Seen;
}

/** Ms of silence that leave the whole within a minute. */
const usualIdle = 50_000;

export function planOf(given: PlanOptions): Plan {
  const { idle, silence, flood = 2_000, halfOpen = 8 } = given;
  return {
    // Who is let go after so long is not to be silent for longer.
    idle: idle ?? Math.min(usualIdle, (silence ?? Infinity) * 0.6),
    silence,
    // Undefined says that nothing is to be said.
    message: 'message' in given ? given.message : 'systole check',
    flood,
    halfOpen,
  };
}

/** It never rejects for what a server does. */
export async function examine(url: string, options: ExamineOptions = {}): Promise<Report> {
  const { protocol = idHeartbeat(), subprotocols = [], upgrade = {}, onProgress = () => {} } = options;
  const begun = performance.now();
  const plan = planOf(options);
  const ending = new AbortController();
  const end = () => ending.abort();
  const late = setTimeout(end, limitOf(plan));
  options.signal?.addEventListener('abort', end, { once: true });
  if (options.signal?.aborted) end();
  const stand: Stand = {
    url,
    target: targetOf(url),
    protocol,
    subprotocols: [...subprotocols, ...(protocol.subprotocols ?? [])],
    upgrade,
    signal: ending.signal,
    now: () => performance.now() - begun,
  };
  const seen = await new Visits(stand, plan, onProgress).make();
  clearTimeout(late);
  options.signal?.removeEventListener('abort', end);
  const { first, all } = seen;
  const rows = first.openedAt === undefined ? [] : rowsOf(seen, protocol);
  return {
    rows,
    broken: rows.filter(({ verdict }) => verdict === 'broken').map(({ rule }) => rule),
    ...(first.openedAt === undefined && { unreachable: whyNot(stand, first.refusal) }),
    took: stand.now(),
    connections: all.length + (seen.walked?.connections ?? 0),
    seen,
  };
}

const echo: Finding = { verdict: 'open', detail: 'a path failed; mend first what is told above' };

function rowsOf(seen: Seen, protocol: Protocol): Row[] {
  const findings = rulesOf(protocol).map((rule) => ({ rule, finding: unlessGone(rule, judges[rule](seen), seen) }));
  const isBroken = findings.some(({ rule, finding }) => rule !== 'M1' && finding.verdict === 'broken');
  return findings.map(({ rule, finding }) => {
    // A path that fails for what is told above says nothing new.
    const isEcho = rule === 'M1' && finding.verdict === 'broken' && isBroken;
    return rowOf(rule, isEcho ? echo : finding, seen, protocol);
  });
}

/** A server that is no longer there seems to break much, and to let everybody go. */
function unlessGone(rule: RuleName, finding: Finding, { last }: Seen): Finding {
  if (last === undefined || last.openedAt !== undefined || isRefused(last)) return finding;
  if (rule === 'L1')
    return {
      verdict: 'broken',
      detail: `it was there, and is gone: ${fateOf(last)}`,
      visitors: [last],
      remedy: goneRemedy,
    };
  return finding.verdict === 'held' && rule !== 'L4' ? finding : { verdict: 'open', detail: 'the server is gone' };
}

const goneRemedy =
  'It has ended, or no longer listens: look into its log. Whether the check has brought it about, a second one tells.';

function rowOf(rule: RuleName, finding: Finding, { walked }: Seen, protocol: Protocol): Row {
  const { verdict, detail, visitors = [] } = finding;
  const { title } = rules[rule];
  const remedy = finding.remedy ?? remedyOf(rule, protocol);
  if (verdict !== 'broken') return { rule, title, verdict, detail, transcript: [], remedy: '' };
  const transcript =
    rule === 'M1'
      ? (walked?.failure ?? '').split('\n')
      : visitors.flatMap((visitor, i) => [...(i > 0 ? [''] : []), ...visitor.transcript.lines]);
  return { rule, title, verdict, detail, transcript, remedy };
}

function whyNot({ url, pointsTo }: Stand, refusal = 'nothing came back'): string {
  const meaning = meaningOf(refusal, { url, pointsTo });
  return meaning === undefined ? refusal : `${refusal}: ${meaning}`;
}
