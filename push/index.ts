/**
 * `systole/push`: topics whose messages arrive, also those that were pushed while the line was dead; and where that cannot be, it is told.
 */
import { age, callable, check, isFunction, isObject, rule, type Rules } from '../adapters/check.ts';
import { systemClock } from '../adapters/clock.ts';
import { connect, type Connection, type ConnectOptions } from '../adapters/connect.ts';
import type { UrlOption } from '../adapters/dial.ts';
import type * as Dom from '../adapters/dom.ts';
import { PushDialect } from './dialect.ts';
import { positionIn } from './position.ts';
import { type CursorStore, Records } from './store.ts';
import { checkTopic } from './topic-name.ts';
import { Topic, type TopicOptions } from './topic.ts';

export type { Refusal } from './frames.ts';
export type { GapReason } from './log.ts';
export type { CursorStore } from './store.ts';
export type { MessageInfo, Topic, TopicEvents, TopicListener, TopicOptions } from './topic.ts';

export interface PushOptions extends Omit<ConnectOptions, 'protocol'> {
  /**
   * Where cursors outlive this page or process: `sessionStorage`, a `Map`, or any `{ get, set }`, also async. One for each page or process: two that share one
   * overtake each other. Default: none.
   */
  store?: CursorStore | undefined;
}

/**
 * Opens a connection whose topics miss nothing unnoticed.
 * @throws {DOMException} `SyntaxError`, as `connect()` does
 * @throws {TypeError | RangeError} naming the option at fault
 */
export function connectPush(url: UrlOption, options: PushOptions = {}): Push {
  return new Push(url, options);
}

/** Where the lib has no `Symbol.asyncDispose`, a class cannot be declared to have it. What is merged is the method below. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging
export interface Push extends Dom.AsyncDisposable {}

export class Push {
  readonly connection: Connection;
  readonly #dialect: PushDialect;

  constructor(url: UrlOption, { store, ...options }: PushOptions) {
    check({ store }, storeRules);
    if ('protocol' in options) throw new TypeError('protocol is not an option of connectPush(): it has its own');
    const warn = () => {
      console.warn(
        'systole: store has failed to give or take a cursor; topics go on from memory, and a new page from now',
      );
    };
    const { messages = 1_000, bytes = 1_048_576 } = options.buffer ?? {};
    const room = { messages, bytes };
    this.#dialect = new PushDialect(options.clock ?? systemClock, room, store && new Records(store, warn));
    this.connection = connect(url, { ...options, protocol: this.#dialect });
    this.connection.on('closed', () => {
      for (const topic of this.#dialect.topics) topic.close();
    });
  }

  /**
   * Hears a topic, from its cursor on. Each call is a listener of its own.
   * @throws {TypeError | RangeError} for a name or an option that there cannot be
   */
  topic = (name: string, options: TopicOptions = {}): Topic => {
    checkTopic(name);
    check(options, topicRules);
    return new Topic(name, options, this.#dialect);
  };

  /** Closes the connection, and with it all topics. @throws {RangeError} as `Connection.close()` does */
  close = (code?: number, reason?: string): void => this.connection.close(code, reason);

  /** Proxies of views leave it alone. @internal */
  get [Symbol.toStringTag](): string {
    return 'Push';
  }

  /** Closes, and waits until it is done. @internal: told by the interface above */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection[Symbol.asyncDispose]();
  }
}

const storeRules: Rules = {
  store: rule(
    (value) =>
      isObject(value) &&
      [
        ['getItem', 'setItem'],
        ['get', 'set'],
      ].some((names) => names.every((name) => isFunction(value[name]))),
    'a Storage, such as sessionStorage, or an object with get() and set()',
  ),
};

const topicRules: Rules = {
  load: callable,
  loadTimeout: age,
  cursor: rule((value) => positionIn(value) !== undefined, 'the cursor of a topic'),
};
