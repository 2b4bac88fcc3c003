/**
 * What a server of `id-heartbeat` says, with good manners or bad ones. It knows neither socket nor clock: both come in by parameter, so the server
 * on real sockets (`fault-server.ts`) and a simulated network say the same.
 */
import { check, isNumber, milliseconds, positiveMilliseconds, type Rule, type Rules } from '../../adapters/check.ts';
import { definedOf } from '../../machines/settings.ts';

export type Data = string | Uint8Array;

/** How the server treats its clients. What is left out of `behave()` is as in {@link goodManners}. */
export interface Manners {
  /** What becomes of a dial. `hang`: it is never answered. A number, 200–599: the HTTP status it is refused with. Default `accept`. */
  upgrade: 'accept' | 'hang' | number;
  /** The `Retry-After` header of a refusal: seconds, or text as it is, such as a date. Default: none. */
  retryAfter?: number | string | undefined;

  /** How often a new client is told its name. 0: never; 2: twice, under two names. Default 1. */
  names: number;
  /** Ms from the open socket to the name. What comes late is not taken back by better manners. Default 0. */
  nameAfter: number;
  /** What everybody is called. Default: a new name each time, `client-1`, `client-2` … */
  id?: string | undefined;
  /** The frame that stands in for each name, as it is: `'{"id":true,"now_time":1}'`. More in `rubbish.ts`. Default: a proper one. */
  name?: string | undefined;

  /** How often each heartbeat is answered. 0: never, the server is mute; 2: twice. Default 1. */
  answers: number;
  /**
   * Ms from the heartbeat to its answer, which states the time at which it leaves. A client that asks on while more than 10,000 answers are on their
   * way is cut off. Default 0.
   */
  answerAfter: number;
  /**
   * Ms by which the time in an answer is older than that in a name. Below 0: from the future. Default 0. Where the first answer of a line is old already,
   * clients distrust the clock; where a good one came before, the line is outdated.
   */
  answerAge: number;
  /** The frame that stands in for each answer, as it is: `'{"heartbeat":null}'`. More in `rubbish.ts`. Default: a proper one. */
  answer?: string | undefined;
  /** Ms between answers that nobody asked for, from now or the open socket on. Default Infinity: none. */
  beatEvery: number;

  /** Ms by which the server's clock is ahead; below 0: behind. Default 0. */
  clockOffset: number;
  /** Ms that the server's clock advances in each ms, from when this was said. 0: it is frozen; 1.01: it drifts; −1: it runs backwards. Default 1. */
  clockRate: number;

  /** Frames said before each name and each answer. Default: none. */
  noise: readonly Data[];

  /** Ms from the open socket, or from now, to the server's hanging up. 0: at once, after the name if that is not late. Default Infinity: never. */
  closeAfter: number;
  /** How it hangs up then: a {@link Host.close} code. Default 1001. */
  closeCode: number;
  /** At most 123 bytes in UTF-8. Default ''. */
  closeReason: string;
}

export const goodManners: Manners = {
  upgrade: 'accept',
  names: 1,
  nameAfter: 0,
  answers: 1,
  answerAfter: 0,
  answerAge: 0,
  beatEvery: Infinity,
  clockOffset: 0,
  clockRate: 1,
  noise: [],
  closeAfter: Infinity,
  closeCode: 1001,
  closeReason: '',
};

/** A client, as the server reaches it. */
export interface Peer {
  send(data: Data): void;
  /** Begins the close handshake. No code: the close frame carries none. */
  close(code?: number, reason?: string): void;
  /** Ends the connection without a close frame. */
  terminate(): void;
}

export interface HostClock {
  /** Epoch ms. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
}

/** The server: told what happens to its peers, it says to them what its manners tell it to. */
export class Host<P extends Peer = Peer> {
  readonly #clock: HostClock;
  readonly #guests = new Map<P, Guest>();
  #bearing: Bearing;
  #named = 0;

  /** @throws {TypeError | RangeError} naming the manner at fault */
  constructor(clock: HostClock, manners: Partial<Manners> = {}) {
    this.#clock = clock;
    this.#bearing = bearingOf(manners, clock);
  }

  /** Those that a new client meets. */
  get manners(): Manners {
    return this.#bearing.manners;
  }

