/**
 * What every log promises (`push/log.ts`). Siblings share it; what one of them cannot know is said in the call.
 */
import { describe, expect, onTestFinished, test } from 'vitest';

import { type Entry, type Log, LogError, patience, type Payload, type Read } from '../../push/log.ts';
import type { Position } from '../../push/position.ts';
import { untilSo } from '../helpers/support.ts';
import { faultProxy } from '../kit/fault-proxy.ts';

export interface OpenOptions {
  messages?: number;
  maxAge?: number;
  /** By which the engine is reached. Default: its own. */
  port?: number;
}

export interface Rig {
  /** Gone with the test. Where bounds are given, it shares nothing with others. */
  open(options?: OpenOptions): Promise<Log>;
  /** Where the log is kept. None: in this process. */
  readonly engine?: Hands;
}

export interface Hands {
  readonly port: number;
  /** Nobody is told. */
  kill(): Promise<void>;
  /** After `kill`: what it has kept is gone. */
  empty(): void;
  /** After `kill`, with what it has kept. */
  start(): Promise<void>;
  /** It stands still, and all lines stay open. */
  pause(): Promise<void>;
  resume(): void;
  /** While it runs: somebody drops all of it. */
  wipe(): Promise<void>;
}

export interface Exceptions {
  /** It cannot tell how many messages are missing. */
  cannotCount?: boolean;
}

