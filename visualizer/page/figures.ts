/**
 * What an operator asks of a connection, read from its life.
 */
import { longestTimer } from '../../machines/backoff.ts';
import type { Counted, TopicTold } from '../entry.ts';
import { indexAt, lastAt } from './in-time.ts';
import { type LifeMoment, type LifeStory, stateWord, wordOf } from './life.ts';
import { type Context, isOnline, type Outage, readingOf, type Trip } from './reading.ts';

export interface Figure {
  readonly name: string;
  readonly value: string;
  /** Says more on a second line. */
  readonly note?: string | undefined;
  /** How full, 0–1. */
  readonly fill?: number;
  /** It is what was known then, epoch ms: its line is gone. */
  readonly asOf?: number | undefined;
}

/** How long nothing has come. */
export interface LastHeard {
  readonly value: string;
  /** What the bar means, for people. */
  readonly meaning: string;
  /** 0–1; undefined: nothing is waited for. */
  readonly fill: number | undefined;
  /** Where on the bar the heartbeat is asked, 0–1. */
  readonly asked?: number;
}

/** Why it is where it is, or was. */
export interface Why {
  readonly text: string;
  /** The cause as code has it. */
  readonly code: string;
  /** Close code, HTTP status, reason. */
  readonly details: string;
}

interface ShownSettings {
  heartbeat?: { interval?: number; timeout?: number };
  liveness?: string;
}

/** All that the panel shows of a connection. */
export interface Figures {
  readonly why: Why;
  readonly lastHeard: LastHeard;
  /** By what they are of: the outage, the line, the messages. */
  readonly outage: readonly Figure[];
  readonly line: readonly Figure[];
  readonly messages: readonly Figure[];
}

export function figuresOf(life: LifeStory, moment: LifeMoment, time: number): Figures {
  return {
    why: whyOf(life, moment, time),
    lastHeard: lastHeardOf(life, moment, time),
    outage: outageFigures(life, moment, time),
    line: lineFigures(life, moment, time),
    messages: messageFigures(moment),
  };
}

const inWords: Readonly<Record<string, string>> = {
  silent: 'nothing was heard any more',
  outdated: 'it answers with what is old',
  refused: 'it was refused, or told to go',
  'dial-timeout': 'the dial was not answered in time',
  unnamed: 'the server did not name the session',
  'network-changed': 'the network changed during the dial',
  suspended: 'the page was put to sleep',
  'peer-closed': 'the socket was closed from outside',
  'url-failed': 'there was no address to dial',
  'user-reconnected': 'a new dial was asked for',
  'user-closed': 'it was closed here',
  aborted: 'its signal was aborted',
  fatal: 'no new dial can help',
  'retries-exhausted': 'no retries are left',
};

function whyOf(life: LifeStory, { value, context }: LifeMoment, time: number): Why {
  const word = stateWord(value);
  const { cause } = context;
  if (typeof cause === 'string') {
    const details = isOnline(word) ? '' : endOf(context);
    return { text: inWords[cause] ?? cause, code: cause, details };
  }
  const last = outageAt(life, time);
  if (last?.to === undefined) {
    return { text: isOnline(word) ? 'no outage so far' : 'the first dial', code: '', details: '' };
  }
  const { cause: first } = last.losses[0]!;
  const details = `${last.isFirst ? 'dials had failed' : 'was offline'} for ${seconds(last.to - last.from)}, until ${dayTimeOf(last.to)}`;
  return { text: `last outage: ${inWords[first] ?? first}`, code: first, details };
}

/** How the socket ended, where that says more than its cause. */
function endOf(context: Context): string {
  const { code, reason, status } = (context['end'] ?? {}) as { code?: unknown; reason?: unknown; status?: unknown };
  return [
    typeof status === 'number' ? `HTTP ${status}` : '',
    typeof reason === 'string' && reason !== `HTTP ${String(status)}` ? reason : '',
    // Without a close frame the code is always the same: where the socket was closed from outside, that is worth knowing.
    typeof code === 'number' && (code !== 1006 || context['cause'] === 'peer-closed') ? `close code ${code}` : '',
  ]
    .filter((each) => each !== '')
    .join(', ');
}

/**
 * While all is quiet, of the interval after which a heartbeat is asked; once it is asked, and in doubt, of the interval and the timeout, within which a
 * silent line is given up. What comes in between does not put the question off: it may be asked before the bar is full.
 */
function lastHeardOf(life: LifeStory, { value, context }: LifeMoment, time: number): LastHeard {
  const last = lastAt(readingOf(life).heard, time);
  const word = stateWord(value);
  if (last === undefined) return { value: 'nothing yet', meaning: 'Nothing has come yet.', fill: undefined };
  const silence = Math.max(0, time - last.at);
  const ago = `${seconds(silence)} ago`;
  if (!isOnline(word)) return { value: ago, meaning: 'There is no line that could be heard.', fill: undefined };
  const { interval, timeout } = paceOf(context);
  if (interval === undefined || timeout === undefined || wordOf(value).includes('unwatched')) {
    return { value: ago, meaning: 'Its protocol has no heartbeat: silence means nothing.', fill: undefined };
  }
  const isQuiet = wordOf(value).includes('quiet');
  const bound = isQuiet ? interval : interval + timeout;
  return {
    value: secondsOf(silence, bound),
    meaning: isQuiet
      ? `How long ago the last frame came, of the ${seconds(interval)} between two heartbeats.`
      : `A heartbeat is asked and not answered. After ${seconds(bound)} of silence at most, the line is given up.`,
    fill: Math.min(1, silence / bound),
    ...(!isQuiet && { asked: interval / bound }),
  };
}

