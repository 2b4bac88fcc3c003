/**
 * The data plane: what becomes of what is sent, and how messages are heard.
 */
import { getEventListeners, once } from 'node:events';

import { describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';

import type { Connection, ConnectionEvents, ConnectOptions, Frame } from '../../adapters/index.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import {
  eventsOf,
  listen,
  messagesOf,
  open,
  speakIdHeartbeat,
  statesOf,
  textOf,
  uncaughtDuring,
  until,
  untilState,
} from '../helpers/support.ts';

/** A server that names its clients when it is told to, and all that it heard but heartbeats. */
async function rig(options: ConnectOptions = {}, { names = false } = {}) {
  const heard: (string | Buffer)[] = [];
  let name: (() => void) | undefined;
  const listening = await listen((socket, visit) => {
    socket.on('message', (data, isBinary) => {
      const text = textOf(data);
      if (text !== 'heartbeat') heard.push(isBinary ? (data as Buffer) : text);
    });
    name = () => speakIdHeartbeat(socket, `${visit}`);
    if (names) name();
  });
  const connection = open(listening.url, { heartbeat: { interval: 5_000 }, ...options });
  return {
    connection,
    heard,
    url: listening.url,
    accepted: listening.accepted,
    socket: () => listening.socket,
    /** Names the client and waits until it is alive. */
    open: async () => {
      const opened = connection.state === 'reconnecting' || heard.length > 0 ? undefined : until(connection, 'open');
      await untilState(connection, 'awaiting-id');
      await expect.poll(() => name, { timeout: 20_000, interval: 2 }).toBeDefined();
      name?.();
      await opened;
    },
  };
}

const hears = async (heard: unknown[], ...all: unknown[]): Promise<void> => {
  await expect.poll(() => heard, { timeout: 20_000, interval: 2 }).toEqual(all);
};

describe('the buffer', () => {
  test('what is sent before the id waits for it, in order, and is gone before anybody hears that it is open', async () => {
    const { connection, heard, open: named } = await rig();
    for (const text of ['one', 'two', 'three']) expect(connection.send(text)).toBe(true);
    expect(connection.bufferedAmount).toBe(11);
    connection.on('open', () => connection.send('four'));
    await untilState(connection, 'awaiting-id');
    expect(connection.send('and a half')).toBe(true);
    expect(heard).toEqual([]);
    await named();
    await hears(heard, 'one', 'two', 'three', 'and a half', 'four');
    await expect.poll(() => connection.bufferedAmount, { timeout: 20_000 }).toBe(0);
  });

  test('what is sent while reconnecting waits for the next visit', async () => {
    const { connection, heard, socket } = await rig({ backoff: { spread: 0, initial: 100 } }, { names: true });
    await until(connection, 'open');
    const restored = until(connection, 'restored');
    const lost = until(connection, 'lost');
    socket().terminate();
    await lost;
    expect(connection.state).toBe('reconnecting');
    expect(connection.send('later')).toBe(true);
    await restored;
    await hears(heard, 'later');
  });

  test('so many messages, and no more: refused, and nothing changes', async () => {
    const { connection, heard, open: named } = await rig({ buffer: { messages: 2 } });
    expect([connection.send('one'), connection.send('two')]).toEqual([true, true]);
    const before = connection.bufferedAmount;
    expect(connection.send('three')).toBe(false);
    expect(connection.bufferedAmount).toBe(before);
    await named();
    connection.send('four');
    await hears(heard, 'one', 'two', 'four');
  });

  test('so many bytes, as UTF-8 counts them, and no more', async () => {
    const { connection, heard, open: named } = await rig({ buffer: { bytes: 10 } });
    expect(connection.send('äö€')).toBe(true); // 2 + 2 + 3
    expect(connection.bufferedAmount).toBe(7);
    expect(connection.send('\u{1f600}')).toBe(false); // 4
    expect(connection.send('\ud800')).toBe(true); // sent as U+FFFD: 3
    expect(connection.bufferedAmount).toBe(10);
    expect(connection.send('x')).toBe(false);
    expect(connection.send('')).toBe(true);
    await named();
    await hears(heard, 'äö€', '\ufffd', '');
  });

  test.each([
    ['messages', { messages: 0 }],
    ['bytes', { bytes: 0 }],
  ])('no %s at all: nothing waits, and what is alive goes through', async (_, buffer) => {
    const { connection, heard, open: named } = await rig({ buffer });
    expect(connection.send('early')).toBe(false);
    await named();
    expect(connection.send('now')).toBe(true);
    await hears(heard, 'now');
  });

  test('a message larger than bytes goes through an idle open socket, and does not wait for one', async () => {
    const { connection, heard, open: named } = await rig({ buffer: { bytes: 100 } });
    const large = 'x'.repeat(10_000);
    expect(connection.send(large)).toBe(false);
    await named();
    expect(connection.send(large)).toBe(true);
    await hears(heard, large);
  });

  test('drain() hands back what waits, in order, and empties it', async () => {
    const { connection, heard, open: named } = await rig();
    const view = new Uint8Array([1, 2]);
    for (const data of ['one', view, 'three']) connection.send(data);
    expect(connection.drain()).toEqual(['one', new Uint8Array([1, 2]), 'three']);
    expect(connection.bufferedAmount).toBe(0);
    expect(connection.drain()).toEqual([]);
    connection.send('four');
    await named();
    await hears(heard, 'four');
    expect(connection.drain()).toEqual([]);
  });

  test('what waits is copied when it is handed over', async () => {
    const { connection, heard, open: named } = await rig();
    const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
    const view = new Uint8Array([5, 6, 7, 8]);
    connection.send(buffer);
    connection.send(view.subarray(1, 3));
    connection.send(new DataView(view.buffer, 3));
    expect(connection.bufferedAmount).toBe(7);
    new Uint8Array(buffer).fill(0);
    view.fill(0);
    await named();
    await hears(heard, Buffer.from([1, 2, 3, 4]), Buffer.from([6, 7]), Buffer.from([8]));
  });
});