export function describeLog(name: string, start: () => Promise<Rig> | Rig, { cannotCount }: Exceptions = {}): void {
  const missed = (count: number) => (cannotCount ? undefined : count);

  describe(`a log in ${name}`, () => {
    test('positions rise, and the last one is the head', async () => {
      const { log, topic } = await opened(start);
      const positions = await appendAll(log, topic, ['a', 'b', 'c']);
      const ats = positions.map(({ at }) => at);
      expect(ats).toEqual(ats.toSorted((a, b) => a - b));
      expect(new Set(ats).size).toBe(3);
      expect(await log.head(topic)).toEqual(positions.at(-1));
      expect(await log.read(topic, positions.at(-1)!, 10)).toMatchObject({ entries: [] });
    });

    test('the head of a topic to which nobody ever wrote is a position that joins what comes', async () => {
      const { log, topic } = await opened(start);
      await log.append(`${topic}:other`, 'not this one');
      const head = await log.head(topic);
      expect(await log.read(topic, head, 10)).toMatchObject({ entries: [] });
      await log.append(`${topic}:other`, 'nor this one');
      await log.append(topic, 'this one');
      expect(textsOf(await log.read(topic, head, 10))).toEqual(['this one']);
    });

    test('a read goes on behind a position, in pages, and every entry joins the one before', async () => {
      const { log, topic } = await opened(start);
      const head = await log.head(topic);
      const texts = Array.from({ length: 25 }, (_, i) => `message ${i}`);
      const positions = await appendAll(log, topic, texts);
      const pages: (readonly Entry[])[] = [];
      for (let after: Position = head; ;) {
        const page = entriesOf(await log.read(topic, after, 10));
        if (page.length === 0) break;
        pages.push(page);
        after = page.at(-1)!;
      }
      expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
      expect(pages.flat().map(({ data }) => data)).toEqual(texts);
      expect(pages.flat().map(({ epoch, at }) => ({ epoch, at }))).toEqual(positions);
      expectChained(head, pages.flat());
      expect(textsOf(await log.read(topic, positions[20]!, 10))).toEqual(texts.slice(21));
    });

    test('a position of another epoch: a gap, and hearing goes on at the head', async () => {
      const { log, topic } = await opened(start);
      const position = await log.append(topic, 'a');
      const read = await log.read(topic, { epoch: 'another-life', at: position.at }, 10);
      expect(read).toEqual({ gap: 'epoch', head: position });
    });

    test('a position ahead of the log: a gap', async () => {
      const { log, topic } = await opened(start);
      const position = await log.append(topic, 'a');
      const read = await log.read(topic, { ...position, at: position.at + 1_000 }, 10);
      expect(read).toEqual({ gap: 'ahead', head: position });
    });

    test('more messages than are kept: a gap behind those, and none from just where they begin', async () => {
      const { log, topic } = await opened(start, { messages: 5 });
      const head = await log.head(topic);
      const positions = await appendAll(log, topic, ['1', '2', '3', '4', '5', '6', '7', '8']);
      expect(textsOf(await log.read(topic, positions[2]!, 10))).toEqual(['4', '5', '6', '7', '8']);
      expectChained(positions[2]!, entriesOf(await log.read(topic, positions[2]!, 10)));
      expectGap(await log.read(topic, positions[1]!, 10), 'trimmed', positions[7]!, missed(6));
      expectGap(await log.read(topic, head, 10), 'trimmed', positions[7]!, missed(8));
    });

    test('as many messages as are kept: no gap, from a head at which nobody had written', async () => {
      const { log, topic } = await opened(start, { messages: 5 });
      const head = await log.head(topic);
      await appendAll(log, topic, ['1', '2', '3', '4', '5']);
      expect(textsOf(await log.read(topic, head, 10))).toEqual(['1', '2', '3', '4', '5']);
    });

    test('messages older than are kept: a gap, and what comes joins the head', async () => {
      const { log, topic } = await opened(start, { maxAge: 200 });
      const [first, , last] = await appendAll(log, topic, ['1', '2', '3']);
      const isGone = async () => 'gap' in (await log.read(topic, first!, 10));
      await expect.poll(isGone, { timeout: 20_000, interval: 5 }).toBe(true);
      const head = await log.head(topic);
      expectGap(await log.read(topic, first!, 10), 'trimmed', head, missed(2));
      expect(head.at).toBeGreaterThanOrEqual(last!.at);
      expect(await log.read(topic, head, 10)).toMatchObject({ entries: [] });
    });

    test('a follower hears each message once, in order, and each joins the one before', async () => {
      const { log, topic } = await opened(start);
      await appendAll(log, topic, ['before', 'and before']);
      const heard = await followed(log, topic);
      const head = await log.head(topic);
      const texts = Array.from({ length: 50 }, (_, i) => `message ${i}`);
      const positions = await appendAll(log, topic, texts);
      await untilSo(() => heard.length >= 50);
      expect(heard.map(({ data }) => data)).toEqual(texts);
      expect(heard.map(({ epoch, at }) => ({ epoch, at }))).toEqual(positions);
      expectChained(head, heard);
    });

    test('nothing lies between following and the head that is asked for then', async () => {
      const { log, topic } = await opened(start);
      const before = await log.append(topic, 'somewhere');
      // What is written meanwhile lies on either side.
      const writing = appendAll(
        log,
        topic,
        Array.from({ length: 200 }, (_, i) => String(i)),
      );
      const heard = await followed(log, topic);
      const head = await log.head(topic);
      const last = (await writing).at(-1)!;
      await untilSo(() => heard.some(({ at }) => at === last.at));
      const all = await readAll(log, topic, before);
      const between = (entries: readonly Entry[]) => entries.filter(({ at }) => at > head.at).map(({ at }) => at);
      expect(between(heard)).toEqual(between(all));
    });

    test('who does not follow any more hears nothing, and others go on', async () => {
      const { log, topic } = await opened(start);
      const heard: Payload[] = [];
      const undo = await log.follow(topic, ({ data }) => heard.push(data));
      const other = await followed(log, topic);
      await log.append(topic, '1');
      await untilSo(() => heard.length === 1 && other.length === 1);
      undo();
      undo();
      await log.append(topic, '2');
      await untilSo(() => other.length === 2);
      const again = await followed(log, topic);
      await log.append(topic, '3');
      await untilSo(() => again.length === 1 && other.length === 3);
      expect(heard).toEqual(['1']);
    });

    test('a topic that nobody followed any more is followed again', async () => {
      const { log, topic } = await opened(start);
      for (const text of ['1', '2', '3']) {
        const heard: Payload[] = [];
        const undo = await log.follow(topic, ({ data }) => heard.push(data));
        await log.append(topic, text);
        await untilSo(() => heard.length > 0);
        expect(heard).toEqual([text]);
        undo();
      }
    });

    test('the same id is the same message', async () => {
      const { log, topic } = await opened(start);
      const head = await log.head(topic);
      const heard = await followed(log, topic);
      const id = 'an id: ü\r\n {}*>. 🦊';
      const first = await log.append(topic, 'once', { id });
      const between = await log.append(topic, 'between', { id: `${id}2` });
      expect(await log.append(topic, 'once', { id })).toEqual(first);
      const many = await Promise.all(Array.from({ length: 20 }, () => log.append(topic, 'many', { id: 'many' })));
      expect(new Set(many.map(({ at }) => at)).size).toBe(1);
      const elsewhere = await log.append(`${topic}:other`, 'elsewhere', { id });
      expect(textsOf(await log.read(topic, head, 10))).toEqual(['once', 'between', 'many']);
      expect(await log.head(`${topic}:other`)).toEqual(elsewhere);
      expect(between.at).toBeGreaterThan(first.at);
      await untilSo(() => heard.length >= 3);
      expect(heard.map(({ data }) => data)).toEqual(['once', 'between', 'many']);
    });

    test('topics do not mix, whatever they are called', async () => {
      const { log, topic } = await opened(start);
      const names =
        '__proto__ constructor a b A a.b a.b.c . .. a. .a / @ : - _ a_b a:b a/b a@b orders:42 https://example.com/a'
          .split(' ')
          .concat('entries', 'id', ':entries', ':id:1', 'x'.repeat(128), '.'.repeat(128));
      const ours = names.map((each) => (each.length === 128 ? each : `${topic}${each}`));
      const heads = await Promise.all(ours.map((each) => log.head(each)));
      const heard = await Promise.all(ours.map((each) => followed(log, each)));
      for (const each of ours) await log.append(each, `of ${each}`, { id: '1' });
      await untilSo(() => heard.every((entries) => entries.length > 0));
      const read = await Promise.all(ours.map((each, i) => log.read(each, heads[i]!, 10)));
      expect(read.map(textsOf)).toEqual(ours.map((each) => [`of ${each}`]));
      expect(heard.map((entries) => entries.map(({ data }) => data))).toEqual(ours.map((each) => [`of ${each}`]));
    });

    test.each<[string, Payload]>([
      ['text', 'some text'],
      ['no text', ''],
      ['text of many scripts', 'grüße, 世界, \u{1f98a}, \u0000, \r\n, \ufeff, \u2028'],
      ['a byte order mark first', '\ufefftext'],
      ['text that looks like a frame', 't1.2\n3'],
      ['a large text', 'ü'.repeat(200_000)],
      ['bytes', Uint8Array.from({ length: 256 }, (_, i) => i)],
      ['no bytes', new Uint8Array()],
      ['bytes that are text', new Uint8Array(Buffer.from('some text'))],
      ['a part of a buffer', new Uint8Array(Buffer.from('something larger')).subarray(5, 9)],
    ])('%s is read and heard as it was', async (_, data) => {
      const { log, topic } = await opened(start);
      const head = await log.head(topic);
      const heard = await followed(log, topic);
      const given = typeof data === 'string' ? data : new Uint8Array(data);
      await log.append(topic, data);
      // Whoever appends may use the bytes for something else.
      if (typeof data !== 'string') data.fill(0);
      await log.append(topic, 'and another');
      await untilSo(() => heard.length >= 2);
      // One by itself, and one of many: a log may read them in different ways.
      const read = [await log.read(topic, head, 1), await log.read(topic, head, 10)].map((each) => entriesOf(each)[0]!);
      for (const entry of [heard[0]!, ...read]) {
        expect(entry.data).toEqual(given);
        // Not a view on whatever else came with it.
        if (typeof entry.data !== 'string') expect(entry.data.buffer.byteLength).toBe(data.length);
      }
    });

    test('fifty writers: each message has a place of its own, and all hear the same order', async () => {
      const { log, topic } = await opened(start);
      const head = await log.head(topic);
      const heard = await followed(log, topic);
      const write = async (writer: number) => {
        const texts = Array.from({ length: 10 }, (_, i) => `${writer}: ${i}`);
        return [texts, await appendAll(log, topic, texts)] as const;
      };
      const written = await Promise.all(Array.from({ length: 50 }, (_, writer) => write(writer)));
      await untilSo(() => heard.length >= 500);
      const all = await readAll(log, topic, head);
      expect(heard).toEqual(all);
      expectChained(head, all);
      const places = new Map(all.map(({ at, data }) => [at, data]));
      expect(places.size).toBe(500);
      for (const [texts, positions] of written) {
        expect(positions.map(({ at }) => places.get(at))).toEqual(texts);
      }
    });

    test('once it is closed, nothing is heard, and nothing done', async () => {
      const rig = await start();
      const log = await rig.open();
      const topic = newTopic();
      const heard = await followed(log, topic);
      let resets = 0;
      log.onReset(() => (resets += 1));
      const position = await log.append(topic, 'a');
      await untilSo(() => heard.length === 1);
      await log.close();
      await log.close();
      const calls = [
        log.append(topic, 'b', { id: '1' }),
        log.head(topic),
        log.read(topic, position, 1),
        log.follow(topic, () => {}),
      ];
      const codes = await Promise.all(calls.map((call) => call.catch((error: LogError) => error.code)));
      expect(codes).toEqual(['closed', 'closed', 'closed', 'closed']);
      if (rig.engine !== undefined) {
        const other = await rig.open();
        const alsoHeard = await followed(other, topic);
        await other.append(topic, 'c');
        await untilSo(() => alsoHeard.length === 1);
      }
      expect([heard.length, resets]).toEqual([1, 0]);
    });
  });
}