function outageFigures(life: LifeStory, { value, context }: LifeMoment, time: number): Figure[] {
  const word = stateWord(value);
  const isWaiting = word === 'reconnecting' || word === 'redialling';
  const { at, wait = 0 } = (context['nextDial'] ?? {}) as { at?: unknown; wait?: number };
  const nextDial =
    word === 'connecting' || word === 'awaiting-id'
      ? 'under way'
      : isWaiting && typeof at === 'number'
        ? wait >= longestTimer
          ? 'once seen'
          : at <= time
            ? 'now'
            : `in ${seconds(at - time)}`
        : '–';
  const since = offlineSince(life, word, time);
  return [
    { name: 'offline for', value: since === undefined ? '–' : seconds(Math.max(0, time - since)) },
    { name: 'next dial', value: nextDial },
    { name: 'attempt', value: countOf(numberIn(context, 'attempt')) },
    { name: 'dead within', value: deadWithin(context) },
  ];
}

/** Since a line was given up, over several dials; of one that never was, since its beginning. Undefined: there is a line, or nobody wants one. */
export function offlineSince(life: LifeStory, word: string, time: number): number | undefined {
  if (isOnline(word) || word === 'closing') return undefined;
  const outage = outageAt(life, time);
  if (outage === undefined) return word === 'closed' ? undefined : life.entries[0]!.at;
  if (outage.to !== undefined) return undefined;
  return outage.isFirst ? life.entries[0]!.at : outage.from;
}

/** The last one that had begun by then, as it was known then. */
function outageAt(life: LifeStory, time: number): Outage | undefined {
  const outage = readingOf(life).outages.findLast(({ from }) => from <= time);
  return outage?.to !== undefined && outage.to > time ? { ...outage, to: undefined } : outage;
}

function deadWithin(context: Context): string {
  const { interval, timeout, liveness } = paceOf(context);
  if (liveness === 'none') return 'never';
  return interval === undefined || timeout === undefined ? '–' : seconds(interval + timeout);
}

function paceOf(context: Context) {
  const { heartbeat, liveness } = (context['settings'] ?? {}) as ShownSettings;
  return { interval: numberIn(context, 'interval') ?? heartbeat?.interval, timeout: heartbeat?.timeout, liveness };
}

/** Of the line that there is, or of the last one. */
function lineFigures(life: LifeStory, { value, context, since }: LifeMoment, time: number): Figure[] {
  const { goings, trips, offsets } = readingOf(life);
  const isGone = !isOnline(stateWord(value));
  const going = isGone ? lastAt(goings, time) : undefined;
  const asOf = going?.at;
  const known = going?.context ?? context;
  const { count, last, median, worst } = tripsOf(life, trips, time);
  const clock = known['serverClock'];
  const offset = typeof clock === 'object' && clock !== null ? lastAt(offsets, asOf ?? time) : undefined;
  // A new line that has not been asked yet: what is known is of the one before.
  const isOlder = !isGone && numberIn(context, 'roundTripTime') === undefined && last !== undefined && last.at < since;
  return [
    {
      name: 'round trip',
      value: milliseconds(last?.trip),
      note: count === 0 ? unasked(context) : `median ${milliseconds(median)}, worst ${milliseconds(worst)}`,
      asOf: last === undefined ? undefined : isOlder ? last.at : asOf,
    },
    {
      name: 'clock offset',
      value: offset === undefined ? '–' : signed(offset.offset),
      note: clock === 'distrusted' ? 'not trusted' : undefined,
      asOf: offset && asOf,
    },
    {
      name: 'id',
      value: typeof known['id'] === 'string' ? known['id'] : '–',
      asOf: known['id'] === undefined ? undefined : asOf,
    },
  ];
}

function unasked(context: Context): string {
  const { liveness } = paceOf(context);
  if (liveness === 'server-beats') return 'the server beats by itself';
  return liveness === 'none' ? 'has no heartbeat' : 'not asked yet';
}

function messageFigures({ counted }: LifeMoment): Figure[] {
  const room = counted?.room;
  return [
    { name: 'received', value: countOf(counted?.received.messages), note: receivedNote(counted) },
    { name: 'sent', value: countOf(counted?.sent.messages), note: bytes(counted?.sent.bytes) },
    { name: 'unconfirmed', value: countOf(counted?.unconfirmed.messages), note: bytes(counted?.unconfirmed.bytes) },
    {
      name: 'buffer',
      value: countOf(counted?.held.messages),
      note: room?.messages == null ? bytes(counted?.held.bytes) : `of ${room.messages.toLocaleString('en')}`,
      ...(room && counted && { fill: fillOf(counted.held.messages, room.messages, counted.held.bytes, room.bytes) }),
    },
  ];
}

