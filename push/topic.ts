/**
 * A topic, as an app hears it: what was pushed to it, in order, once; or that something is missing, once.
 *
 * With `load` the state comes first: what is pushed meanwhile waits, and follows it. It is loaded anew after every gap.
 */
import type { Amount } from '../adapters/buffer.ts';
import { type Clock, wallTimeOf } from '../adapters/clock.ts';
import type * as Dom from '../adapters/dom.ts';
import { checkListener, Emitter } from '../adapters/listeners.ts';
import type { Frame, TopicReport } from '../adapters/protocols/protocol.ts';
import type { Refusal } from './frames.ts';
import type { GapReason } from './log.ts';
import { cursorOf, type Position, positionIn } from './position.ts';
import type { Recorded, Records } from './store.ts';

export interface TopicOptions {
  /**
   * Fetches the state that the messages change. It runs before anything of the topic is delivered, and again after every gap; what is pushed meanwhile waits (as
   * much as `buffer` allows; the rest stays with the server), and follows. It may answer with the cursor that the state has, which the server knows
   * (`push.position(topic)`, asked before the state is read): then what the state holds already is not delivered again. Where it fails, or takes longer than
   * `loadTimeout`, it is tried again after 1 s, and up to 30 s. `signal` is aborted when nobody waits for it any more. A topic with `load` does not begin at a
   * stored cursor: its state is newer.
   */
  load?: ((context: { signal: Dom.AbortSignal }) => unknown) | undefined;
  /** Ms. Default 30,000. */
  loadTimeout?: number | undefined;
  /** Where to begin: the `cursor` of an earlier life. Default: the stored one, else from now on. */
  cursor?: string | undefined;
}

/** Of a message. */
export interface MessageInfo {
  /** Its place in the topic: it only rises, until a gap. */
  readonly at: number;
  /** True: it was missed, and came after the return. */
  readonly replayed: boolean;
}

interface Message extends MessageInfo {
  readonly data: Frame;
}

export interface TopicEvents {
  /** A message. What listeners throw surfaces as an uncaught error, and the position moves on. */
  message: Message;
  /** Something may be missing between what was heard and what follows. `missed`: how many, where that is known. */
  gap: { reason: GapReason; missed: number | undefined };
  /** There is nothing that was not heard: after the beginning, and after every return. */
  'caught-up': undefined;
  /** The server does not let this topic be heard. It is asked again on the next line. With no listener it goes to `console.warn`. */
  refused: { code: Refusal | (string & {}) };
  /** `load` has failed, and runs again in so many ms. With no listener it goes to `console.warn`. */
  'load-failed': { error: unknown; nextTryIn: number };
}

export type TopicListener<T extends keyof TopicEvents> = T extends 'message'
  ? (data: Frame, info: MessageInfo) => void
  : (detail: TopicEvents[T]) => void;

/** What a topic needs of its push. */
export interface Backing {
  readonly clock: Clock;
  readonly records: Records | undefined;
  /** What may wait for `load`. */
  readonly room: Amount;
  /** Messages of all topics that were. */
  delivered: number;
  /** Asks for what follows what was heard. */
  ask(topic: Topic): void;
  leave(topic: Topic): void;
}

/** The state is being fetched. */
interface Loading {
  /** Of this try. */
  abort: AbortController;
  /** Messages that follow it. */
  readonly held: Message[];
  bytes: number;
  /** No more fits: the rest is asked for afterwards. */
  isFull: boolean;
}

const eventTypes = new Set<keyof TopicEvents>(['message', 'gap', 'caught-up', 'refused', 'load-failed']);

const firstTry = 1_000;
const lastTry = 30_000;

export class Topic {
  readonly name: string;
  readonly #options: TopicOptions;
  readonly #backing: Backing;
  readonly #events = new Emitter<TopicEvents>();
  readonly #messages = this.#events.of('message');
  #epoch = '';
  /** Of what was delivered, and of what was heard, which may still wait for the state. -1: nowhere. */
  #at = -1;
  #heard = -1;
  /** Epoch ms at which there was nothing that had not been heard; NaN: nobody knows. */
  #completeAt = Number.NaN;
  /** `asking`: what comes now does not follow what was heard. `behind`: what was missed comes. `live`: there is nothing else. */
  #phase: 'asking' | 'behind' | 'live' | 'closed' = 'asking';
  /** `none`: nothing may be delivered before it is there. */
  #state: Loading | 'none' | 'loaded';
  #failures = 0;
  #timer: unknown;
  /** Since the line was lost last. */
  #caughtUp = 0;
  /** Since then; NaN: nobody knows. */
  #missed = 0;
  #gaps = 0;

