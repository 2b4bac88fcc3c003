/**
 * What the peer of one visit was asked and has answered, and so, of what was handed over, what is known to have arrived. Pure: neither socket nor clock.
 *
 * Which answer belongs to which heartbeat, their order alone tells: a server that leaves one unanswered is one answer behind from then on, so that
 * less is confirmed than arrived, never more.
 */
import type { Amount } from './buffer.ts';

export class Proof {
  /** All that was ever handed over, also on earlier visits; others count on. */
  readonly #handed: Readonly<Amount>;
  #confirmed: Amount;
  /** Monotonic ms at which the heartbeat that is still unanswered was written. */
  #asked: number | undefined;
  /** The one before, that a beat was taken to answer. */
  #answered: number | undefined;
  /** Heartbeats without an answer. */
  #unanswered = 0;
  /** What had been handed over before a heartbeat, and how many answers from its own one. One at a time: the next is taken when it is confirmed. */
  #mark: ({ answersLeft: number } & Amount) | undefined;

  constructor(handed: Readonly<Amount>) {
    this.#handed = handed;
    this.#confirmed = { ...handed };
  }

  /** What was handed to the socket of this visit and is not known to have arrived. */
  get unconfirmed(): Amount {
    const { messages, bytes } = this.#handed;
    return { messages: messages - this.#confirmed.messages, bytes: bytes - this.#confirmed.bytes };
  }

  /** A heartbeat is written. @param again the last one is still unanswered, and its answer is as good */
  ask(now: number, again: boolean): void {
    if (!again || this.#asked === undefined) this.#asked = now;
    this.#unanswered += 1;
    this.#mark ??= { answersLeft: this.#unanswered, ...this.#handed };
  }

  /** The last question has left only now: its time begins. */
  depart(now: number): void {
    if (this.#asked !== undefined) this.#asked = now;
  }

  /** A beat came. Monotonic ms at which it was asked for; undefined: nothing had been asked. */
  answer(): number | undefined {
    if (this.#unanswered > 0) this.#confirm();
    const asked = this.#asked;
    this.#answered = asked ?? this.#answered;
    this.#asked = undefined;
    return asked;
  }

  /** What came was no answer: the next beat may be one. */
  await(): void {
    this.#asked ??= this.#answered;
  }

  #confirm(): void {
    this.#unanswered -= 1;
    const mark = this.#mark;
    if (mark === undefined) return;
    mark.answersLeft -= 1;
    if (mark.answersLeft > 0) return;
    this.#confirmed = mark;
    this.#mark = undefined;
  }
}
