/** Lives of connections and of other machines, told as the bridge tells them, a word at a time. */
import { connectionMachine } from '../../machines/connection.ts';
import { translate } from '../../visualizer/bridge/translate.ts';
import type { Counted, Definition, Entry, StateValue, TopicTold } from '../../visualizer/entry.ts';
import { LifeStory } from '../../visualizer/page/life.ts';

/** When everything begins, epoch ms: a full second. */
export const begun = 1_700_000_000_000;

const places: Readonly<Record<string, StateValue>> = {
  connecting: { socket: { connecting: 'dialling' } },
  'awaiting-id': { socket: { 'awaiting-id': 'listening' } },
  quiet: { socket: { alive: 'quiet' } },
  probing: { socket: { alive: 'probing' } },
  unwatched: { socket: { alive: 'unwatched' } },
  stale: { socket: { stale: { silent: 'asking' } } },
  closing: { socket: 'closing' },
};

const settings = { heartbeat: { interval: 5_000, timeout: 4_000 }, liveness: 'ask', idTimeout: 5_000 };

/** A story of a connection: each word is said at a time, ms since the beginning. */
export class Story {
  readonly entries: Entry[] = [];
  #context: Record<string, unknown> = { attempt: 1, interval: 5_000, settings };
  #counted: Counted;

  /** @param given the context, where it differs from the usual */
  constructor(given: Record<string, unknown> = {}) {
    const context = (this.#context = { ...this.#context, ...given });
    const definition = translate(connectionMachine);
    const told = { at: begun, session: 'a', name: 'connection', definition, value: places['connecting']! };
    this.entries.push({ type: 'registered', ...told, context });
    const none = { messages: 0, bytes: 0 };
    const room = { messages: 1_000, bytes: 1_048_576 };
    this.#counted = {
      type: 'counted',
      at: begun,
      session: 'a',
      sent: none,
      received: none,
      held: none,
      room,
      unconfirmed: none,
    };
  }

  /** It is in a state of `places`, or of that name. @param news what its context has besides, from then on */
  is(ms: number, word: string, news: Record<string, unknown> = {}): this {
    const context = (this.#context = { ...this.#context, ...news });
    this.entries.push({
      type: 'changed',
      at: begun + ms,
      session: 'a',
      value: places[word] ?? word,
      context,
      done: word === 'closed',
    });
    return this;
  }

  hears(ms: number, type: string, fields: Record<string, unknown> = {}): this {
    this.entries.push({ type: 'event', at: begun + ms, session: 'a', event: { type, ...fields } });
    return this;
  }

  beats(ms: number, roundTripTime: number): this {
    return this.hears(ms, 'peer.beat', { roundTripTime }).is(ms, 'quiet', { roundTripTime });
  }

  /** So many more messages. */
  counts(ms: number, received: number, sent = 0, news: { heardAt?: number; topics?: TopicTold[] } = {}): this {
    const before = this.#counted;
    const more = (amount: { messages: number; bytes: number }, messages: number) => ({
      messages: amount.messages + messages,
      bytes: amount.bytes + 10 * messages,
    });
    this.#counted = {
      ...before,
      ...news,
      at: begun + ms,
      received: more(before.received, received),
      sent: more(before.sent, sent),
    };
    this.entries.push(this.#counted);
    return this;
  }

  /** It is lost at a time, dialled anew three times, each second, and alive again after the fourth. */
  outage(from: number, cause = 'silent'): this {
    const nextDial = (ms: number) => ({ nextDial: { at: begun + ms, wait: 500 } });
    this.is(from, 'reconnecting', { cause, attempt: 0, ...nextDial(from + 500) });
    for (let i = 1; i <= 3; i += 1) {
      const at = from + i * 1_000;
      const dialling = { attempt: i, roundTripTime: undefined, serverClock: undefined, nextDial: {} };
      this.is(at - 500, 'connecting', dialling);
      if (i < 3) this.is(at, 'reconnecting', { cause: 'refused', ...nextDial(at + 500) });
      else
        this.is(at, 'awaiting-id')
          .hears(at + 100, 'peer.named')
          .is(at + 100, 'quiet', { cause: undefined });
    }
    return this;
  }

  life(): LifeStory {
    return lifeOf(this.entries);
  }
}

export function lifeOf([first, ...others]: readonly Entry[]): LifeStory {
  if (first?.type !== 'registered') throw new TypeError('a life begins with a machine');
  const life = new LifeStory(first);
  for (const entry of others) life.add(entry);
  return life;
}

/** A machine of somebody else. @param type of its root @param states by key, those that are in them by theirs */
export function stranger(type: 'compound' | 'parallel', states: Record<string, string[]>): Definition {
  const node = (key: string, keys: string[]): Definition => ({
    id: `other.${key}`,
    key,
    type: keys.length === 0 ? 'atomic' : 'compound',
    states: Object.fromEntries(keys.map((each) => [each, node(each, [])])),
    transitions: [],
    entry: [],
    exit: [],
    invoke: [],
  });
  const inner = Object.fromEntries(Object.entries(states).map(([key, keys]) => [key, node(key, keys)]));
  return { ...node('other', []), id: 'other', type, states: inner };
}

/** What it was in, by when, ms since the beginning. */
export function strangeEntries(definition: Definition, values: readonly (readonly [number, StateValue])[]): Entry[] {
  return values.map(([ms, value], i) => {
    const told = { at: begun + ms, session: 'b', value, context: {} };
    return i === 0
      ? { type: 'registered', name: 'other', definition, ...told }
      : { type: 'changed', done: false, ...told };
  });
}

/** As a file of the page. */
export function recordingOf(entries: readonly Entry[]): { name: string; mimeType: string; buffer: Buffer } {
  const lines = [{ systole: 'recording', version: 1 }, ...entries];
  return {
    name: 'life.jsonl',
    mimeType: '',
    buffer: Buffer.from(lines.map((each) => JSON.stringify(each)).join('\n')),
  };
}
