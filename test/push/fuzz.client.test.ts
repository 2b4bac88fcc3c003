/**
 * Whatever a server of push says is harmless. A failure is shrunk, and tells the seed to see it again.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Answer, Frame, Session } from '../../adapters/protocols/protocol.ts';
import { PushDialect } from '../../push/dialect.ts';
import { longestRequest } from '../../push/frames.ts';
import { type Position, positionIn } from '../../push/position.ts';
import { Records } from '../../push/store.ts';
import { Topic } from '../../push/topic.ts';
import { steppedClock } from '../kit/clock.ts';
import { alias, asked, epoch, mutated, number, payload, topicName, value, word } from './frames.ts';

// What a server says.

const fromServer: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(alias, epoch, number, topicName).map(([a, e, n, t]) => `~o ${a} ${e} ${n} ${t}`) },
  { weight: 6, arbitrary: fc.tuple(alias, number, payload).map(([a, n, data]) => `~${a} ${n} ${data}`) },
  { weight: 2, arbitrary: fc.tuple(alias, number).map(([a, n]) => `~b ${a} ${n}`) },
  { weight: 2, arbitrary: fc.tuple(alias, number).map(([a, n]) => `~= ${a} ${n}`) },
  {
    weight: 2,
    arbitrary: fc.tuple(alias, epoch, number, word, number).map(([a, e, n, why, m]) => `~g ${a} ${e} ${n} ${why} ${m}`),
  },
  { weight: 1, arbitrary: fc.tuple(topicName, word).map(([t, code]) => `~x ${t} ${code}`) },
  { weight: 1, arbitrary: payload.map((text) => `~~${text}`) },
  { weight: 1, arbitrary: payload },
);

const welcome = '{"id":"me","now_time":1,"push":1}';

type ServerStep = { say: Frame } | { do: 'dial' | 'probe' | 'leave' | 'ask' | 'wait' };
const serverStep: fc.Arbitrary<ServerStep> = fc.oneof(
  { weight: 10, arbitrary: fromServer.map((say) => ({ say })) },
  { weight: 4, arbitrary: mutated(fromServer).map((say) => ({ say })) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 3 }).map((bytes) => ({ say: bytes.slice().buffer })) },
  { weight: 1, arbitrary: value.map((push) => ({ say: JSON.stringify({ id: 'me', now_time: 1, push }) })) },
  { weight: 1, arbitrary: fc.constant({ say: welcome }) },
  { weight: 2, arbitrary: fc.constantFrom('dial', 'probe', 'leave', 'ask', 'wait').map((each) => ({ do: each })) },
);

/** Written apart from the code under test, by the grammar of docs/PROTOCOL.md. */
const grammar = {
  message: /^~([1-9]\d*) (0|[1-9]\d*) ([^]*)$/,
  binary: /^~b ([1-9]\d*) (0|[1-9]\d*)(?: |$)/,
  opened: /^~o ([1-9]\d*) [A-Za-z0-9_-]{1,40} (0|[1-9]\d*) ([A-Za-z0-9_.:@/-]{1,128})(?: |$)/,
  gap: /^~g ([1-9]\d*) [A-Za-z0-9_-]{1,40} (0|[1-9]\d*) ([a-z-]+)(?: |$)/,
};

/** Of what a server has said so far, what may be heard of it. */
class Reader {
  readonly #topics = new Map<string, string>();
  #announced: { topic: string | undefined; at: number } | undefined;

