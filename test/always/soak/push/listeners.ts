/** The clients: each on three topics, by one line, and as pages are: left without a word, and opened anew from what was stored. */
import { WebSocket as NodeWs } from 'ws';

import type { WebSocketClass, WebSocketLike } from '../../../../adapters/web-socket.ts';
import { connectPush, type Push, type Topic, type TopicOptions } from '../../../../push/index.ts';
import { positionIn } from '../../../../push/position.ts';
import type { CursorStore } from '../../../../push/store.ts';
import type { Life } from './ledger.ts';
import type { World } from './world.ts';

export const heartbeat = { interval: 500, timeout: 400 };

/** How a client keeps cursors, and begins. */
const ways = ['a Map', 'a store that takes its time', 'load', 'nothing'] as const;
type Way = (typeof ways)[number];

/** Where one page puts cursors: with it, what it was about to write is gone. */
class Shelf {
  readonly #kept: Map<string, string>;
  #isGone = false;

  constructor(kept: Map<string, string>) {
    this.#kept = kept;
  }

  leave(): void {
    this.#isGone = true;
  }

  get atOnce(): CursorStore {
    return {
      get: (key) => this.#kept.get(key),
      set: (key, value) => this.#set(key, value),
    };
  }

  get slow(): CursorStore {
    return {
      get: async (key) => this.#kept.get(key),
      set: async (key, value) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        this.#set(key, value);
      },
    };
  }

  #set(key: string, value: string): void {
    if (!this.#isGone) this.#kept.set(key, value);
  }
}

interface Open {
  readonly topic: Topic;
  readonly life: Life;
}

export class Listener {
  readonly index: number;
  readonly name: string;
  readonly #world: World;
  readonly #topics: readonly string[];
  readonly #way: Way;
  readonly #kept = new Map<string, string>();
  #dials = 0;
  #pages = 0;
  #socket: WebSocketLike | undefined;
  #shelf!: Shelf;
  #push!: Push;
  #open: Open[] = [];
  /** What ends a topic that is heard once more. */
  readonly #ends = new Set<Promise<unknown>>();

  constructor(index: number, topics: readonly string[], world: World) {
    this.index = index;
    this.#topics = topics;
    this.#world = world;
    this.#dials = index;
    this.#way = ways[index % ways.length]!;
    this.name = `client ${index} (${this.#way})`;
    this.#begin();
  }

  get lives(): readonly Life[] {
    return this.#open.map(({ life }) => life);
  }

  /** What it says of a topic, of each that it hears. */
  get places(): { life: Life; cursor: string | undefined }[] {
    return this.#open.map(({ life, topic }) => ({ life, cursor: topic.cursor }));
  }

  get socket(): NodeWs | undefined {
    return this.#socket as NodeWs | undefined;
  }

  reconnect(): void {
    this.#push.connection.reconnect();
  }

  /** The page is gone, without a word, and there is another one. */
  reload(): void {
    this.#leave();
    this.#begin();
  }

  /** A topic is heard no more; then once more, from where that was. */
  reopen(pick: number): void {
    const open = this.#open[Math.floor(pick * this.#open.length)]!;
    const { cursor } = open.topic;
    this.#close(open);
    this.#hear(open.life.topic, { cursor });
  }

  /** One more listener to a topic that is heard, from now on, or from where the other one was. The answer ends it. */
  hearTwice(pick: number, back: number): () => void {
    const { life } = this.#open[Math.floor(pick * this.#open.length)]!;
    const heard = life.happenings.filter((each) => each.kind === 'heard').slice(-100);
    const from = heard[Math.floor(heard.length * back)];
    // Only of this life of the log: another one would be a gap to both.
    const isNow = from !== undefined && from.epoch === this.#world.epochOf(life.topic);
    const cursor = isNow && back > 0.3 ? `${from.epoch}.${from.at}` : undefined;
    const open = this.#hear(life.topic, { cursor });
    return () => this.#close(open);
  }