describe('what can be sent', () => {
  const bytes = [1, 2, 255];
  const rows: [name: string, data: () => string | ArrayBuffer | ArrayBufferView | Blob, arrives: string | Buffer][] = [
    ['text', () => 'hellö', 'hellö'],
    ['no text', () => '', ''],
    ['an ArrayBuffer', () => new Uint8Array(bytes).buffer, Buffer.from(bytes)],
    ['no bytes', () => new ArrayBuffer(0), Buffer.alloc(0)],
    ['a Uint8Array', () => new Uint8Array(bytes), Buffer.from(bytes)],
    ['a view of a part', () => new Uint8Array([9, ...bytes, 9]).subarray(1, 4), Buffer.from(bytes)],
    ['a Uint16Array', () => new Uint16Array([1, 2]), Buffer.from(new Uint16Array([1, 2]).buffer)],
    ['a DataView', () => new DataView(new Uint8Array([9, ...bytes]).buffer, 1), Buffer.from(bytes)],
    ['a Buffer', () => Buffer.from(bytes), Buffer.from(bytes)],
    ['a Blob', () => new Blob([new Uint8Array(bytes)]), Buffer.from(bytes)],
  ];
  test.each(rows)('%s, held and handed over', async (_, data, arrives) => {
    const { connection, heard, open: named } = await rig();
    expect(connection.send(data())).toBe(true);
    expect(connection.bufferedAmount).toBe(Buffer.byteLength(arrives));
    await named();
    expect(connection.send(data())).toBe(true);
    await hears(heard, arrives, arrives);
  });

  const refused: [name: string, data: unknown][] = [
    ['number', 5],
    ['NaN', Number.NaN],
    ['undefined', undefined],
    ['null', null],
    ['object', { a: 1 }],
    ['array', ['x']],
    ['symbol', Symbol('x')],
    ['bigint', 5n],
    ['boolean', true],
    ['function', () => 'x'],
    ['String object', Object('x')],
    ['date', new Date(0)],
  ];
  test.each(refused)('not a %s: TypeError, in every state, and nothing else happens', async (_, data) => {
    const { connection, heard, open: named } = await rig();
    const throws = () => expect(() => connection.send(data as never)).toThrow(/^send: data must be a string, .* not /);
    throws();
    expect(connection.bufferedAmount).toBe(0);
    await named();
    throws();
    connection.send('fine');
    await hears(heard, 'fine');
    const closed = until(connection, 'closed');
    connection.close();
    throws();
    await closed;
    throws();
    expect(() => connection.send(data as never)).toThrow(TypeError);
  });
});

