/**
 * Questions in the same words, some of ours and some of the app's, and the peer answers them in order: whose an answer is, their order alone tells.
 */
export class Questions {
  #asked = 0;
  #answered = 0;
  /** Which of all that were asked, counted from one, are ours and unanswered. */
  readonly #ours: number[] = [];

  ours(): void {
    this.#asked += 1;
    this.#ours.push(this.#asked);
  }

  theirs(): void {
    this.#asked += 1;
  }

  /** An answer has come. True: to us. False: to the app, or to nobody. */
  isOurs(): boolean {
    if (this.#answered === this.#asked) return false;
    this.#answered += 1;
    if (this.#ours[0] !== this.#answered) return false;
    this.#ours.shift();
    return true;
  }
}
