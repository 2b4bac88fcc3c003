/**
 * What happens to a connection, as one happening per transition, and each happening as one line: for people, or as JSON.
 */
import type { Cause, Connection, ConnectionEvents, State } from '../adapters/index.ts';
import { shortName } from '../adapters/short-name.ts';
import type { GapReason, Topic } from '../push/index.ts';
import { duration, type Paint, printable, type Style, unarmed } from './terminal.ts';

/** `at`: ms since the beginning. */
export type Happening = { at: number } & Tale;

type Tale =
  | StateChange
  /** A heartbeat was answered. */
  | { type: 'beat'; roundTripTime: number }
  | { type: 'message'; data: ConnectionEvents['message'] }
  | TopicTale
  | ({ type: 'warning' } & ConnectionEvents['warning']);

/** What is heard of a topic. */
type TopicTale = { topic: string } & (
  | { type: 'published'; place: number; replayed: boolean; data: ConnectionEvents['message'] }
  | { type: 'gap'; reason: GapReason; missed: number | undefined }
  | { type: 'caught-up'; cursor: string | undefined }
  | { type: 'refused'; code: string }
);

/** Durations in ms. What is undefined is not known, or does not apply. */
export interface StateChange {
  type: 'state';
  state: State;
  /** Undefined for the first one. */
  previous?: State;
  cause?: Cause;
  /** Of the end: the loss that it followed from. */
  after?: Cause;
  code?: number;
  reason?: string;
  wasClean?: boolean;
  nextDialIn?: number | undefined;
  /** Of names of sessions only the ends: `shortName()`. */
  id?: string | undefined;
  previousId?: string | undefined;
  /** Since the line was given up. */
  downFor?: number;
  /** Dials since the line was last stable. */
  attempt?: number;
  /** Dials it took to come back. */
  attempts?: number;
  roundTripTime?: number | undefined;
}

/** Tells of everything that happens to a connection that has just been made, and to topics on it. */
export function follow(
  connection: Connection,
  hear: (happening: Happening) => void,
  topics: readonly Topic[] = [],
): void {
  const start = performance.now();
  const tell = (what: Tale) => hear({ at: performance.now() - start, ...what });
  for (const topic of topics) followTopic(topic, tell);
  // The machine reports what it does (`lost`, `restored`) in the step that changes the state, before the state is seen: one line for both.
  let report: Partial<StateChange> = {};
  let last: State = connection.state;
  let roundTripTime: number | undefined;
  tell({ type: 'state', state: last });
  connection.on('open', ({ id }) => (report = { id: short(id) }));
  connection.on('restored', ({ id, previousId, ...detail }) => {
    report = { id: short(id), previousId: short(previousId), ...detail };
  });
  connection.on('lost', ({ cause, code, reason, wasClean, nextDialIn }) => {
    report = { cause, code, reason, wasClean, nextDialIn };
  });
  connection.on('retry', (detail) => (report = detail));
  connection.on('warning', (detail) => {
    // The command says more of that, by what it has overheard.
    if (detail.code !== 'never-named') tell({ type: 'warning', ...detail });
  });
  connection.on('message', (data) => tell({ type: 'message', data }));
  connection.on('state', ({ state, previous, cause }) => {
    last = previous;
    roundTripTime = connection.roundTripTime;
    // Of the end there is more to say: `closed` follows.
    if (state === 'closed') return;
    tell({ type: 'state', state, previous, ...report, ...(cause && { cause }), roundTripTime });
    report = {};
  });
  connection.on('closed', ({ cause, code, reason, wasClean }) => {
    const end = { cause, code, reason, wasClean };
    tell({ type: 'state', state: 'closed', previous: last, ...end, ...(report.cause && { after: report.cause }) });
  });
  connection.actor.subscribe(() => {
    if (connection.state !== 'alive' || connection.roundTripTime === roundTripTime) return;
    roundTripTime = connection.roundTripTime;
    if (roundTripTime !== undefined) tell({ type: 'beat', roundTripTime });
  });
}

function followTopic(topic: Topic, tell: (what: TopicTale) => void): void {
  const { name } = topic;
  topic.on('message', (data, { at, replayed }) => tell({ type: 'published', topic: name, place: at, replayed, data }));
  topic.on('gap', ({ reason, missed }) => tell({ type: 'gap', topic: name, reason, missed }));
  topic.on('caught-up', () => tell({ type: 'caught-up', topic: name, cursor: topic.cursor }));
  topic.on('refused', ({ code }) => tell({ type: 'refused', topic: name, code }));
}

function short(id: string | undefined): string | undefined {
  return id === undefined ? undefined : shortName(id);
}

