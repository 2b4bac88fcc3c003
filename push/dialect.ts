/**
 * The client's half of trusted push: id-heartbeat, extended. A protocol like the others, but that its topics outlive its visits: each visit asks for what
 * follows what was heard on the ones before.
 */
import type { Amount } from '../adapters/buffer.ts';
import { type Clock, soon } from '../adapters/clock.ts';
import { idHeartbeat } from '../adapters/protocols/id-heartbeat.ts';
import {
  type Answer,
  field,
  type Frame,
  jsonObject,
  type Protocol,
  type Session,
  swallowed,
  type TopicReport,
  type Visitor,
} from '../adapters/protocols/protocol.ts';
import type { Liveness } from '../machines/events.ts';
import { isWord, longestRequest, marked, marker, markerCode, unmarked } from './frames.ts';
import type { GapReason } from './log.ts';
import { cursorOf, numberIn, type Position, positionIn } from './position.ts';
import type { Records } from './store.ts';
import type { Backing, Topic } from './topic.ts';

/** Ms from one frame that subscribes to the next: half of what a server allows. */
const pace = 100;

export class PushDialect implements Protocol, Backing {
  readonly name = 'push';
  readonly liveness: Liveness = 'ask';
  readonly clock: Clock;
  readonly records: Records | undefined;
  readonly room: Amount;
  delivered = 0;
  readonly #channels = new Map<string, Channel>();
  #session: PushSession | undefined;

  constructor(clock: Clock, room: Amount, records: Records | undefined) {
    this.clock = clock;
    this.room = room;
    this.records = records;
  }