/** What only those promise that are kept elsewhere. The rig is the same in all of it: each test leaves the engine as it was. */
export function describeEngine(name: string, start: () => Promise<Rig & { engine: Hands }>): void {
  describe(`a log in ${name}, which may be out of reach`, () => {
    test('two logs are one', async () => {
      const rig = await start();
      const [writer, reader] = [await rig.open(), await rig.open()];
      const topic = newTopic();
      const heard = await followed(reader, topic);
      const head = await reader.head(topic);
      const position = await writer.append(topic, 'a', { id: '1' });
      expect(await reader.append(topic, 'a', { id: '1' })).toEqual(position);
      await untilSo(() => heard.length === 1);
      expect(await reader.read(topic, head, 10)).toMatchObject({ entries: heard });
    });

    test('somebody drops all of it: another epoch, and everything goes on', async () => {
      const rig = await start();
      const log = await rig.open();
      const topic = newTopic();
      const heard = await followed(log, topic);
      const [, before] = await appendAll(log, topic, ['a', 'b']);
      await rig.engine.wipe();
      const head = await log.head(topic);
      expect(head.epoch).not.toBe(before!.epoch);
      expectGap(await log.read(topic, before!, 10), 'epoch', head);
      // As many as there were, and more: nothing of it is taken for what the position lacks.
      const after = await appendAll(log, topic, ['c', 'd', 'e']);
      expect(textsOf(await log.read(topic, head, 10))).toEqual(['c', 'd', 'e']);
      expectGap(await log.read(topic, before!, 10), 'epoch', after.at(-1)!);
      await untilSo(() => heard.at(-1)?.data === 'e');
      expect(heard.at(-1)).toMatchObject(after.at(-1)!);
    });

    test.each(['with what it has kept', 'with nothing'])('killed, and back %s: another life', async (back) => {
      const rig = await start();
      const log = await rig.open();
      const topic = newTopic();
      const heard = await followed(log, topic);
      const before = await log.append(topic, 'a');
      const reset = resetOf(log);
      await rig.engine.kill();
      if (back === 'with nothing') rig.engine.empty();
      await rig.engine.start();
      await reset;
      const head = await eventually(() => log.head(topic));
      expect(head.epoch).not.toBe(before.epoch);
      expectGap(await log.read(topic, before, 10), 'epoch', head);
      const after = await log.append(topic, 'b');
      await untilSo(() => heard.at(-1)?.data === 'b');
      expect(heard.at(-1)).toMatchObject(after);
      expectChained(head, heard.slice(-1));
    });

    test('down: everything is refused in time, and a message can be sent again when it is back', async () => {
      const rig = await start();
      const log = await rig.open();
      const topic = newTopic();
      const position = await log.append(topic, 'a');
      await rig.engine.kill();
      await expectUnavailable(log.append(topic, 'b', { id: 'of b' }), 'of b');
      await expectUnavailable(log.append(topic, 'c'));
      await expectUnavailable(log.head(topic));
      await expectUnavailable(log.read(topic, position, 10));
      const refused: Payload[] = [];
      await expectUnavailable(log.follow(topic, ({ data }) => refused.push(data)));
      await rig.engine.start();
      const head = await eventually(() => log.head(topic));
      await log.append(topic, 'b', { id: 'of b' });
      await log.append(topic, 'b', { id: 'of b' });
      expect(textsOf(await log.read(topic, head, 10))).toEqual(['b']);
      const heard = await eventually(() => followed(log, topic));
      await log.append(topic, 'd');
      await untilSo(() => heard.at(-1)?.data === 'd');
      expect(refused).toEqual([]);
    });

    test('standing still: everything is refused in time, and the same id finds out what became of a message', async () => {
      const rig = await start();
      const log = await rig.open();
      const topic = newTopic();
      const position = await log.append(topic, 'a');
      onTestFinished(() => rig.engine.resume());
      await rig.engine.pause();
      await Promise.all([
        expectUnavailable(log.append(topic, 'b', { id: 'of b' }), 'of b'),
        expectUnavailable(log.head(topic)),
        expectUnavailable(log.read(topic, position, 10)),
        expectUnavailable(log.follow(newTopic(), () => {})),
      ]);
      rig.engine.resume();
      await eventually(() => log.append(topic, 'b', { id: 'of b' }));
      await log.append(topic, 'b', { id: 'of b' });
      expect(textsOf(await log.read(topic, position, 10))).toEqual(['b']);
    });

    test('a line that is cut: followers are told when they hear again, and nothing is lost to who reads', async () => {
      const rig = await start();
      const proxy = await faultProxy(rig.engine.port);
      onTestFinished(() => proxy.close());
      const [writer, log] = [await rig.open(), await rig.open({ port: proxy.port })];
      const topic = newTopic();
      const heard = await followed(log, topic);
      const first = await writer.append(topic, '1');
      await untilSo(() => heard.length === 1);
      for (const round of ['a', 'b', 'c']) {
        const reset = resetOf(log);
        proxy.refuse();
        proxy.reset();
        await writer.append(topic, `${round}: missed`);
        proxy.accept();
        await reset;
        // Heard from here on, whatever the reset finds.
        const known = heard.length;
        await writer.append(topic, `${round}: heard`);
        await untilSo(() => heard.length > known);
        expect(heard.at(-1)?.data).toBe(`${round}: heard`);
      }
      const all = await eventually(() => readAll(log, topic, first));
      const texts = ['a', 'b', 'c'].flatMap((round) => [`${round}: missed`, `${round}: heard`]);
      expect(all.map(({ data }) => data)).toEqual(texts);
      expect(heard.every(({ at }, i) => at > (heard[i - 1]?.at ?? 0))).toBe(true);
    });

    test('what was given up while there was no line is not sent later', async () => {
      const rig = await start();
      const proxy = await faultProxy(rig.engine.port);
      onTestFinished(() => proxy.close());
      const [log, away] = [await rig.open(), await rig.open({ port: proxy.port })];
      const topic = newTopic();
      const head = await away.head(topic);
      proxy.refuse();
      proxy.reset();
      await expectUnavailable(away.append(topic, 'given up', { id: '1' }), '1');
      await expectUnavailable(away.append(topic, 'given up, too', { id: '2' }), '2');
      proxy.heal();
      await eventually(() => away.append(topic, 'sent', { id: '3' }));
      await away.append(topic, 'and sent');
      // The first may have been written to a line that was being cut.
      expect(textsOf(await log.read(topic, head, 10))).not.toContain('given up, too');
    });

    test('a line that goes silent: refused in time, and all is well when it comes back', async () => {
      const rig = await start();
      const proxy = await faultProxy(rig.engine.port);
      onTestFinished(() => proxy.close());
      const log = await rig.open({ port: proxy.port });
      const topic = newTopic();
      const position = await log.append(topic, 'a');
      const heard = await followed(log, topic);
      proxy.silence();
      await expectUnavailable(log.append(topic, 'b', { id: 'of b' }), 'of b');
      proxy.heal();
      await eventually(() => log.append(topic, 'b', { id: 'of b' }));
      expect(textsOf(await log.read(topic, position, 10))).toEqual(['b']);
      await untilSo(() => heard.at(-1)?.data === 'b');
    });
  });
}