describe('drain', () => {
  test('is told once, when what was held has gone, and only after a refusal', async () => {
    const { connection, open: named } = await rig({ buffer: { messages: 2 } });
    const drains = eventsOf(connection, 'drain');
    connection.send('one');
    connection.send('two');
    connection.send('three');
    connection.send('four');
    expect(drains).toEqual([]);
    await named();
    await expect.poll(() => drains, { timeout: 20_000 }).toEqual([undefined]);
    connection.send('five');
    connection.reconnect();
    await until(connection, 'state', ({ state }) => state === 'awaiting-id');
    expect(drains).toHaveLength(1);
  });

  test('is not told where nobody was refused', async () => {
    const { connection, heard, open: named } = await rig({ buffer: { messages: 2 } });
    const drains = eventsOf(connection, 'drain');
    connection.send('one');
    connection.send('two');
    await named();
    await hears(heard, 'one', 'two');
    expect(drains).toEqual([]);
  });

  test('a listener can send again at once', async () => {
    const { connection, heard, open: named } = await rig({ buffer: { messages: 1 } });
    connection.send('one');
    expect(connection.send('two')).toBe(false);
    connection.on('drain', () => connection.send('two'));
    await named();
    await hears(heard, 'one', 'two');
  });

  test('alive with a peer that does not read: refused beyond bytes, and told when it reads again', async () => {
    const bound = 100_000;
    const { connection, heard, socket } = await rig({ buffer: { bytes: bound } }, { names: true });
    await until(connection, 'open');
    const drains = eventsOf(connection, 'drain');
    socket().pause();
    const chunk = 'x'.repeat(50_000);
    let sent = 0;
    // The kernel takes some megabytes first.
    await expect
      .poll(
        () => {
          for (let i = 0; i < 200 && connection.send(chunk); i += 1) sent += 1;
          return connection.bufferedAmount;
        },
        { timeout: 20_000, interval: 1 },
      )
      .toBeGreaterThan(bound / 2);
    while (connection.send(chunk)) sent += 1;
    expect(connection.bufferedAmount).toBeLessThanOrEqual(bound + 100);
    expect(connection.send('small')).toBe(connection.bufferedAmount + 5 <= bound);
    const before = drains.length;
    expect(connection.send(chunk)).toBe(false);
    expect(connection.state).toBe('alive');
    const drained = until(connection, 'drain');
    socket().resume();
    await drained;
    expect(connection.bufferedAmount).toBeLessThanOrEqual(bound / 2);
    expect(drains).toHaveLength(before + 1);
    expect(connection.send('last')).toBe(true);
    await expect.poll(() => heard.at(-1), { timeout: 20_000 }).toBe('last');
    expect(heard.filter((data) => data === chunk)).toHaveLength(sent);
  });

  test('a refusal outlives the line: told when what was held has gone over the next one', async () => {
    const { connection, heard, socket } = await rig(
      { buffer: { messages: 1 }, backoff: { spread: 0, initial: 50 } },
      { names: true },
    );
    await until(connection, 'open');
    const lost = until(connection, 'lost');
    socket().terminate();
    await lost;
    expect(connection.send('one')).toBe(true);
    expect(connection.send('two')).toBe(false);
    await until(connection, 'drain');
    await hears(heard, 'one');
  });
});

describe('closing', () => {
  test("send('bye'); close() delivers bye", async () => {
    const { connection, heard } = await rig({}, { names: true });
    await until(connection, 'open');
    const closed = until(connection, 'closed');
    connection.send('bye');
    connection.close();
    expect(connection.send('too late')).toBe(false);
    expect(await closed).toMatchObject({ wasClean: true, undelivered: { messages: 0, bytes: 0 } });
    expect(heard).toEqual(['bye']);
  });

  test('what was held is dropped, each once and in order, before closed, which counts it', async () => {
    const { connection } = await rig();
    const story: unknown[] = [];
    connection.on('dropped', ({ data, reason }) => story.push([data, reason]));
    connection.on('closed', ({ cause, undelivered }) => story.push([cause, undelivered]));
    connection.send('one');
    connection.send('zwö');
    connection.close();
    await expect
      .poll(() => story, { timeout: 20_000 })
      .toEqual([
        ['one', 'closed'],
        ['zwö', 'closed'],
        ['user-closed', { messages: 2, bytes: 7 }],
      ]);
    expect(connection.send('late')).toBe(false);
    expect(connection.bufferedAmount).toBe(0);
    expect(connection.drain()).toEqual([]);
  });

  test('what drain() took is not dropped', async () => {
    const { connection } = await rig();
    const dropped = eventsOf(connection, 'dropped');
    connection.send('one');
    connection.drain();
    const closed = until(connection, 'closed');
    connection.close();
    expect((await closed).undelivered).toEqual({ messages: 0, bytes: 0 });
    expect(dropped).toEqual([]);
  });

  test('nothing is received after close()', async () => {
    const { connection, socket } = await rig({}, { names: true });
    const messages = messagesOf(connection);
    await until(connection, 'open');
    socket().send('one');
    socket().send('two');
    connection.on('message', () => connection.close());
    const closed = until(connection, 'closed');
    await closed;
    expect(messages).toEqual(['one']);
  });

  test('closed is told once, and nothing after it', async () => {
    const { connection } = await rig({}, { names: true });
    await until(connection, 'open');
    const story: string[] = [];
    for (const type of ['state', 'closed', 'lost', 'retry', 'dropped', 'drain', 'restored'] as const)
      connection.on(type, () => story.push(type));
    const closed = until(connection, 'closed');
    connection.close();
    connection.close();
    await closed;
    connection.close();
    connection.reconnect();
    expect(connection.state).toBe('closed');
    expect(story).toEqual(['state', 'state', 'closed']);
  });

  test('asyncDispose closes and waits until it is done, also twice', async () => {
    const { connection, heard } = await rig({}, { names: true });
    await until(connection, 'open');
    connection.send('bye');
    await Promise.all([connection[Symbol.asyncDispose](), connection[Symbol.asyncDispose]()]);
    expect(connection.state).toBe('closed');
    await connection[Symbol.asyncDispose]();
    expect(heard).toEqual(['bye']);
  });
});