  /**
   * From now on the server behaves so, in all else well: to everybody, present and to come, or to one peer until everybody is spoken of again.
   * @throws {TypeError | RangeError} naming the manner at fault
   */
  behave(manners: Partial<Manners> = {}, peer?: P): void {
    if (peer !== undefined) return this.#guests.get(peer)?.behave(manners);
    this.#bearing = bearingOf(manners, this.#clock, this.#bearing);
    for (const guest of this.#guests.values()) guest.meet(this.#bearing);
  }

  /** A dial was accepted. */
  opened(peer: P): void {
    const nextId = () => `client-${(this.#named += 1)}`;
    const hangUp = (code: number, reason: string) => this.close(peer, code, reason);
    const guest = new Guest({ peer, clock: this.#clock, nextId, hangUp });
    this.#guests.set(peer, guest);
    guest.arrive(this.#bearing);
  }

  /** A text came. True: it was a heartbeat. */
  received(peer: P, text: string): boolean {
    if (text !== 'heartbeat') return false;
    this.#guests.get(peer)?.hearHeartbeat();
    return true;
  }

  /** The peer is no more: nothing is said to it from now on, and no timer is left. */
  gone(peer: P): void {
    this.#guests.get(peer)?.leave();
    this.#guests.delete(peer);
  }

  /** So many answers at once, for which nobody asked. */
  beat(peer: P, times = 1): void {
    for (let i = 0; i < times; i += 1) this.#guests.get(peer)?.beat();
  }

  /** To everybody, as it is. */
  push(data: Data): void {
    for (const peer of this.#guests.keys()) peer.send(data);
  }

  /**
   * Hangs up with this code, the one that the client is to see. 1005: the close frame carries no code. 1006: there is no close frame. Nothing is said to
   * the peer after that, whatever it says.
   * @throws {RangeError} for a code or reason that no close frame may carry
   */
  close(peer: P, code = 1000, reason = ''): void {
    checkEnd(code, reason);
    this.gone(peer);
    if (code === 1006) peer.terminate();
    else if (code === 1005) peer.close();
    else peer.close(code, reason);
  }

  /** Forgets its peers, and leaves no timer. The connections stay as they are. */
  stop(): void {
    for (const peer of this.#guests.keys()) this.gone(peer);
  }
}

/** Numbered messages of so many bytes each, to be sent as fast as the line takes them. */
export function* flood(messages: number, bytes: number): Generator<string, void> {
  for (let number = 1; number <= messages; number += 1) yield `${number} `.padEnd(bytes, 'x');
}

/** @throws {RangeError} for what {@link Host.close} does not take */
export function checkEnd(code: number, reason = ''): void {
  const trouble = badCode(code) ?? badReason(reason);
  if (trouble !== undefined) throw new RangeError(`close: it must be ${trouble}`);
}

/** Manners in force, and the clock they make. */
interface Bearing {
  readonly manners: Manners;
  /** Epoch ms, by the right clock, since when the server's clock has run as it does. */
  readonly since: number;
}

function bearingOf(given: Partial<Manners>, clock: HostClock, before?: Bearing): Bearing {
  check(given, rules);
  const manners = { ...goodManners, ...definedOf(given) };
  const runsOn = before !== undefined && before.manners.clockRate === manners.clockRate;
  return { manners, since: runsOn ? before.since : clock.now() };
}

/** Answers on their way to one peer: each holds a timer. */
const mostLate = 10_000;

interface GuestInput {
  peer: Peer;
  clock: HostClock;
  nextId: () => string;
  hangUp: (code: number, reason: string) => void;
}

/** What is said to one peer. */
class Guest {
  readonly #input: GuestInput;
  /** Words that are on their way. */
  readonly #late = new Set<unknown>();
  #beating: unknown;
  #closing: unknown;
  #bearing!: Bearing;

  constructor(input: GuestInput) {
    this.#input = input;
  }

  arrive(bearing: Bearing): void {
    this.#bearing = bearing;
    const { names, nameAfter } = bearing.manners;
    for (let i = 0; i < names; i += 1) this.#after(nameAfter, () => this.#tellName());
    this.meet(bearing);
  }

  behave(manners: Partial<Manners>): void {
    this.meet(bearingOf(manners, this.#input.clock, this.#bearing));
  }

  meet(bearing: Bearing): void {
    this.#bearing = bearing;
    const { clock, hangUp } = this.#input;
    const { beatEvery, closeAfter, closeCode, closeReason } = bearing.manners;
    clock.clearTimeout(this.#beating);
    clock.clearTimeout(this.#closing);
    if (beatEvery < Infinity) this.#beatEvery(beatEvery);
    if (closeAfter === 0) hangUp(closeCode, closeReason);
    else if (closeAfter < Infinity) this.#closing = clock.setTimeout(() => hangUp(closeCode, closeReason), closeAfter);
  }

  hearHeartbeat(): void {
    if (this.#late.size > mostLate) return this.#input.peer.terminate();
    const { answers, answerAfter } = this.#bearing.manners;
    for (let i = 0; i < answers; i += 1) this.#after(answerAfter, () => this.beat());
  }

  beat(): void {
    const { answer, answerAge } = this.#bearing.manners;
    this.#say(answer ?? JSON.stringify({ heartbeat: this.#time() - answerAge }));
  }

  leave(): void {
    const { clock } = this.#input;
    for (const timer of [...this.#late, this.#beating, this.#closing]) clock.clearTimeout(timer);
    this.#late.clear();
  }

  #tellName(): void {
    const { name, id } = this.#bearing.manners;
    this.#say(name ?? JSON.stringify({ id: id ?? this.#input.nextId(), now_time: this.#time() }));
  }

  #beatEvery(ms: number): void {
    this.#beating = this.#input.clock.setTimeout(() => {
      this.#beatEvery(ms);
      this.beat();
    }, ms);
  }

  #say(text: string): void {
    for (const data of this.#bearing.manners.noise) this.#input.peer.send(data);
    this.#input.peer.send(text);
  }

  /** The server's clock, epoch ms. */
  #time(): number {
    const { manners, since } = this.#bearing;
    return Math.round(since + (this.#input.clock.now() - since) * manners.clockRate + manners.clockOffset);
  }

  #after(ms: number, say: () => void): void {
    if (ms === 0) return say();
    const timer = this.#input.clock.setTimeout(() => {
      this.#late.delete(timer);
      say();
    }, ms);
    this.#late.add(timer);
  }
}

// More at once is what floods are for.
const timesAtOnce: Rule = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1_000
    ? undefined
    : 'a whole number from 0 to 1000';
const anyNumber: Rule = (value) => (Number.isFinite(value) ? undefined : 'a number');
const text: Rule = (value) => (typeof value === 'string' ? undefined : 'a string');
const orNever =
  (rule: Rule): Rule =>
  (value) => {
    const takes = value === Infinity ? undefined : rule(value);
    return takes && `${takes}, or Infinity`;
  };

/** Longest reason of a close frame, in bytes of UTF-8 (RFC 6455 §5.5). */
const longestReason = 123;
/** Of the codes that RFC 6455 §7.4 defines, those that npm `ws` sends. */
const lastCode = 1014;

function badCode(value: unknown): string | undefined {
  const code = Number.isInteger(value) ? (value as number) : 0;
  const isSound = (code >= 1000 && code <= lastCode && code !== 1004) || (code >= 3000 && code <= 4999);
  return isSound ? undefined : `a close code from 1000 to ${lastCode} without 1004, or from 3000 to 4999`;
}

function badReason(value: unknown): string | undefined {
  const isSound = typeof value === 'string' && new TextEncoder().encode(value).length <= longestReason;
  return isSound ? undefined : `a reason of at most ${longestReason} bytes in UTF-8`;
}

const rules: Rules = {
  upgrade: (value) =>
    value === 'accept' ||
    value === 'hang' ||
    (Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599)
      ? undefined
      : "'accept', 'hang' or an HTTP status from 200 to 599",
  // A header that ends early would let what follows it pass for another one.
  retryAfter: (value) =>
    (isNumber(value) && value >= 0) || (typeof value === 'string' && /^[\x20-\x7e]*$/.test(value))
      ? undefined
      : 'a number of seconds, or a line of ASCII text',
  names: timesAtOnce,
  nameAfter: milliseconds,
  id: text,
  name: text,
  answers: timesAtOnce,
  answerAfter: milliseconds,
  answerAge: anyNumber,
  answer: text,
  beatEvery: orNever(positiveMilliseconds),
  clockOffset: anyNumber,
  clockRate: anyNumber,
  noise: (value) =>
    Array.isArray(value) && value.every((each) => typeof each === 'string' || each instanceof Uint8Array)
      ? undefined
      : 'an array of strings and Uint8Arrays',
  closeAfter: orNever(milliseconds),
  closeCode: badCode,
  closeReason: badReason,
};