let topics = 0;

/** To which nobody has written. */
export function newTopic(): string {
  topics += 1;
  return `topic-${topics}`;
}

async function opened(start: () => Promise<Rig> | Rig, options?: OpenOptions): Promise<{ log: Log; topic: string }> {
  const rig = await start();
  return { log: await rig.open(options), topic: newTopic() };
}

/** What is heard from now on. The array grows. */
export async function followed(log: Log, topic: string): Promise<readonly Entry[]> {
  const heard: Entry[] = [];
  await log.follow(topic, (entry) => heard.push(entry));
  return heard;
}

export async function appendAll(log: Log, topic: string, texts: readonly string[]): Promise<Position[]> {
  const positions: Position[] = [];
  for (const text of texts) positions.push(await log.append(topic, text));
  return positions;
}

export async function readAll(log: Log, topic: string, from: Position): Promise<Entry[]> {
  const all: Entry[] = [];
  for (;;) {
    const page = entriesOf(await log.read(topic, all.at(-1) ?? from, 100));
    if (page.length === 0) return all;
    all.push(...page);
  }
}

export function entriesOf(read: Read): readonly Entry[] {
  if ('gap' in read) throw new Error(`there is a gap: ${read.gap}`);
  return read.entries;
}

export function textsOf(read: Read): Payload[] {
  return entriesOf(read).map(({ data }) => data);
}

