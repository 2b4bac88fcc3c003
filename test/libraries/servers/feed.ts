/** News for those who listen to them. */
import { EventEmitter, once } from 'node:events';

export class Feed {
  readonly #events = new EventEmitter().setMaxListeners(0);

  readonly tell = (news: number): void => void this.#events.emit('news', news);

  /** From now on who listens hears nothing any more. */
  readonly stop = (): void => void this.#events.emit('news', ended);

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    for (;;) {
      const [news] = (await once(this.#events, 'news')) as [number | typeof ended];
      if (news === ended) return;
      yield news;
    }
  }
}

const ended = Symbol('the server is gone');
