/** Messages as the app means them: decoded, validated, and typed as far as that goes. */
import { decode, encode } from '@msgpack/msgpack';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { z } from 'zod';

import {
  codec,
  type Codec,
  connect,
  type Connection,
  type ConnectOptions,
  type Frame,
  type Invalid,
  json,
  type Sendable,
  type StandardSchema,
} from '../../adapters/index.ts';
import { bytes, listen, speakIdHeartbeat, textOf, until, untilSo } from '../helpers/support.ts';

const nowhere = 'ws://127.0.0.1:1';

/** A connection with a codec, and all that is heard of it. */
async function begin<Receive, Send>(its: Codec<Receive, Send>, options: Omit<ConnectOptions, 'codec'> = {}) {
  let socket: WebSocket | undefined;
  const server = await listen((accepted) => {
    socket = accepted;
    speakIdHeartbeat(accepted, 'a');
  });
  const received: unknown[] = [];
  server.server.on('connection', (accepted) => {
    accepted.on('message', (data, isBinary) => received.push(isBinary ? data : textOf(data)));
  });
  const connection = connect(server.url, { closeTimeout: 200, ...options, codec: its });
  onTestFinished(() => connection[Symbol.asyncDispose]());
  const heard: unknown[] = [];
  const invalid: Invalid[] = [];
  connection.on('message', (message) => heard.push(message));
  const undo = connection.on('invalid', (detail) => invalid.push(detail));
  await new Promise<void>((resolve) => connection.once('open', () => resolve()));
  return { connection, heard, invalid, received, undo, say: (data: string | Uint8Array) => socket?.send(data) };
}

const News = { kind: 'news', text: 'hello' };

/** The same shapes, by three validators. */
const validators = {
  zod: { receive: z.object({ kind: z.literal('news'), text: z.string() }), send: z.object({ ask: z.number() }) },
  valibot: { receive: v.object({ kind: v.literal('news'), text: v.string() }), send: v.object({ ask: v.number() }) },
  arktype: { receive: type({ kind: "'news'", text: 'string' }), send: type({ ask: 'number' }) },
};

describe.each(Object.entries(validators))('json() with %s', (_, { receive, send }) => {
  test('what validates is heard and sent; what does not is `invalid`, with its path, and stops nothing', async () => {
    const { connection, heard, invalid, received, say } = await begin(
      json({ receive: receive as typeof validators.zod.receive, send: send as typeof validators.zod.send }),
    );
    say(JSON.stringify({ kind: 'news', text: 5 }));
    say('{');
    say(JSON.stringify(News));
    await untilSo(() => heard.length > 0);
    expect(heard).toEqual([News]);
    expect(invalid).toEqual([
      {
        direction: 'received',
        data: '{"kind":"news","text":5}',
        reason: expect.stringMatching(/^text: /),
        issues: expect.objectContaining({ length: 1 }),
        error: expect.any(TypeError),
      },
      {
        direction: 'received',
        data: '{',
        reason: expect.any(String),
        issues: undefined,
        error: expect.any(SyntaxError),
      },
    ]);

    expect(connection.send({ ask: 'how many?' } as never)).toBe(false);
    expect(Array.from(invalid[0]?.issues ?? [], ({ path = [] }) => Array.from(path, keyOf))).toEqual([['text']]);
    expect(invalid[2]).toMatchObject({
      direction: 'sent',
      data: { ask: 'how many?' },
      reason: expect.stringMatching(/^ask: /),
    });
    expect(connection.send({ ask: 5 })).toBe(true);
    await untilSo(() => received.includes('{"ask":5}'));
    expect(received.filter((each) => each !== 'heartbeat')).toEqual(['{"ask":5}']);
  });
});

test('what a validator makes of a message is what is heard, and what is sent', async () => {
  const { connection, heard, received, say } = await begin(
    json({
      receive: z.object({ at: z.string().transform((at) => new Date(at)) }),
      send: z.object({ to: z.date().transform((date) => date.getTime()) }),
    }),
  );
  expectTypeOf(connection).toEqualTypeOf<Connection<{ at: Date }, { to: Date }>>();
  say('{"at":"2026-01-01T00:00:00.000Z"}');
  await untilSo(() => heard.length > 0);
  expect(heard).toEqual([{ at: new Date('2026-01-01') }]);
  connection.send({ to: new Date(5) });
  await untilSo(() => received.includes('{"to":5}'));
});

test('JSON in UTF-8 is JSON; broken UTF-8 is invalid', async () => {
  const { heard, invalid, say } = await begin(json());
  say(new Uint8Array([0x22, 0xff, 0x22]));
  say(new Uint8Array(bytes('{"é":1}')));
  await untilSo(() => heard.length > 0);
  expect(heard).toEqual([{ é: 1 }]);
  expect(invalid).toEqual([expect.objectContaining({ data: expect.any(ArrayBuffer), error: expect.any(TypeError) })]);
});