/** Each joins the position before it, and no other. */
export function expectChained(from: Position, entries: readonly Entry[]): void {
  let known = from;
  for (const entry of entries) {
    expect(entry.epoch).toBe(known.epoch);
    expect(entry.prev).toBeLessThanOrEqual(known.at);
    expect(entry.at).toBeGreaterThan(known.at);
    known = entry;
  }
  // One that is missing is noticed.
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 2] ?? (i === 1 ? from : undefined);
    if (before) expect(entry.prev).toBeGreaterThan(before.at);
  }
}

export function expectGap(read: Read, gap: string, head: Position, missed?: number): void {
  expect(read).toEqual({ gap, head, ...(missed === undefined ? {} : { missed }) });
}

/** Not within a time, but long before anybody gives up waiting. */
async function expectUnavailable(call: Promise<unknown>, id?: string): Promise<void> {
  const since = performance.now();
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LogError);
  expect(error).toMatchObject({ code: 'unavailable', id });
  expect(performance.now() - since).toBeLessThan(5 * patience);
}

/** The next reset. Call it before what brings it about. */
export function resetOf(log: Log): Promise<void> {
  return new Promise((resolve) => {
    const undo = log.onReset(() => {
      undo();
      resolve();
    });
  });
}

/** What comes of it, once the engine is there again. */
export async function eventually<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof LogError) || error.code !== 'unavailable') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