  async close(): Promise<void> {
    for (const open of this.#open) this.#close(open);
    await this.#push[Symbol.asyncDispose]();
    await Promise.all(this.#ends);
  }

  #begin(): void {
    this.#pages += 1;
    this.#world.tell(this.index, `page ${this.#pages} opens`);
    const dialled = (socket: WebSocketLike) => void (this.#socket = socket);
    const heard = (frame: unknown) => {
      if (process.env['SOAK_FRAMES'] && typeof frame === 'string')
        this.#world.tell(this.index, `← ${frame.slice(0, 60)}`);
    };
    class Noted extends (NodeWs as unknown as new (...given: unknown[]) => WebSocketLike) {
      constructor(...given: unknown[]) {
        super(...given);
        dialled(this);
        (this as unknown as EventTarget).addEventListener('message', (event) => heard((event as MessageEvent).data));
      }
    }
    this.#shelf = new Shelf(this.#kept);
    const stores: Partial<Record<Way, CursorStore>> = {
      'a Map': this.#shelf.atOnce,
      'a store that takes its time': this.#shelf.slow,
    };
    this.#push = connectPush(() => this.#where(), {
      heartbeat,
      store: stores[this.#way],
      WebSocket: Noted as unknown as WebSocketClass,
      connectTimeout: 1_000,
      idTimeout: 1_000,
      closeTimeout: 500,
      stableAfter: 500,
      backoff: { initial: 20, max: 300, spread: 100 },
    });
    this.#watch();
    for (const topic of this.#topics) {
      this.#hear(topic, this.#way === 'load' ? { load: () => this.#world.stateOf(topic) } : {});
    }
  }

  #where(): string {
    this.#dials += 1;
    this.#world.count('dials');
    return `ws://127.0.0.1:${this.#world.portOf(this.#dials % 2)}/${this.index}`;
  }

  #leave(): void {
    this.#shelf.leave();
    for (const { life } of this.#open) life.endedAt = performance.now();
    this.#open = [];
    this.socket?.terminate();
    const push = this.#push;
    this.#ends.add(push[Symbol.asyncDispose]());
  }

  #close(open: Open): void {
    this.#world.tell(this.index, `${open.life.topic} is closed at ${open.topic.cursor}`);
    open.life.endedAt ??= performance.now();
    open.topic.close();
    this.#open = this.#open.filter((each) => each !== open);
  }

  #hear(name: string, { load, ...options }: TopicOptions): Open {
    const { ledger } = this.#world;
    // Without a store nothing is kept.
    const from = load ? undefined : (options.cursor ?? this.#kept.get(`systole:${name}`)?.split(' ')[0]);
    const hasLoad = load !== undefined;
    const life: Life = {
      client: this.index,
      topic: name,
      from: positionIn(from),
      hasLoad,
      happenings: [],
      endedAt: undefined,
    };
    ledger.lives.push(life);
    this.#world.tell(this.index, `${name} is opened${from === undefined ? '' : ` at ${from}`}`);
    const note = (happening: Life['happenings'][number]) => {
      if (life.endedAt !== undefined) return;
      life.happenings.push(happening);
      this.#world.wake();
    };
    const topic = this.#push.topic(name, {
      ...options,
      ...(load && {
        async load(context) {
          const cursor = (await load(context)) as string;
          const to = positionIn(cursor)!;
          // A state of another life is not taken.
          const isTaken = to.epoch === positionIn(topic.cursor)?.epoch && !context.signal.aborted;
          if (isTaken) note({ when: performance.now(), kind: 'loaded', to });
          return cursor;
        },
      }),
    });
    topic.on('message', (data, { at, replayed }) => {
      if (life.endedAt !== undefined) return;
      ledger.heard(life, data as string, { cursor: topic.cursor!, at, replayed });
      this.#world.wake();
    });
    topic.on('gap', ({ reason, missed }) =>
      note({ when: performance.now(), kind: 'gap', to: positionIn(topic.cursor)!, reason, missed }),
    );
    topic.on('caught-up', () => note({ when: performance.now(), kind: 'is at', to: positionIn(topic.cursor)! }));
    topic.on('load-failed', () => note({ when: performance.now(), kind: 'load failed' }));
    topic.on('refused', ({ code }) => this.#world.complain(`${this.name} is refused ${name}: ${code}`));
    const open = { topic, life };
    this.#open.push(open);
    return open;
  }

  #watch(): void {
    const { connection } = this.#push;
    const page = this.#pages;
    const tell = (what: string) => this.#world.tell(this.index, page === this.#pages ? what : `page ${page}: ${what}`);
    connection.on('state', ({ state, cause }) => {
      tell(cause === undefined ? state : `${state} (${cause})`);
      // Where it began, though nothing was heard yet.
      for (const { topic, life } of this.#open) {
        if (life.from === undefined && !life.hasLoad && life.happenings.length === 0)
          life.from = positionIn(topic.cursor);
      }
    });
    connection.on('lost', ({ cause, code }) => {
      this.#world.count('lines lost');
      tell(`lost (${cause}, ${code})`);
    });
    connection.on('warning', ({ code }) => {
      this.#world.count(`warning: ${code}`);
      if (code.startsWith('push-')) this.#world.complain(`${this.name} is warned: ${code}`);
    });
  }
}