  /** @internal */
  constructor(name: string, options: TopicOptions, backing: Backing) {
    this.name = name;
    this.#options = options;
    this.#backing = backing;
    this.#state = options.load ? 'none' : 'loaded';
    const position = positionIn(options.cursor);
    if (position) this.#move(position);
    const found = position || options.load ? undefined : backing.records?.read(name);
    if (found instanceof Promise) void found.then((recorded) => this.#recall(recorded));
    else this.#recall(found);
  }

  /** How far was delivered: to be kept, and given as `cursor` in another life. Undefined: it has not begun. */
  get cursor(): string | undefined {
    return this.#at < 0 ? undefined : cursorOf({ epoch: this.#epoch, at: this.#at });
  }

  /** Hears one kind of event; the answer undoes it. */
  on = <T extends keyof TopicEvents>(type: T, listener: TopicListener<T>): (() => void) => {
    checkListener(eventTypes, type, listener);
    const hear = listener as (...given: unknown[]) => void;
    return this.#events.of(type).add(type === 'message' ? (message) => hear((message as Message).data, message) : hear);
  };

  /** Hears no more of it. */
  close = (): void => {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#stopLoading();
    for (const type of eventTypes) this.#events.of(type).clear();
    this.#backing.leave(this);
  };

  /** Proxies of views leave it alone. @internal */
  get [Symbol.toStringTag](): string {
    return 'Topic';
  }

  // What its push tells.

  /** @internal */
  get report(): TopicReport {
    const state = typeof this.#state === 'object' ? 'loading' : (this.#phase as TopicReport['state']);
    const { name } = this;
    return { name, state, at: this.#at, caughtUp: this.#caughtUp, lost: this.#missed, gaps: this.#gaps };
  }

  /** From where what follows is asked for. @internal */
  get from(): Position | undefined {
    return this.#heard < 0 ? undefined : { epoch: this.#epoch, at: this.#heard };
  }

  /** Ms since there was nothing that had not been heard; NaN: nobody knows. @internal */
  get away(): number {
    return wallTimeOf(this.#backing.clock) - this.#completeAt;
  }

  /** The server tells what follows a position. @internal */
  began(position: Position): void {
    const { from } = this;
    // The answer to an older question: another one is due.
    const isOld = from?.epoch === position.epoch && from.at < position.at;
    if (this.#phase !== 'asking' || isOld || (typeof this.#state === 'object' && this.#state.isFull)) return;
    this.#phase = 'behind';
    if (from === undefined) this.#start(position);
    else if (from.epoch !== position.epoch) return this.#tellGap(position, 'epoch', undefined);
    if (this.#state === 'none') this.#load();
  }

  /** The hot path. @internal */
  take(data: Frame, at: number): void {
    const phase = this.#phase;
    if (at <= this.#heard || phase === 'asking' || phase === 'closed') return;
    const message: Message = { data, at, replayed: phase === 'behind' };
    if (typeof this.#state === 'object') return this.#hold(message, this.#state);
    this.#heard = at;
    this.#deliver(message);
  }

  /** @internal */
  gap(to: Position, reason: GapReason, missed: number | undefined): void {
    if (this.#phase === 'asking' || this.#phase === 'closed') return;
    // Of two who hear it here, one may have come farther. But where the log has not come so far, nobody has.
    if (to.epoch !== this.#epoch || to.at > this.#heard || reason === 'ahead') this.#tellGap(to, reason, missed);
  }

  /** A gap that is another one's: what follows what was heard is asked for. @internal */
  passedOver(): void {
    if (this.#phase !== 'asking' && this.#phase !== 'closed') this.#ask();
  }

  /** There is nothing up to there that was not told. @internal */
  caughtUp(at: number): void {
    const phase = this.#phase;
    if (phase === 'asking' || phase === 'closed') return;
    this.#phase = 'live';
    if (at > this.#heard) this.#heard = at;
    if (this.#state !== 'loaded') return;
    this.#rest();
    if (phase === 'behind') this.#events.emit('caught-up', undefined);
  }

  /** Nothing comes from now on. @internal */
  refused(code: string): void {
    if (this.#phase === 'closed') return;
    this.lost(wallTimeOf(this.#backing.clock));
    if (this.#events.emit('refused', { code })) return;
    console.warn(`systole: the server does not let the topic ${this.name} be heard: ${code}`);
  }

  /** The line is gone. @param heardAt when something was heard on it at last, epoch ms @internal */
  lost(heardAt: number): void {
    if (this.#phase === 'closed') return;
    if (this.#phase === 'live') this.#completeAt = heardAt;
    this.#phase = 'asking';
    this.#caughtUp = 0;
    this.#missed = 0;
    this.record();
  }

  /** Where it is, and since when. @internal */
  record(): void {
    const { records, clock } = this.#backing;
    if (records === undefined || this.#at < 0) return;
    if (this.#phase === 'live') this.#completeAt = wallTimeOf(clock);
    records.write(this.name, { position: { epoch: this.#epoch, at: this.#at }, completeAt: this.#completeAt });
  }

  // How far it is.

  #recall(recorded: Recorded | undefined): void {
    if (recorded) {
      this.#move(recorded.position);
      this.#completeAt = recorded.completeAt;
    }
    if (this.#phase !== 'closed') this.#backing.ask(this);
  }

  #move({ epoch, at }: Position): void {
    this.#epoch = epoch;
    this.#at = at;
    this.#heard = at;
  }

  /** From now on nothing is missed, also by the next page. */
  #start(position: Position): void {
    this.#move(position);
    this.record();
  }

  #deliver(message: Message): void {
    this.#messages.call(message);
    this.#at = message.at;
    if (message.replayed) this.#caughtUp += 1;
    this.#backing.delivered += 1;
    if (this.#backing.records !== undefined) this.record();
  }

  /** All that was heard was delivered. */
  #rest(): void {
    this.#at = this.#heard;
    this.record();
  }

  #tellGap(to: Position, reason: GapReason, missed: number | undefined): void {
    // What waits for a state is not heard any more either: the next one will hold it.
    const held = typeof this.#state === 'object' ? this.#state.held.length : 0;
    this.#start(to);
    const all = missed === undefined ? undefined : missed + held;
    this.#gaps += 1;
    this.#missed += all ?? Number.NaN;
    this.#events.emit('gap', { reason, missed: all });
    if (this.#options.load) this.#load();
  }

  #ask(): void {
    this.#phase = 'asking';
    this.#backing.ask(this);
  }

  // The state.

  #load(): void {
    this.#stopLoading();
    if (this.#phase === 'closed') return;
    const loading: Loading = { abort: new AbortController(), held: [], bytes: 0, isFull: false };
    this.#state = loading;
    this.#try(loading);
  }

  #try(loading: Loading): void {
    const { load, loadTimeout = 30_000 } = this.#options;
    const abort = new AbortController();
    loading.abort = abort;
    const failed = (error: unknown) => {
      if (this.#state === loading && !abort.signal.aborted) this.#failed(loading, error);
    };
    const loaded = (answer: unknown) => {
      if (this.#state !== loading || abort.signal.aborted) return;
      const its = positionIn(answer);
      if (its === undefined || its.epoch === this.#epoch) this.#loaded(loading, its);
      // It will not hear of the other life while nothing more can wait.
      else if (loading.isFull) this.#beginAnew();
      else failed(new Error('load has answered with a state of another life of the log'));
    };
    this.#timer = this.#backing.clock.setTimeout(() => {
      failed(new Error(`load has taken longer than loadTimeout, ${loadTimeout} ms`));
    }, loadTimeout);
    new Promise((resolve) => resolve(load!({ signal: abort.signal }))).then(loaded, failed);
  }

  /** From what was delivered: what has waited is asked for again, and the state with it. */
  #beginAnew(): void {
    this.#stopLoading();
    this.#state = 'none';
    this.#heard = this.#at;
    this.#ask();
  }

  #failed(loading: Loading, error: unknown): void {
    this.#stopLoading();
    const nextTryIn = Math.min(firstTry * 2 ** this.#failures, lastTry);
    this.#failures += 1;
    this.#timer = this.#backing.clock.setTimeout(() => this.#try(loading), nextTryIn);
    if (this.#events.emit('load-failed', { error, nextTryIn })) return;
    console.warn(`systole: load of the topic ${this.name} has failed, and runs again in ${nextTryIn} ms:`, error);
  }

  /** @param its where the state is, if it says so */
  #loaded({ held, isFull }: Loading, its: Position | undefined): void {
    this.#stopLoading();
    this.#failures = 0;
    this.#state = 'loaded';
    if (its !== undefined) {
      if (its.at < this.#at) {
        // Older than what waits here: what lies between is asked for.
        this.#move(its);
        return this.#ask();
      }
      this.#at = its.at;
      this.#heard = Math.max(this.#heard, its.at);
    }
    for (const message of held) {
      if (this.#phase !== 'closed' && message.at > this.#at) this.#deliver(message);
    }
    if (isFull) return this.#ask();
    if (this.#phase !== 'live') return undefined;
    this.#rest();
    this.#events.emit('caught-up', undefined);
    return undefined;
  }

  #hold(message: Message, loading: Loading): void {
    const { data, at } = message;
    const { messages, bytes } = this.#backing.room;
    loading.bytes += typeof data === 'string' ? data.length : data.byteLength;
    if (loading.held.length >= messages || loading.bytes > bytes) {
      loading.isFull = true;
      this.#phase = 'asking';
      return;
    }
    loading.held.push(message);
    this.#heard = at;
  }

  #stopLoading(): void {
    this.#backing.clock.clearTimeout(this.#timer);
    if (typeof this.#state === 'object') this.#state.abort.abort();
  }
}