/** Those that were told last: of a connection that is over none are, and what was known of them stays. */
export function topicsAt(life: LifeStory, time: number): readonly TopicTold[] {
  return lastAt(readingOf(life).topics, time)?.topics ?? [];
}

export interface Trips {
  readonly count: number;
  readonly last: Trip | undefined;
  readonly median: number;
  readonly worst: number;
}

let known: { life: LifeStory; last: Trip | undefined; first: Trip | undefined; trips: Trips } | undefined;

/** Of all heartbeats that were answered until a time. Asked ten times a second, it sorts again only where there is another one. */
function tripsOf(life: LifeStory, all: readonly Trip[], until: number): Trips {
  const last = lastAt(all, until);
  const [first] = all;
  if (known?.life === life && known.last === last && known.first === first) return known.trips;
  const sorted = all
    .filter(({ at }) => at <= until)
    .map(({ trip }) => trip)
    .toSorted((a, b) => a - b);
  const trips = { count: sorted.length, last, median: medianOf(sorted), worst: sorted.at(-1) ?? 0 };
  known = { life, last, first, trips };
  return trips;
}

/** @param sorted of an even number of them, the mean of the two in the middle */
export function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

/** Messages in a second, each by the stretch of time in which they passed. */
export interface Rates {
  /** How long a stretch is, ms. */
  readonly width: number;
  readonly stretches: readonly { readonly at: number; readonly received: number; readonly sent: number }[];
  readonly most: { readonly received: number; readonly sent: number };
}

/** Of a span of time. Stretches begin at whole multiples of their width, so that they stand still while time goes on. */
export function ratesOf(life: LifeStory, from: number, to: number): Rates {
  const { counts } = readingOf(life);
  const width = Math.max(1_000, Math.ceil((to - from) / 60_000) * 1_000);
  const stretches: { at: number; received: number; sent: number }[] = [];
  const most = { received: 0, sent: 0 };
  for (let i = Math.max(1, countsFrom(counts, Math.floor(from / width) * width)); i < counts.length; i += 1) {
    const counted = counts[i]!;
    if (counted.at > to) break;
    const { received, sent } = counts[i - 1]!;
    const at = Math.floor(counted.at / width) * width;
    if (stretches.at(-1)?.at !== at) stretches.push({ at, received: 0, sent: 0 });
    const stretch = stretches.at(-1)!;
    stretch.received += ((counted.received.messages - received.messages) * 1_000) / width;
    stretch.sent += ((counted.sent.messages - sent.messages) * 1_000) / width;
    most.received = Math.max(most.received, stretch.received);
    most.sent = Math.max(most.sent, stretch.sent);
  }
  return { width, stretches, most };
}

function countsFrom(counts: readonly { readonly at: number }[], time: number): number {
  const before = indexAt(counts, time);
  return counts[before]?.at === time ? before : before + 1;
}

function fillOf(messages: number, mostMessages: number | null, held: number, mostBytes: number | null): number {
  const share = (part: number, whole: number | null) => (whole === null || whole === 0 ? 0 : part / whole);
  return Math.min(1, Math.max(share(messages, mostMessages), share(held, mostBytes)));
}

function numberIn(context: Context, name: string): number | undefined {
  const value = context[name];
  return typeof value === 'number' ? value : undefined;
}

export function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1_000 ? `${Math.round(ms)} ms` : seconds(ms);
}

export function seconds(ms: number): string {
  if (ms >= 3_600_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  if (ms >= 90_000) return `${(ms / 60_000).toFixed(1)} min`;
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** Both in one unit: `3.1 of 5.0 s`. */
function secondsOf(part: number, whole: number): string {
  return whole >= 90_000
    ? `${seconds(part)} of ${seconds(whole)}`
    : `${(part / 1_000).toFixed(1)} of ${seconds(whole)}`;
}

function signed(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${milliseconds(Math.abs(ms))}`;
}

function countOf(count: number | undefined): string {
  return count === undefined ? '–' : count.toLocaleString('en');
}

function bytes(count: number | undefined): string {
  if (count === undefined) return '';
  if (count < 1_024) return `${count} B`;
  return count < 1_048_576 ? `${(count / 1_024).toFixed(1)} KiB` : `${(count / 1_048_576).toFixed(1)} MiB`;
}

/** Of the day, to the millisecond. */
export function clockOf(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** Of the day, to the second. */
export function dayTimeOf(at: number): string {
  return clockOf(at).slice(0, 8);
}

/** Nobody counts the bytes of what is heard by topics. */
function receivedNote(counted: Counted | undefined): string {
  if (counted === undefined) return '';
  const { messages, bytes: size } = counted.received;
  return counted.topics !== undefined && messages > 0 && size === 0 ? 'by topics' : bytes(size);
}
