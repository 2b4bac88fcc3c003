/**
 * When events are told: where the platform would tell them, never while the app is in a call, and always in the order of what happened.
 */
export class Turns {
  readonly #setTimeout: (callback: () => void, ms: number) => unknown;
  /** Above 0 while the app is in a call. */
  #calls = 0;
  /** What is still to be told; all that comes after it has to wait behind it. */
  readonly #queue: (() => void)[] = [];

  constructor(setTimeout: (callback: () => void, ms: number) => unknown) {
    this.#setTimeout = setTimeout;
  }

  /** Nothing keeps an event from being told at once. */
  get isQuiet(): boolean {
    return this.#calls === 0 && this.#queue.length === 0;
  }

  /** The app calls: what happens meanwhile is told when the call is over. */
  call<T>(what: () => T): T {
    this.#calls += 1;
    try {
      return what();
    } finally {
      this.#calls -= 1;
    }
  }

  tell(event: () => void): void {
    if (this.isQuiet) return event();
    if (this.#queue.length === 0) this.#setTimeout(() => this.#flush(), 0);
    this.#queue.push(event);
  }

  #flush(): void {
    // One that is being told still keeps later ones behind it.
    for (let event = this.#queue[0]; event !== undefined; event = this.#queue[0]) {
      event();
      this.#queue.shift();
    }
  }
}