test.each([
  [undefined, /^JSON has no word for undefined$/],
  [() => {}, /^JSON has no word for function$/],
  [Symbol('x'), /^JSON has no word for symbol$/],
  [5n, /BigInt/],
  [circular(), /circular/],
])('what JSON has no word for is refused, and nothing else happens: %o', async (message, reason) => {
  const { connection, invalid, received } = await begin(json());
  expect(connection.send(message)).toBe(false);
  expect(invalid).toEqual([
    { direction: 'sent', data: message, reason: expect.stringMatching(reason), error: expect.any(TypeError) },
  ]);
  connection.send('after');
  await untilSo(() => received.includes('"after"'));
  expect(received.filter((each) => each !== 'heartbeat')).toEqual(['"after"']);
});

function keyOf(step: PropertyKey | { key: PropertyKey }): PropertyKey {
  return typeof step === 'object' ? step.key : step;
}

function circular(): object {
  const self: Record<string, unknown> = {};
  self['self'] = self;
  return self;
}

test('every issue is told, with its path where it has one', async () => {
  const { connection, invalid } = await begin(
    json({ send: z.object({ a: z.object({ b: z.array(z.number()) }), c: z.string() }).refine(() => true) }),
  );
  connection.send({ a: { b: [1, 'x'] } } as never);
  const keyed: StandardSchema<string> = {
    '~standard': {
      version: 1,
      vendor: 'a test',
      validate: () => ({ issues: [{ message: 'wrong' }, { message: 'bad', path: [{ key: 'a' }, 0] }] }),
    },
  };
  const other = await begin(json({ send: keyed }));
  other.connection.send('x');
  expect([...invalid, ...other.invalid].map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^a\.b\.1: [^;]+; c: [^;]+$/),
    'wrong; a.0: bad',
  ]);
});

test('a validator that answers later finds every message invalid, and rejects nowhere', async () => {
  const later = (answer: () => Promise<never>): StandardSchema<string> => ({
    '~standard': { version: 1, vendor: 'a test', validate: answer },
  });
  const { connection, heard, invalid, say } = await begin(
    json({ receive: later(() => Promise.reject(new Error('later'))), send: later(() => new Promise(() => {})) }),
  );
  say('1');
  await untilSo(() => invalid.length > 0);
  expect(connection.send('x')).toBe(false);
  expect(heard).toEqual([]);
  expect(invalid.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('give it a synchronous one'),
    expect.stringContaining('give it a synchronous one'),
  ]);
});

test('MessagePack in four lines', async () => {
  const { connection, heard, received, say } = await begin(
    codec({
      decode: (frame) => decode(new Uint8Array(frame as ArrayBuffer)),
      encode: (message: { ask: number }) => encode(message),
    }),
  );
  expectTypeOf(connection).toEqualTypeOf<Connection<unknown, { ask: number }>>();
  say(encode(News));
  await untilSo(() => heard.length > 0);
  expect(heard).toEqual([News]);
  connection.send({ ask: 5 });
  await untilSo(() => received.some((each) => typeof each === 'object'));
  expect(decode(received.find((each) => typeof each === 'object') as Uint8Array)).toEqual({ ask: 5 });
});

test('a codec may be an object of a class, throw anything, and answer with what no WebSocket takes', async () => {
  class Own {
    readonly prefix = 'own:';
    decode(frame: Frame): string {
      // oxlint-disable-next-line typescript/only-throw-error
      if (frame === 'nothing') throw null;
      // oxlint-disable-next-line typescript/only-throw-error
      if (frame === 'text') throw 'a text';
      return this.prefix + (frame as string);
    }
    encode(message: unknown): Sendable {
      return message as Sendable;
    }
  }
  const { connection, heard, invalid, say } = await begin(codec(new Own()));
  for (const each of ['nothing', 'text', 'news']) say(each);
  await untilSo(() => heard.length > 0);
  expect(heard).toEqual(['own:news']);
  expect(connection.send(5)).toBe(false);
  expect(invalid.map(({ reason }) => reason)).toEqual(['null', 'a text', expect.any(String)]);
});

test('where nobody listens to `invalid`, the first one is a warning, which quotes nothing of it', async () => {
  const { connection, heard, undo, say } = await begin(json());
  const warnings: unknown[] = [];
  connection.on('warning', (warning) => warnings.push(warning));
  undo();
  for (const each of ['secret', 'secret', '1']) say(each);
  await untilSo(() => heard.length > 0);
  expect(warnings).toEqual([
    { code: 'invalid', message: 'a message that came is invalid, and nobody listens to `invalid` to hear why' },
  ]);
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const other = connect(nowhere, { codec: json(), retries: 0 });
  expect([other.send(undefined), other.send(undefined)]).toEqual([false, false]);
  expect(warn.mock.calls).toEqual([
    ['systole: a message that was to be sent is invalid, and nobody listens to `invalid` to hear why'],
  ]);
  other.close();
});

