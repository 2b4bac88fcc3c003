/** What the record of a client says: how its line ended, how long answers took, which times were stated, what wanted to be a message and is none. */
import { field, type Frame, jsonObject, timeOf } from '../../adapters/protocols/protocol.ts';
import { endText } from './transcript.ts';
import type { Heard, Visitor } from './visitor.ts';

/** Characters. */
const longestWelcome = 65_536;
/** Close codes that say why somebody is not wanted. */
export const refusals = new Set([1008, 1011, 1013, 3000, 3003, 4001]);

/** The server has ended it, or the way to it has, before it was done. */
export function hasLost(visitor: Visitor): boolean {
  return wasSentAway(visitor) && visitor.ended!.at <= (visitor.doneAt ?? Infinity);
}

/** The same, at whatever time. */
export function wasSentAway({ ended, openedAt, said }: Visitor): boolean {
  return openedAt !== undefined && said === undefined && ended !== undefined && !ended.byUs;
}

/** By HTTP, or by a close code that says why, before it was welcomed. */
export function isRefused(visitor: Visitor): boolean {
  const { openedAt, refusal = '', ended, named } = visitor;
  if (openedAt === undefined) return refusal.startsWith('HTTP ');
  return named === undefined && hasLost(visitor) && refusals.has(ended!.code);
}

export function isGenerous({ asked, beats }: Visitor): boolean {
  return asked.length > 0 && beats.length > asked.length;
}

/** Ms that an answer takes anyway: the way, and what H2 has to say about. */
export function usualDelay(first: Visitor): number {
  return Math.max(wayOf(first), ...delaysOf(first.proofs));
}

export function fateOf({ openedAt, refusal, ended }: Visitor): string {
  if (openedAt === undefined) return `could not connect: ${refusal ?? 'nothing came back'}`;
  return ended === undefined ? 'is there' : endText(ended);
}

export function welcomed(all: readonly Visitor[]): Visitor[] {
  return all.filter(({ named }) => named !== undefined);
}

/** Ms from the open socket to the welcome. */
export function delayOf({ named, openedAt }: Visitor): number {
  return (named?.at ?? 0) - (openedAt ?? 0);
}

/** Ms there and back, about: what the dial took. */
export function wayOf({ dialledAt, openedAt }: Visitor): number {
  return (openedAt ?? dialledAt) - dialledAt;
}

/** Ms from a question to its answer, of those from the given one on. Infinity: none was answered. */
export function quickestOf(proofs: Visitor['proofs'], from = 0): number {
  return Math.min(...delaysOf(proofs, from));
}

export function delaysOf({ questions, answers }: Visitor['proofs'], from = 0): number[] {
  return answers.slice(from).map(({ at }, i) => at - (questions[i + from]?.at ?? -Infinity));
}

export function wereTogether(one: Visitor, other: Visitor): boolean {
  const end = ({ ended }: Visitor) => ended?.at ?? Infinity;
  return one.named!.at < end(other) && other.named!.at < end(one);
}

/** A time that was stated, and between which moments of ours. */
export interface StatedTime {
  readonly stated: number;
  readonly from: number;
  readonly to: number;
}

export function momentsOf({ named, dialledAt, beats, asked, heard }: Visitor): StatedTime[] {
  const moments: StatedTime[] = [];
  const grain = heard.some(({ frame, answer }) => answer?.named !== undefined && isWholeSeconds(frame)) ? 1_000 : 0;
  // Who answers more often than it is asked: nobody can tell which is which.
  const isPaired = beats.length <= asked.length;
  const add = (stated: number | undefined, from: number, to: number) => {
    if (stated !== undefined) moments.push({ stated, from: from - grain, to });
  };
  add(named?.serverTime, dialledAt, named?.at ?? 0);
  for (const [i, { serverTime, at }] of beats.entries()) add(serverTime, isPaired ? asked[i]!.at : dialledAt, at);
  return moments;
}

/** Ms by which the clock cannot have run right between the two. */
export function offsetBetween(one: StatedTime, other: StatedTime): number {
  const stated = other.stated - one.stated;
  const least = other.from - one.to;
  const most = other.to - one.from;
  return Math.max(0, least - stated, stated - most);
}

/** A date as text may have no fractions of a second. */
function isWholeSeconds(frame: Frame): boolean {
  const time = field(jsonObject(frame) ?? {}, 'now_time');
  return typeof time === 'string' && !/\d\.\d/.test(time);
}

/** Fit to be a welcome, whatever was before. */
export function isWelcome(frame: Frame): boolean {
  const object = jsonObject(frame);
  return object !== undefined && Object.hasOwn(object, 'id') && Object.hasOwn(object, 'now_time');
}

/** What keeps a frame from being the welcome that it wants to be; undefined: it is one, or has nothing of one. */
export function formFault({ frame, size }: Heard): string | undefined {
  const isText = typeof frame === 'string';
  if (isText && size > longestWelcome && /"now_time"/.test(frame)) return `it has ${size} characters`;
  const object = jsonObject(isText ? frame : Buffer.from(frame).toString());
  if (object === undefined) return undefined;
  const id = field(object, 'id');
  const hasTime = Object.hasOwn(object, 'now_time');
  if (id === undefined && !hasTime) return undefined;
  if (!isText) return hasTime ? 'it is a binary frame' : undefined;
  if (!hasTime) return '`now_time` is missing';
  if (id === undefined) return '`id` is missing';
  if (typeof id === 'string' && (id === '' || id.length > 1_024)) return '`id` is not 1 to 1,024 characters';
  if (typeof id !== 'string' && !Number.isFinite(id)) return '`id` is neither a text nor a number';
  return timeOf(field(object, 'now_time')) === undefined ? '`now_time` is no time' : undefined;
}

/** What wants to be an answer, and is none: what is wrong with it. */
export function answersLike({ heard, asked }: Visitor): string[] {
  const since = asked[0]?.at ?? Infinity;
  return heard
    .filter(({ at, answer }) => at >= since && answer === undefined)
    .flatMap(({ frame }) => {
      const object = jsonObject(typeof frame === 'string' ? frame : Buffer.from(frame).toString());
      if (typeof frame !== 'string')
        return object !== undefined && Object.hasOwn(object, 'heartbeat') ? ['it is a binary frame'] : [];
      return /heart_?beat/i.test(frame) && frame !== 'heartbeat'
        ? ['it is no JSON object with the field `heartbeat`']
        : [];
    });
}
