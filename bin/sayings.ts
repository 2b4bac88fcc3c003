/**
 * What clients say, told at a pace that a reader can bear and a pipe that nobody reads: so many in a second, and of the others how many there were.
 */
const window = 1_000;

export class Sayings {
  readonly #tell: (sentence: string) => void;
  readonly #most: number;
  #told = 0;
  #untold = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param most in a second */
  constructor(tell: (sentence: string) => void, most = 50) {
    this.#tell = tell;
    this.#most = most;
  }

  /** @param sentence is asked for only where it is told */
  add(sentence: () => string): void {
    this.#timer ??= setTimeout(() => this.end(), window);
    if (this.#told === this.#most) {
      this.#untold += 1;
      return;
    }
    this.#told += 1;
    this.#tell(sentence());
  }

  /** Of the second: what has not been told is counted. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#untold > 0) this.#tell(`and ${this.#untold} more that are not shown`);
    this.#told = 0;
    this.#untold = 0;
  }
}
