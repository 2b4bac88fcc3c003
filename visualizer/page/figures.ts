/**
 * What an operator asks of a connection, read from its life.
 */
import type { Entry } from '../entry.ts';
import type { LifeStory, LifeMoment } from './life.ts';

export interface Figure {
  readonly name: string;
  readonly value: string;
  /** Says more on a second line. */
  readonly note?: string;
  /** How full, 0–1. */
  readonly fill?: number;
}

interface ShownSettings {
  heartbeat?: { interval?: number; timeout?: number };
}

/** Of a connection of systole. */
export function figuresOf(life: LifeStory, moment: LifeMoment, time: number): Figure[] {
  const { context, counted } = moment;
  const trips = roundTrips(life, time);
  const { heartbeat } = (context['settings'] ?? {}) as ShownSettings;
  const interval = numberIn(context, 'interval') ?? heartbeat?.interval;
  const bound = interval !== undefined && heartbeat?.timeout !== undefined ? interval + heartbeat.timeout : undefined;
  const nextDialAt = numberIn((context['nextDial'] ?? {}) as Record<string, unknown>, 'at');
  const clock = context['serverClock'] as { offset?: number } | string | undefined;
  const room = counted?.room;
  return [
    { name: 'id', value: typeof context['id'] === 'string' ? context['id'] : '–' },
    {
      name: 'round trip',
      value: milliseconds(trips.last),
      note:
        trips.count === 0
          ? 'not asked yet'
          : `median ${milliseconds(trips.median)}, worst ${milliseconds(trips.worst)}`,
    },
    {
      name: 'clock offset',
      value: typeof clock === 'object' && typeof clock.offset === 'number' ? signed(clock.offset) : '–',
      ...(clock === 'distrusted' && { note: 'not to be trusted' }),
    },
    {
      name: 'next dial',
      value: nextDialAt === undefined ? '–' : seconds(Math.max(0, nextDialAt - time)),
      note: `attempt ${numberIn(context, 'attempt') ?? 0}`,
    },
    {
      name: 'dead within',
      value: bound === undefined ? '–' : seconds(bound),
      ...(interval !== undefined && { note: `a beat every ${seconds(interval)}` }),
    },
    { name: 'received', value: countOf(counted?.received.messages), note: bytes(counted?.received.bytes) },
    { name: 'sent', value: countOf(counted?.sent.messages), note: bytes(counted?.sent.bytes) },
    { name: 'unconfirmed', value: countOf(counted?.unconfirmed.messages), note: bytes(counted?.unconfirmed.bytes) },
    {
      name: 'buffer',
      value: countOf(counted?.held.messages),
      note:
        room?.messages == null
          ? bytes(counted?.held.bytes)
          : `of ${room.messages.toLocaleString('en')}, ${bytes(counted?.held.bytes)}`,
      ...(room && counted && { fill: fillOf(counted.held.messages, room.messages, counted.held.bytes, room.bytes) }),
    },
  ];
}

interface Trips {
  readonly count: number;
  readonly last: number | undefined;
  readonly median: number;
  readonly worst: number;
}

let known: { life: LifeStory; entries: number; index: number; trips: Trips } | undefined;

/** Of all heartbeats that were answered until a time. Asked ten times a second, it looks again only where there is something new. */
function roundTrips(life: LifeStory, until: number): Trips {
  const entries = life.forgotten + life.entries.length;
  const index = life.indexAt(until);
  if (known?.life === life && known.entries === entries && known.index === index) return known.trips;
  const all = life.entries.slice(0, index + 1).flatMap((entry) => roundTripIn(entry) ?? []);
  const sorted = all.toSorted((a, b) => a - b);
  const trips: Trips = {
    count: all.length,
    last: all.at(-1),
    median: sorted[sorted.length >> 1] ?? 0,
    worst: sorted.at(-1) ?? 0,
  };
  known = { life, entries, index, trips };
  return trips;
}

export function roundTripIn(entry: Entry): number | undefined {
  if (entry.type !== 'event' || entry.event.type !== 'peer.beat') return undefined;
  const { roundTripTime } = entry.event;
  return typeof roundTripTime === 'number' ? roundTripTime : undefined;
}

function fillOf(messages: number, mostMessages: number | null, held: number, mostBytes: number | null): number {
  const share = (part: number, whole: number | null) => (whole === null || whole === 0 ? 0 : part / whole);
  return Math.min(1, Math.max(share(messages, mostMessages), share(held, mostBytes)));
}

function numberIn(context: LifeMoment['context'], name: string): number | undefined {
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