test('`for await` gives what is decoded, within the bounds of what it was decoded from', async () => {
  const { connection, say } = await begin(json({ receive: z.number() }), { buffer: { bytes: 100 } });
  const numbers: number[] = [];
  const reading = (async () => {
    for await (const each of connection) numbers.push(each);
  })();
  const last = new Promise<void>((resolve) => connection.on('message', (each) => each === 3 && resolve()));
  for (const each of ['1', 'no', '2', '3']) say(each);
  await last;
  connection.close();
  await reading;
  expect(numbers).toEqual([1, 2, 3]);

  const slow = await begin(json(), { buffer: { bytes: 100 } });
  const reader = slow.connection[Symbol.asyncIterator]();
  const first = reader.next();
  for (let i = 0; i < 20; i += 1) slow.say(JSON.stringify('x'.repeat(20)));
  await untilSo(() => slow.heard.length === 20);
  expect(await first).toMatchObject({ done: false });
  await expect(
    (async () => {
      for (let step = await reader.next(); step.done !== true; step = await reader.next());
    })(),
  ).rejects.toThrow(/the reader fell behind/);
});

test('listeners come and go; after `close()` nothing is decoded any more', async () => {
  let decoded = 0;
  const { connection, heard, say } = await begin(
    codec({ decode: (frame) => ((decoded += 1), frame), encode: (message: string) => message }),
  );
  const once: Frame[] = [];
  connection.once('message', (message) => once.push(message));
  say('1');
  say('2');
  await untilSo(() => heard.length === 2);
  expect(once).toEqual(['1']);
  const closed = until(connection as never, 'closed');
  connection.close();
  say('3');
  await closed;
  expect({ decoded, heard }).toEqual({ decoded: 2, heard: ['1', '2'] });
  expect(connection.send('late')).toBe(false);
});

test('what is no codec, and what is no schema, is refused by name', () => {
  const plain = { decode: String, encode: String };
  expect(() => connect(nowhere, { codec: plain as never })).toThrow(
    new TypeError('codec must be json(), or codec({ decode, encode })'),
  );
  expect(() => json({ receive: { parse: String } as never })).toThrow(/^receive must be a validator that follows/);
  expect(() => json({ receive: null as never })).toThrow(/^receive must be a validator/);
  expect(() => json({ sent: z.string() } as never)).toThrow(/^sent is not an option: there are receive, send$/);
});

test('types: what a codec guarantees is claimed, and nothing else', () => {
  const receive = z.object({ news: z.string() });
  const send = z.object({ ask: z.number().default(5) });
  type Got = { news: string };
  type Asked = { ask?: number | undefined };

  // Compiled, never called.
  const compiled = () => {
    expectTypeOf(connect(nowhere)).toEqualTypeOf<Connection>();
    expectTypeOf(connect(nowhere, { codec: json() })).toEqualTypeOf<Connection<unknown, unknown>>();
    expectTypeOf(connect(nowhere, { codec: json({ receive }) })).toEqualTypeOf<Connection<Got, unknown>>();
    const connection = connect(nowhere, { codec: json({ receive, send }) });
    expectTypeOf(connection).toEqualTypeOf<Connection<Got, Asked>>();
    connection.on('message', (message) => expectTypeOf(message).toEqualTypeOf<Got>());
    connection.send({});
    // What is sent may be claimed: the compiler sees to it.
    connect<unknown, { ask: number }>(nowhere, { codec: json() }).send({ ask: 5 });
    connect<Got, { ask: number }>(nowhere, { codec: json({ receive }) }).send({ ask: 5 });
  };
  void compiled;

  // Compiled, never called.
  const uncompilable = (connection: Connection<Got, Asked>, its: Codec<Got, Asked>) => {
    // @ts-expect-error without a codec nothing is claimed
    connect<Got>(nowhere);
    // @ts-expect-error nor with one that does not validate
    connect<Got, Asked>(nowhere, { codec: json() });
    // @ts-expect-error a codec for the other direction
    connect<Asked, Got>(nowhere, { codec: its });
    // @ts-expect-error two functions are not a codec yet
    connect(nowhere, { codec: { decode: String, encode: String } });
    // @ts-expect-error a wrong message
    connection.send({ ask: '5' });
    // @ts-expect-error a message of the other direction
    connection.send({ news: 'x' });
    // @ts-expect-error text, where objects are sent
    connection.send('{"ask":5}');
    // @ts-expect-error an event that is not there
    connection.on('messages', () => {});
    // @ts-expect-error a field that no message has
    connection.on('message', ({ text }) => text);
    // @ts-expect-error of what JSON has, nothing is known
    connect(nowhere, { codec: json() }).on('message', ({ news }) => news);
    // @ts-expect-error likewise
    connection.once('message', (message: number) => message);
    // @ts-expect-error no snapshot is changed
    connection.snapshot.state = 'alive';
    // @ts-expect-error what is no schema
    json({ receive: { parse: String } });
  };
  expect(uncompilable).toBeTypeOf('function');
});