  outgoing = (text: string): string => (this.#session?.isDeaf ? text : marked(text));

  session(visitor?: Visitor): Session {
    this.#session = new PushSession(this, visitor);
    return this.#session;
  }

  // For topics.

  ask(topic: Topic): void {
    const channel = this.#channels.get(topic.name) ?? new Channel(topic.name);
    this.#channels.set(topic.name, channel);
    channel.topics.add(topic);
    // Not before the app could listen to it.
    soon(() => {
      if (channel.topics.has(topic) && !channel.joins(topic)) this.#session?.want(channel);
    });
  }

  leave(topic: Topic): void {
    const channel = this.#channels.get(topic.name);
    if (!channel?.topics.delete(topic) || channel.topics.size > 0) return;
    this.#channels.delete(topic.name);
    this.#session?.leave(channel);
  }

  // For sessions, and the end.

  get channels(): Iterable<Channel> {
    return this.#channels.values();
  }

  channel(topic: string): Channel | undefined {
    return this.#channels.get(topic);
  }

  get topics(): Topic[] {
    return [...this.#channels.values()].flatMap(({ topics }) => [...topics]);
  }

  // For inspectors.

  get reports(): TopicReport[] {
    return this.topics.map(({ report }) => report);
  }
}

/** A topic on the wire, for all in this process who hear it. */
class Channel {
  readonly name: string;
  readonly topics = new Set<Topic>();
  /** `off`: nothing comes. `asked`: something will. `behind`: what was missed comes. */
  #phase: 'off' | 'asked' | 'behind' | 'live' = 'off';
  /** Where the line is. */
  #epoch = '';
  #at = 0;
  #begins: 'now' | 'at a cursor' = 'now';

  constructor(name: string) {
    this.name = name;
  }

  /** True: who comes new is where the line is already. */
  joins(topic: Topic): boolean {
    if (this.#phase === 'off') return false;
    const here = { epoch: this.#epoch, at: this.#at };
    const { from } = topic;
    // Now is where the line will be when it has caught up.
    if (from === undefined && this.#phase !== 'live') return true;
    if (this.#phase === 'asked') return false;
    if (from !== undefined && (from.epoch !== here.epoch || from.at < here.at)) return false;
    topic.began(here);
    if (this.#phase === 'live') topic.caughtUp(here.at);
    return true;
  }

  /** What is asked for: what follows the one who is farthest behind. */
  ask(): [topic: string, cursor: string | null, away: number | null] {
    let farthest: { from: Position; away: number } | undefined;
    for (const { from, away } of this.topics) {
      if (from === undefined) continue;
      if (farthest === undefined || (from.epoch === farthest.from.epoch && from.at < farthest.from.at)) {
        farthest = { from, away };
      }
    }
    if (this.#phase === 'off') this.#phase = 'asked';
    this.#begins = farthest ? 'at a cursor' : 'now';
    if (farthest === undefined) return [this.name, null, null];
    // A clock that was set back says nothing.
    const away = farthest.away >= 0 ? Math.round(farthest.away) : null;
    return [this.name, cursorOf(farthest.from), away];
  }

  began(position: Position): void {
    this.#phase = 'behind';
    this.#epoch = position.epoch;
    this.#at = position.at;
    for (const each of this.topics) {
      // Who begins now does not begin where another one was.
      if (each.from !== undefined || this.#begins === 'now') each.began(position);
    }
  }

  /** The hot path. */
  take(data: Frame, at: number): void {
    this.#at = at;
    for (const each of this.topics) each.take(data, at);
  }

  gap(to: Position, reason: GapReason, missed: number | undefined): void {
    const at = this.#at;
    this.#epoch = to.epoch;
    this.#at = to.at;
    for (const each of this.topics) {
      const { from } = each;
      // What is no longer there for the one who is farthest behind may be there for whoever has come farther.
      const isFarther = reason === 'trimmed' && from !== undefined && from.at > at && from.at < to.at;
      if (isFarther) each.passedOver();
      else each.gap(to, reason, missed);
    }
  }

  caughtUp(at: number): void {
    this.#phase = 'live';
    this.#at = at;
    for (const each of this.topics) {
      if (each.from === undefined) each.began({ epoch: this.#epoch, at });
      each.caughtUp(at);
    }
  }

  /** Nothing comes from now on: who comes new asks anew, and joins nobody. */
  refused(code: string): void {
    this.#phase = 'off';
    for (const each of this.topics) each.refused(code);
  }

  lost(heardAt: number): void {
    this.#phase = 'off';
    for (const each of this.topics) each.lost(heardAt);
  }
}

/** Whose a binary frame is. */
interface Announced {
  readonly channel: Channel | undefined;
  readonly at: number;
}

/** Nobody hears it, and it is not the app's either. */
const nobody: Announced = { channel: undefined, at: 0 };

class PushSession implements Session {
  readonly #dialect: PushDialect;
  readonly #visitor: Visitor | undefined;
  readonly #heart = idHeartbeat().session();
  /** `deaf`: this server does not speak it. */
  #state: 'unnamed' | 'named' | 'deaf' | 'ended' = 'unnamed';
  readonly #aliases = new Map<number, Channel>();
  /** Of the binary frame that comes next. */
  #announced: Announced | undefined;
  /** What is to be asked for, and what is to be left. */
  readonly #wanted = new Set<Channel>();
  readonly #unwanted = new Set<string>();
  #isFlushing = false;
  /** Runs until the next frame may be written. */
  #pace: unknown;

  constructor(dialect: PushDialect, visitor: Visitor | undefined) {
    this.#dialect = dialect;
    this.#visitor = visitor;
  }

  get isDeaf(): boolean {
    return this.#state === 'deaf';
  }

  /** Before the welcome nobody knows whether it is, so it is the app's. */
  get #isOurs(): boolean {
    return this.#state === 'named' || this.#state === 'ended';
  }

  /** The hot path. */
  received(frame: Frame): Answer | undefined {
    if (typeof frame === 'string') {
      if (frame.charCodeAt(0) === markerCode && this.#isOurs) return this.#ours(frame);
    } else if (this.#announced !== undefined) {
      const { channel, at } = this.#announced;
      this.#announced = undefined;
      channel?.take(frame, at);
      return swallowed;
    }
    const answer = this.#heart.received!(frame);
    return answer?.named === undefined ? answer : this.#named(answer, frame);
  }

  probe(): Answer | undefined {
    // Now and then, so that a page that is closed does not look as if it had been away since the last message.
    for (const topic of this.#dialect.topics) topic.record();
    return this.#heart.probe!();
  }

  ended(heardAt: number): void {
    this.#state = 'ended';
    this.#dialect.clock.clearTimeout(this.#pace);
    this.#aliases.clear();
    for (const channel of this.#dialect.channels) channel.lost(heardAt);
  }

  // For the dialect.

  want(channel: Channel): void {
    this.#unwanted.delete(channel.name);
    this.#wanted.add(channel);
    this.#flushSoon();
  }

  leave(channel: Channel): void {
    this.#wanted.delete(channel);
    this.#unwanted.add(channel.name);
    this.#flushSoon();
  }

  // What is heard.

  #named(answer: Answer, frame: Frame): Answer {
    const version = field(jsonObject(frame)!, 'push');
    if (!(typeof version === 'number' && version >= 1)) {
      this.#state = 'deaf';
      const message =
        'the server does not speak push, so that no topic is heard: serve it with servePush() of systole/push/server';
      return { ...answer, warning: { code: 'push-unsupported', message } };
    }
    this.#state = 'named';
    for (const channel of this.#dialect.channels) this.#wanted.add(channel);
    return { ...answer, write: this.#frames() };
  }

  #ours(frame: string): Answer {
    const kind = frame.charCodeAt(1);
    if (isDigit(kind)) this.#message(frame);
    else if (kind === markerCode) return { deliver: unmarked(frame)! };
    else this.#word(frame.slice(1));
    return swallowed;
  }

  /** `~ALIAS AT PAYLOAD`. Read digit by digit: to split it costs as much as to receive it. */
  #message(frame: string): void {
    let i = 1;
    let alias = 0;
    for (let code = frame.charCodeAt(i); isDigit(code); code = frame.charCodeAt((i += 1)))
      alias = alias * 10 + code - zero;
    const isAlias = frame.charCodeAt(i) === space && frame.charCodeAt(1) !== zero;
    const from = (i += 1);
    let at = 0;
    for (let code = frame.charCodeAt(i); isDigit(code); code = frame.charCodeAt((i += 1))) at = at * 10 + code - zero;
    // None has the number 0.
    const isAt = frame.charCodeAt(i) === space && frame.charCodeAt(from) !== zero && at <= Number.MAX_SAFE_INTEGER;
    if (isAlias && isAt) this.#aliases.get(alias)?.take(frame.slice(i + 1), at);
  }

  /** What is out of its form is passed over. No alias is 0. */
  #word(frame: string): void {
    const [kind, first = '', ...rest] = frame.split(' ', 6);
    const alias = numberIn(first);
    const channel = this.#aliases.get(alias ?? 0);
    if (kind === 'o') return this.#began(alias, positionIn(`${rest[0]}.${rest[1]}`), rest[2]);
    if (kind === 'x') return isWord(rest[0]) ? this.#dialect.channel(first)?.refused(rest[0]) : undefined;
    if (kind === 'g') {
      const to = positionIn(`${rest[0]}.${rest[1]}`);
      return to && isWord(rest[2]) ? channel?.gap(to, rest[2] as GapReason, numberIn(rest[3])) : undefined;
    }
    const at = numberIn(rest[0]);
    // The binary frame comes all the same.
    if (kind === 'b') this.#announced = at === undefined ? nobody : { channel, at };
    else if (kind === '=' && at !== undefined) channel?.caughtUp(at);
  }

  #began(alias: number | undefined, position: Position | undefined, topic = ''): void {
    if (!alias || position === undefined || this.#state !== 'named') return;
    const channel = this.#dialect.channel(topic);
    // Another one stands for it from now on.
    for (const [other, its] of this.#aliases) if (its === channel) this.#aliases.delete(other);
    if (channel === undefined) this.#aliases.delete(alias);
    else this.#aliases.set(alias, channel);
    channel?.began(position);
  }

  // What is asked.

  /** When the code that runs now is done: it may want more. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    soon(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#state !== 'named' || this.#pace !== undefined) return;
    const write = this.#frames();
    if (write.length > 0) this.#visitor?.tell({ write });
  }

  /** All that is to be said; then there is a pause. */
  #frames(): string[] {
    const { clock } = this.#dialect;
    const frames = [
      ...framesOf('u', [...this.#unwanted]),
      ...framesOf(
        's',
        [...this.#wanted].map((channel) => channel.ask()),
      ),
    ];
    this.#unwanted.clear();
    this.#wanted.clear();
    if (frames.length > 0) {
      this.#pace = clock.setTimeout(() => {
        this.#pace = undefined;
        this.#flush();
      }, pace);
    }
    return frames;
  }
}

const zero = 0x30;
const space = 0x20;

function isDigit(code: number): boolean {
  return code >= zero && code <= 0x39;
}

/** As many frames as it takes, none longer than a server reads. */
function framesOf(kind: 's' | 'u', items: readonly unknown[]): string[] {
  const frames: string[] = [];
  let frame = '';
  for (const item of items.map((each) => JSON.stringify(each))) {
    if (frame !== '' && frame.length + item.length + 2 > longestRequest) {
      frames.push(`${frame}]`);
      frame = '';
    }
    frame += frame === '' ? `${marker}${kind} [${item}` : `,${item}`;
  }
  return frame === '' ? frames : [...frames, `${frame}]`];
}