/** One line of JSON. Times in ms, to the microsecond; binary messages as base64. */
export function asJson(happening: Happening): string {
  const { data, ...known } = { data: '', ...happening };
  const fields = typeof data === 'string' ? happening : { ...known, base64: Buffer.from(data).toString('base64') };
  return unarmed(
    JSON.stringify(fields, (_, value: unknown) =>
      typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value,
    ),
  );
}

export const faces: Record<State, { symbol: string; style: Style }> = {
  connecting: { symbol: '○', style: 'cyan' },
  'awaiting-id': { symbol: '◔', style: 'cyan' },
  alive: { symbol: '●', style: 'green' },
  stale: { symbol: '◑', style: 'yellow' },
  reconnecting: { symbol: '↻', style: 'red' },
  closing: { symbol: '◌', style: 'dim' },
  closed: { symbol: '×', style: 'dim' },
};

const widest = 'reconnecting'.length;

/** One line for people: when, previous → state, and what is known of it. */
export function asText(happening: Happening, paint: Paint): string {
  const { previous = '', symbol, style, word, known } = columnsOf(happening);
  const at = (happening.at / 1_000).toFixed(3).padStart(9);
  const before = previous.padStart(widest) + (previous === '' ? '  ' : ' →');
  return `${paint('dim', `${at}  ${before}`)} ${paint(style, `${symbol} ${word.padEnd(widest)}`)}  ${known}`.trimEnd();
}

interface Columns {
  previous?: State | undefined;
  symbol: string;
  style: Style;
  word: string;
  known: string;
}

function columnsOf(happening: Happening): Columns {
  switch (happening.type) {
    case 'beat':
      return { symbol: '♥', style: 'dim', word: 'beat', known: `round trip ${duration(happening.roundTripTime)}` };
    case 'message':
      return { symbol: '‹', style: 'cyan', word: 'message', known: contentOf(happening.data) };
    case 'published': {
      const { topic, place, replayed, data } = happening;
      const word = replayed ? 'replayed' : 'message';
      return { symbol: '‹', style: 'cyan', word, known: `${topic} ${place}: ${contentOf(data)}` };
    }
    case 'gap': {
      const { topic, reason, missed } = happening;
      const count = missed === undefined ? '' : `, ${missed} missing`;
      return { symbol: '!', style: 'red', word: 'gap', known: `${topic}: ${printable(reason)}${count}` };
    }
    case 'caught-up': {
      const { topic, cursor } = happening;
      return { symbol: '✓', style: 'green', word: 'caught up', known: `${topic}, cursor ${cursor}` };
    }
    case 'refused':
      return { symbol: '!', style: 'red', word: 'refused', known: `${happening.topic}: ${printable(happening.code)}` };
    case 'warning':
      return { symbol: '!', style: 'yellow', word: 'warning', known: happening.message };
    case 'state':
    default: {
      const { state, previous } = happening;
      return { previous, ...faces[state], word: state, known: knownOf(happening).join(' · ') };
    }
  }
}

/** Of bytes the first ones. */
export function contentOf(data: string | ArrayBuffer | Uint8Array): string {
  if (typeof data === 'string') return printable(data);
  const bytes = Buffer.from(new Uint8Array(data).subarray(0, 16)).toString('hex');
  return `${data.byteLength} bytes ${bytes}${data.byteLength > 16 ? '…' : ''}`;
}

/** Where the cause of the loss still stands, but is no news. */
const isRecovering: ReadonlySet<State> = new Set(['connecting', 'awaiting-id']);

function knownOf(transition: StateChange): string[] {
  const { state, previous, cause, after, code, reason, nextDialIn, roundTripTime } = transition;
  const known: string[] = [];
  if (cause !== undefined && !isRecovering.has(state)) known.push(cause);
  if (after !== undefined && after !== cause) known.push(`after ${after}`);
  // 1006 is what there is where the peer said nothing.
  if (code !== undefined && (code !== 1006 || cause === 'peer-closed')) known.push(String(code));
  if (reason !== undefined && reason !== '') known.push(printable(reason));
  if (nextDialIn !== undefined) known.push(nextDialIn < 1 ? 'dials at once' : `dials in ${duration(nextDialIn)}`);
  if (transition.downFor !== undefined) known.push(...restorationOf(transition));
  else if (transition.id !== undefined) known.push(`id ${printable(transition.id)}`);
  if (state === 'stale') known.push('asks again');
  if (previous === 'stale' && state === 'alive') known.push('answered');
  if (roundTripTime !== undefined && state === 'alive') known.push(`round trip ${duration(roundTripTime)}`);
  return known;
}

function restorationOf({ id, previousId, downFor = 0, attempts = 1 }: StateChange): string[] {
  const down = `back after ${duration(downFor)}, ${attempts} ${attempts === 1 ? 'dial' : 'dials'}`;
  return id === undefined ? [down] : [`id ${printable(previousId ?? 'none')} → ${printable(id)}`, down];
}