describe('for await', () => {
  const collect = async (connection: Connection) => {
    const all: Frame[] = [];
    for await (const message of connection) all.push(message);
    return all;
  };

  test('yields the messages in order, and ends when the connection is closed', async () => {
    const { connection, socket } = await rig({}, { names: true });
    const all = collect(connection);
    await until(connection, 'open');
    for (let i = 0; i < 100; i += 1) socket().send(`${i}`);
    const last = until(connection, 'message', (message) => message === '99');
    await last;
    connection.close();
    expect(await all).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
  });

  test('what came before the close is yielded to a reader who is behind', async () => {
    const { connection, socket } = await rig({}, { names: true });
    const all: Frame[] = [];
    const closed = until(connection, 'closed');
    const reading = (async () => {
      for await (const message of connection) {
        all.push(message);
        await closed;
      }
    })();
    await until(connection, 'open');
    for (const text of ['one', 'two', 'three']) socket().send(text);
    await until(connection, 'message', (message) => message === 'three');
    connection.close();
    await reading;
    expect(all).toEqual(['one', 'two', 'three']);
  });

  test('goes on through a loss', async () => {
    const { connection, socket } = await rig({ backoff: { spread: 0, initial: 50 } }, { names: true });
    const all = collect(connection);
    await until(connection, 'open');
    socket().send('one');
    await until(connection, 'message');
    const restored = until(connection, 'restored');
    socket().terminate();
    await restored;
    socket().send('two');
    await until(connection, 'message');
    connection.close();
    expect(await all).toEqual(['one', 'two']);
  });

  test('on a closed connection ends at once', async () => {
    const { connection } = await rig();
    const closed = until(connection, 'closed');
    connection.close();
    await closed;
    expect(await collect(connection)).toEqual([]);
  });

  test.each([
    ['messages', { messages: 10 }],
    ['bytes', { bytes: 100 }],
  ])(
    'is bounded by %s: RangeError for a reader that falls behind, after what it could still have',
    async (_, buffer) => {
      const { connection, socket } = await rig({ buffer }, { names: true });
      const all: Frame[] = [];
      const everything = until(connection, 'message', (message) => message === 'news 99');
      const reading = (async () => {
        for await (const message of connection) {
          all.push(message);
          await everything;
        }
      })();
      const failure = reading.then(
        () => undefined,
        (error: unknown) => error,
      );
      await until(connection, 'open');
      for (let i = 0; i < 100; i += 1) socket().send(`news ${i}`);
      expect(await failure).toBeInstanceOf(RangeError);
      expect(all.length).toBeGreaterThan(0);
      expect(all.length).toBeLessThan(25);
      expect(all).toEqual(Array.from(all, (_each, i) => `news ${i}`));
      expect(connection.state).toBe('alive');
    },
  );

  test('a message larger than bytes is no reader that fell behind', async () => {
    const { connection, socket } = await rig({ buffer: { bytes: 100 } }, { names: true });
    const all = collect(connection);
    await until(connection, 'open');
    const large = 'x'.repeat(1_000);
    socket().send(large);
    await until(connection, 'message');
    connection.close();
    expect(await all).toEqual([large]);
  });

  test('break removes its listeners: what comes later is not kept', async () => {
    const { connection, socket } = await rig({ buffer: { messages: 1 } }, { names: true });
    const reading = (async () => {
      for await (const message of connection) return message;
      return undefined;
    })();
    await until(connection, 'open');
    socket().send('one');
    expect(await reading).toBe('one');
    // Without the removal this would overflow a buffer nobody reads; a new reader hears what comes from now on.
    for (let i = 0; i < 10; i += 1) socket().send(`${i}`);
    await until(connection, 'message', (message) => message === '9');
    const again = (async () => {
      for await (const message of connection) return message;
      return undefined;
    })();
    socket().send('two');
    expect(await again).toBe('two');
  });

  test('two readers hear the same', async () => {
    const { connection, socket } = await rig({}, { names: true });
    const both = [collect(connection), collect(connection)];
    await until(connection, 'open');
    socket().send('one');
    socket().send('two');
    await until(connection, 'message', (message) => message === 'two');
    connection.close();
    expect(await Promise.all(both)).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]);
  });
});