  /** The message that this frame is. */
  read(frame: Frame): { topic: string | undefined; at: number; data: Frame } | undefined {
    if (typeof frame !== 'string') {
      const announced = this.#announced;
      this.#announced = undefined;
      return announced && { ...announced, data: frame };
    }
    const [, of = '', at, data] = grammar.message.exec(frame) ?? [];
    if (data !== undefined) return { topic: this.#topics.get(of), at: Number(at), data };
    const [, its = '', , name] = grammar.opened.exec(frame) ?? [];
    if (name !== undefined) {
      for (const [other, topic] of this.#topics) if (topic === name) this.#topics.delete(other);
      this.#topics.set(its, name);
    }
    const [, whose = '', where] = grammar.binary.exec(frame) ?? [];
    if (where !== undefined) this.#announced = { topic: this.#topics.get(whose), at: Number(where) };
    return undefined;
  }
}

/** A client that hears topics, and all that it makes of what it is told. */
class Client {
  readonly clock = steppedClock();
  readonly store = new Map<string, string>();
  readonly heard: { topic: string; at: number; data: Frame }[] = [];
  readonly gaps: { topic: string; reason: string; missed: number | undefined }[] = [];
  readonly written: unknown[] = [];
  readonly topics = new Map<string, Topic>();
  readonly #dialect = new PushDialect(this.clock, { messages: 5, bytes: 50 }, new Records(this.store, () => {}));
  #session!: Session;

  constructor() {
    for (const name of asked) this.ask(name);
    this.dial();
  }

  ask(name: string): void {
    const topic = new Topic(name, {}, this.#dialect);
    this.topics.set(name, topic);
    topic.on('message', (data, { at }) => this.heard.push({ topic: name, at, data }));
    topic.on('gap', (gap) => this.gaps.push({ topic: name, ...gap }));
    topic.on('refused', () => {});
  }

  leave(name: string): void {
    this.topics.get(name)?.close();
    this.topics.delete(name);
  }

  dial(): void {
    (this.#session as Session | undefined)?.ended?.(this.clock.now());
    const tell = ({ write = [] }: Answer) => void this.written.push(...write);
    this.#session = this.#dialect.session({ tell });
  }

  probe(): void {
    this.written.push(...(this.#session.probe?.()?.write ?? []));
  }

  hear(frame: Frame): Answer | undefined {
    const answer = this.#session.received!(frame);
    this.written.push(...(answer?.write ?? []));
    return answer;
  }
}

test('whatever a server says: nothing is thrown, and nothing is heard but what it has said', async () => {
  const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(serverStep, { maxLength: 40 }), async (isWelcome, steps) => {
      const client = new Client();
      let reader = new Reader();
      let speaks = false;
      for (const step of [...(isWelcome ? [{ say: welcome }] : []), ...steps]) {
        const before = positionsOf(client);
        client.heard.length = 0;
        client.gaps.length = 0;
        if ('say' in step) {
          const may = speaks ? reader.read(step.say) : undefined;
          const answer = client.hear(step.say);
          for (const each of client.heard) expect(each).toEqual(may);
          if (speaks) expectOursKept(step.say, answer);
          speaks ||= answer?.named !== undefined && answer.warning === undefined;
        } else if (step.do === 'dial') {
          client.dial();
          reader = new Reader();
          speaks = false;
        } else if (step.do === 'probe') client.probe();
        else if (step.do === 'leave') client.leave('news');
        else if (step.do === 'ask' && !client.topics.has('news')) client.ask('news');
        else client.clock.advance(150);
        await Promise.resolve();
        expectSound(client, before);
      }
    }),
    { numRuns: 5_000 },
  );
  expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(prototype);
});

function positionsOf(client: Client): Map<string, Position | undefined> {
  return new Map([...client.topics].map(([name, { cursor }]) => [name, positionIn(cursor)]));
}

/** What is push's never reaches the app, and the app's reaches it as it was. */
function expectOursKept(frame: Frame, answer: Answer | undefined): void {
  if (typeof frame !== 'string' || !frame.startsWith('~')) return;
  expect(answer).toEqual(frame.startsWith('~~') ? { deliver: frame.slice(1) } : { swallow: true });
}

function expectSound(client: Client, before: ReadonlyMap<string, Position | undefined>): void {
  for (const [name, { cursor }] of client.topics) {
    const [was, is] = [before.get(name), positionIn(cursor)];
    expect(cursor, 'a cursor that is none').toBe(is && cursor);
    const why = client.gaps.find(({ topic }) => topic === name)?.reason;
    if (was && is?.epoch !== was.epoch) expect(why, `${name} has another epoch`).toBeTypeOf('string');
    else if (was && is && is.at < was.at) expect(why, `${name} goes back`).toBe('ahead');
  }
  for (const { reason, missed } of client.gaps) {
    expect(reason).toMatch(/^[a-z-]+$/);
    if (missed !== undefined) expect(missed).toSatisfy(Number.isSafeInteger);
  }
  for (const frame of client.written.splice(0)) if (frame !== 'heartbeat') expectWellAsked(frame as string);
  for (const [key, recorded] of client.store) {
    expect(asked.map((name) => `systole:${name}`)).toContain(key);
    expect(positionIn(recorded.split(' ')[0])).toBeDefined();
  }
  // Whatever it was told, it waits for nothing but its next turn to ask.
  expect(client.clock.pending.length).toBeLessThanOrEqual(1);
  for (const ms of client.clock.pending) expect(ms).toBeLessThanOrEqual(100);
}

function expectWellAsked(frame: string): void {
  expect(frame.length).toBeLessThanOrEqual(longestRequest);
  const [, kind, json] = /^~([su]) (.+)$/.exec(frame) ?? [];
  for (const each of JSON.parse(json!) as unknown[]) {
    const [topic, cursor, away] = kind === 'u' ? [each, null, null] : (each as unknown[]);
    expect(asked).toContain(topic);
    if (cursor !== null) expect(positionIn(cursor)).toBeDefined();
    if (away !== null) expect(away).toBeGreaterThanOrEqual(0);
  }
}

test.each([
  ['a number without an end', '~1 5payload'],
  ['a number that goes on', '~1 5.5 payload'],
  ['no space behind the alias', '~1,5 payload'],
  ['nothing behind the alias', '~1'],
  ['no number', '~1  payload'],
  ['no payload, nor the space before it', '~1 5'],
  ['a number that begins with 0', '~1 05 payload'],
  ['an alias that begins with 0', '~01 5 payload'],
  ['a number that nobody can count to', '~1 9007199254740992 payload'],
  ['one without end', `~1 ${'9'.repeat(400)} payload`],
  ['an alias that was not told', '~2 5 payload'],
  ['bytes at no number', '~b 1 x'],
  ['bytes at infinity', '~b 1 Infinity'],
  ['bytes at nothing', '~b 1'],
  ['caught up with infinity', '~= 1 Infinity'],
  ['caught up with an exponent', '~= 1 1e3'],
  ['caught up with no number', '~= 1 x'],
  ['caught up by another way to write its alias', '~= 0x1 7'],
  ['a gap without a reason', '~g 1 e 7'],
  ['a gap to nowhere', '~g 1 e 1e3 trimmed'],
  ['a gap to an epoch that is none', '~g 1 . 7 trimmed'],
  ['a gap for what is no word', '~g 1 e 7 __proto__'],
  ['a refusal without a code', '~x news'],
  ['a refusal for what is no word', '~x news Denied!'],
  ['an alias that is none', '~o x e 9 news'],
  ['an alias that is nothing', '~o  e 9 news'],
  ['a beginning nowhere', '~o 1 e -1 news'],
])('%s: passed over, and what follows is heard', (_, frame) => {
  const client = new Client();
  client.hear(welcome);
  client.hear('~o 1 e 3 news');
  expect(client.hear(frame)).toEqual({ swallow: true });
  // Of whom it says so, it is announced, and no message of the app's.
  if (frame.startsWith('~b')) expect(client.hear(new ArrayBuffer(1))).toEqual({ swallow: true });
  expect(client.heard).toEqual([]);
  client.hear('~= 1 3');
  client.hear('~1 4 m');
  client.hear('~b 1 5');
  client.hear(new ArrayBuffer(2));
  expect(client.heard).toEqual([
    { topic: 'news', at: 4, data: 'm' },
    { topic: 'news', at: 5, data: new ArrayBuffer(2) },
  ]);
  expect([client.topics.get('news')?.cursor, client.gaps]).toEqual(['e.5', []]);
});

test('an alias ends where its topic is given another one', () => {
  const client = new Client();
  for (const frame of [welcome, '~o 1 e 3 news', '~o 2 e 3 news', '~1 4 old', '~2 4 new']) client.hear(frame);
  expect(client.heard).toEqual([{ topic: 'news', at: 4, data: 'new' }]);
});

test('how many were missed is not known where it is no number', () => {
  const client = new Client();
  for (const frame of [welcome, '~o 1 e 3 news', '~g 1 e 7 trimmed many', '~g 1 e 9 later 2']) client.hear(frame);
  expect(client.gaps).toEqual([
    { topic: 'news', reason: 'trimmed', missed: undefined },
    { topic: 'news', reason: 'later', missed: 2 },
  ]);
});

test('what comes before the welcome is the app’s, as it is', () => {
  const client = new Client();
  for (const frame of ['~~hi', '~x news denied', '~1 2 m', '~']) expect(client.hear(frame)).toBeUndefined();
});

test.each(['[]', '[1]', '"1"', 'true', '0', '1e999', '{"valueOf":1,"toString":null}', '{"__proto__":1}', '"x"'])(
  'a welcome with the version %s: nothing is thrown',
  (version) => {
    const client = new Client();
    const { named, warning } = client.hear(`{"id":"me","now_time":1,"push":${version}}`)!;
    expect([named?.id, warning?.code]).toEqual(['me', version === '1e999' ? undefined : 'push-unsupported']);
  },
);
