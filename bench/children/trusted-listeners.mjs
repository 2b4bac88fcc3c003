/**
 * Apps that listen to the same news: `node trusted-listeners.mjs WAY HEARTBEAT COUNT URL…`, one at each URL. Says `listening` when all do; `done` when one has heard the last of
 * COUNT messages, numbered from 0; and for `sum` what each of them has heard so far, and hears from then on the next COUNT. HEARTBEAT: as JSON; `null` the library's own.
 */
import { now, onCommand, say } from '../../test/helpers/children/say.mjs';
import { wayOf } from '../peers/trusted/index.mjs';

const [way, heartbeat, total, ...urls] = process.argv.slice(2);
const count = Number(total);
const { listen } = await wayOf(way);

class Listener {
  #heard = new Set();
  #newest = -1;
  #heardAt;
  #doubled = 0;
  #disordered = 0;
  #quiet = 0;
  #doubts = 0;
  #took = [];

  constructor(url, onListening) {
    listen({
      url,
      heartbeat: JSON.parse(heartbeat) ?? undefined,
      onListening,
      onMessage: (text) => this.#hear(text),
      onDoubt: () => {
        this.#doubts += 1;
      },
    });
  }

  /** `quiet`: for how long it has heard nothing, at most; `took`: how long each took from when it was handed over, ms. */
  sum() {
    this.#wait();
    const sum = {
      lost: count - this.#heard.size,
      doubled: this.#doubled,
      disordered: this.#disordered,
      doubts: this.#doubts,
      quiet: this.#quiet,
      took: this.#took,
      hasLast: this.#heard.has(count - 1),
    };
    this.#heard.clear();
    this.#newest = -1;
    this.#took = [];
    return sum;
  }

  #hear(text) {
    const [number, sentAt] = text.split(' ', 2).map(Number);
    this.#wait();
    this.#heardAt = now();
    this.#took.push(this.#heardAt - sentAt);
    if (this.#heard.has(number)) this.#doubled += 1;
    else if (number < this.#newest) this.#disordered += 1;
    this.#heard.add(number);
    this.#newest = Math.max(this.#newest, number);
    if (number === count - 1) say('done');
  }

  /** Until it has heard the last one, there is something to be heard. */
  #wait() {
    if (this.#heardAt === undefined || this.#heard.has(count - 1)) return;
    this.#quiet = Math.max(this.#quiet, now() - this.#heardAt);
  }
}

const listeners = [];
await Promise.all(
  urls.map(
    (url) =>
      new Promise((resolve) => {
        listeners.push(new Listener(url, resolve));
      }),
  ),
);
onCommand({
  sum() {
    say('done: sum', { each: listeners.map((listener) => listener.sum()) });
  },
});
say('listening');