describe('a signal', () => {
  test('aborted already: closed, aborted, told to those who listen, and nobody is dialled', async () => {
    const { url, accepted } = await listen();
    const connection = open(url, { signal: AbortSignal.abort() });
    expect(await until(connection, 'closed')).toMatchObject({ cause: 'aborted', code: 1006, wasClean: false });
    // Whoever was dialled before this one would have been seen by now.
    await until(open(url, { protocol: silent() }), 'open');
    expect(accepted).toHaveLength(1);
  });

  test.each(['alive', 'connecting', 'reconnecting'])('aborted while %s: closed, aborted', async (state) => {
    const controller = new AbortController();
    const { connection, socket } = await rig(
      { signal: controller.signal, backoff: { initial: 5_000, spread: 5_000 }, random: () => 0.9 },
      { names: true },
    );
    if (state !== 'connecting') await until(connection, 'open');
    if (state === 'reconnecting') socket().terminate();
    await untilState(connection, state as 'alive');
    const closed = until(connection, 'closed');
    connection.send('x');
    controller.abort(new Error('enough'));
    expect(connection.send('y')).toBe(false);
    expect(await closed).toMatchObject({ cause: 'aborted' });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('a closed connection leaves the signal alone', async () => {
    const { signal } = new AbortController();
    const { connection } = await rig({ signal }, { names: true });
    await until(connection, 'open');
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await connection[Symbol.asyncDispose]();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('listeners', () => {
  test('two connections do not cross', async () => {
    const heard = new Map<string | undefined, string>();
    const { url, server } = await listen((socket, visit) => {
      socket.on('message', (data) => heard.set(`${visit}`, textOf(data)));
      speakIdHeartbeat(socket, `${visit}`);
    });
    const [one, two] = [open(url), open(url)];
    await Promise.all([until(one, 'open'), until(two, 'open')]);
    const messages = [messagesOf(one), messagesOf(two)];
    const states = [statesOf(one), statesOf(two)];
    expect(one.id).not.toBe(two.id);
    one.send('from one');
    two.send('from two');
    await expect.poll(() => heard.size, { timeout: 20_000 }).toBe(2);
    expect(heard).toEqual(
      new Map([
        [one.id, 'from one'],
        [two.id, 'from two'],
      ]),
    );
    const last = [until(one, 'message'), until(two, 'message')];
    [...server.clients].forEach((socket, i) => socket.send(`to ${i + 1}`));
    await Promise.all(last);
    expect(messages).toEqual([[`to ${one.id}`], [`to ${two.id}`]]);
    await one[Symbol.asyncDispose]();
    expect(states).toEqual([['alive', 'closing', 'closed'], ['alive']]);
    expect(two.send('still')).toBe(true);
  });

  test.each(['message', 'state'] as const)('%s: undone is undone, once or twice', async (type) => {
    const { connection, socket } = await rig({}, { names: true });
    const heard: string[] = [];
    const undo = connection.on(type, () => heard.push('undone'));
    connection.on(type, () => heard.push('kept'));
    undo();
    undo();
    await until(connection, 'open');
    const message = until(connection, 'message');
    socket().send('news');
    await message;
    expect(new Set(heard)).toEqual(new Set(['kept']));
  });

  test.each(['message', 'open'] as const)('%s: one function listening twice is two listeners', async (type) => {
    const { connection, socket } = await rig({}, { names: true });
    let heard = 0;
    const listener = () => (heard += 1);
    const undo = connection.on(type, listener);
    connection.on(type, listener);
    undo();
    undo();
    await until(connection, 'open');
    const message = until(connection, 'message');
    socket().send('news');
    await message;
    expect(heard).toBe(1);
  });

  /** The first of three listeners undoes itself and the third, and adds a fourth. */
  const shuffle = <T extends 'message' | 'state'>(
    connection: Connection,
    type: T,
    name: (detail: ConnectionEvents[T]) => unknown,
  ) => {
    const told: string[] = [];
    const hear = (who: string) => (detail: ConnectionEvents[T]) => void told.push(`${who} ${String(name(detail))}`);
    let undoThird = () => {};
    const undoFirst = connection.on(type, (detail) => {
      hear('first')(detail);
      undoFirst();
      undoThird();
      connection.on(type, hear('late'));
    });
    connection.on(type, hear('second'));
    undoThird = connection.on(type, hear('third'));
    return told;
  };

  test('who comes or goes while a message is told, comes or goes for the next one', async () => {
    const { connection, socket } = await rig({}, { names: true });
    await until(connection, 'open');
    const told = shuffle(connection, 'message', (message) => message);
    const last = until(connection, 'message', (message) => message === 'b');
    socket().send('a');
    socket().send('b');
    await last;
    expect(told).toEqual(['first a', 'second a', 'third a', 'second b', 'late b']);
  });

  test('who comes or goes while a state is told, comes or goes for the next one', async () => {
    const { connection } = await rig({}, { names: true });
    await until(connection, 'open');
    await untilState(connection, 'alive');
    const told = shuffle(connection, 'state', ({ state }) => state);
    await connection[Symbol.asyncDispose]();
    expect(told).toEqual(['first closing', 'second closing', 'third closing', 'second closed', 'late closed']);
  });

  test('one that throws stops neither the others nor the connection, and its error surfaces', async () => {
    const told: unknown[] = [];
    const errors = await uncaughtDuring(async () => {
      const { connection, socket } = await rig({}, { names: true });
      for (const type of ['open', 'message', 'state'] as const) {
        connection.on(type, () => {
          throw new Error(`of ${type}`);
        });
        connection.on(type, () => told.push(type));
      }
      await until(connection, 'open');
      const message = until(connection, 'message');
      socket().send('news');
      await message;
      await connection[Symbol.asyncDispose]();
    });
    expect(told).toEqual(['state', 'open', 'state', 'message', 'state', 'state']);
    expect(errors.map((error) => (error as Error).message)).toEqual(told.map((type) => `of ${type as string}`));
  });

  test('binary comes as an ArrayBuffer, text as text', async () => {
    const { connection, socket } = await rig({}, { names: true });
    await until(connection, 'open');
    const messages = messagesOf(connection);
    const last = until(connection, 'message', (message) => message === 'last');
    socket().send(Buffer.from([1, 2]));
    socket().send(Buffer.alloc(0));
    socket().send('last');
    await last;
    expect(messages).toEqual([new Uint8Array([1, 2]).buffer, new ArrayBuffer(0), 'last']);
    expect(messages[0]).toBeInstanceOf(ArrayBuffer);
  });

  test('what came behind the name waits until the connection is open', async () => {
    const { url } = await listen((socket: WebSocket) => {
      socket.send('early');
      speakIdHeartbeat(socket, 'me');
      socket.send('late');
    });
    const connection = open(url);
    const story: string[] = [];
    connection.on('open', ({ id }) => story.push(`open ${id}`));
    connection.on('message', (message) => story.push(message as string));
    await until(connection, 'message', (message) => message === 'late');
    expect(story).toEqual(['open me', 'early', 'late']);
  });
});

test('a socket whose peer has begun to close is given nothing: what is sent then waits for the next visit', async () => {
  const { connection, heard, socket } = await rig({ backoff: { spread: 0, initial: 50 } }, { names: true });
  await until(connection, 'open');
  const lost = until(connection, 'lost');
  const ended = once(socket(), 'close');
  const sent: boolean[] = [];
  connection.on('message', () => {
    // In the turn after this one the close frame has been read.
    setImmediate(() => sent.push(connection.send('behind the close')));
  });
  socket().send('the last one');
  socket().close(1001);
  await ended;
  await lost;
  await expect.poll(() => heard, { timeout: 20_000 }).toEqual(['behind the close']);
  expect(sent).toEqual([true]);
});
