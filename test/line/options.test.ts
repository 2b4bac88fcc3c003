/**
 * Misuse is an exception that names what is at fault; bad URLs fail as `WebSocket` itself fails; and what must not compile does not.
 */
import { once } from 'node:events';
import { Agent } from 'node:http';
import { runInNewContext } from 'node:vm';

import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';

import { systemClock } from '../../adapters/clock.ts';
import {
  type Amount,
  type Cause,
  connect,
  type Connection,
  type ConnectionEvents,
  type ConnectOptions,
  type Frame,
  type State,
} from '../../adapters/index.ts';
import { connectionInput, type ConnectionOptions } from '../../adapters/index.websocket.ts';
import { nativePing } from '../../adapters/protocols/native-ping.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import type { WebSocketClass } from '../../adapters/web-socket.ts';
import { eventsOf, listen, open, uncaughtDuring, until, untilSo } from '../helpers/support.ts';
import { steppedClock } from '../kit/clock.ts';

/** Nobody listens here, and nothing here dials it. */
const nowhere = 'ws://127.0.0.1:9/';

const refusal = (options: unknown): unknown => thrown(() => connect(nowhere, options as ConnectOptions));

function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

type MisuseRow = [path: string, options: unknown, type: typeof TypeError | typeof RangeError];

const each = (
  paths: readonly string[],
  values: readonly unknown[],
  type: typeof TypeError | typeof RangeError,
): MisuseRow[] =>
  paths.flatMap((path) =>
    values.map((value): MisuseRow => {
      const [outer = '', inner] = path.split('.');
      return [path, { [outer]: inner === undefined ? value : { [inner]: value } }, type];
    }),
  );

const positive = ['heartbeat.interval', 'heartbeat.timeout', 'connectTimeout', 'idTimeout'];
const fromZero = ['closeTimeout', 'stableAfter', 'backoff.initial', 'backoff.max', 'backoff.spread'];
const numbers = [
  ...positive,
  ...fromZero,
  'heartbeat.maxAge',
  'backoff.factor',
  'retries',
  'buffer.messages',
  'buffer.bytes',
];
const objects = ['heartbeat', 'buffer', 'backoff'];
const notNumbers = ['1000', null, true, {}, 5n, () => 5, Symbol('5')];

const platform = { now: () => 0, wallTime: () => 0, setInterval: () => 0, clearInterval: () => {} };
/** The object without each of what it needs in turn. */
const allButOne = (object: object, names: string[]) => names.map((name) => ({ ...object, [name]: undefined }));

describe('a bad option is named', () => {
  const rows: MisuseRow[] = [
    ...each(numbers, notNumbers, TypeError),
    ...each(numbers, [Number.NaN, -1, -Infinity], RangeError),
    ...each([...positive, 'heartbeat.maxAge'], [0, -0], RangeError),
    ...each([...positive, ...fromZero], [Infinity, 2 ** 31], RangeError),
    ...each(['backoff.factor'], [0.99, 1_001, Infinity], RangeError),
    ...each(['retries'], [1.5], RangeError),
    ...each(objects, ['x', true, null], TypeError),
    ...each(objects, [5], TypeError),
    ...each(['heartbeat', 'buffer'], [() => 5], TypeError),
    ...each(['buffer.overflow'], ['drop-newest', '', null], TypeError),
    ...each(['shouldReconnect', 'WebSocket', 'random'], ['x', null, {}, true], TypeError),
    ...each(['shouldReconnect', 'WebSocket', 'random'], [5], RangeError),
    ...each(['protocol'], ['id-heartbeat', null, {}, () => ({}), true], TypeError),
    ...each(['protocols'], [[5], ['a', null], {}, true], TypeError),
    ...each(['buffer.maxAge'], notNumbers, TypeError),
    ...each(['buffer.maxAge'], [Number.NaN, -1, 0], RangeError),
    ...each(['headers'], ['a: b', null, { a: 5 }, { a: ['b'] }], TypeError),
    ...each(['clock'], ['x', null, {}, ...allButOne(steppedClock(), ['now', 'setTimeout', 'clearTimeout'])], TypeError),
    ...each(['lifecycle.platform'], ['x', null, ...allButOne(platform, Object.keys(platform))], TypeError),
    ...each(['signal'], ['x', null, {}, { aborted: true }], TypeError),
    ...each(['inspect'], ['x', null, true], TypeError),
    ...each(['lifecycle'], ['x', null, 5, () => true], TypeError),
    ...each(['lifecycle.whileHidden'], ['x', null, true], TypeError),
    ...each(['timeout', 'heartbeatInterval', 'toString', '__proto__x', 'url'], [1, undefined], TypeError),
    ...each(['heartbeat.intervall', 'backoff.jitter', 'buffer.constructor', 'heartbeat.liveness'], [1], TypeError),
  ];
  test.each(rows)('%s: %o', (path, options, type) => {
    const error = refusal(options);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(new RegExp(`^${path.replaceAll('.', '\\.')} (must be|is not an option)`));
  });

  test.each([null, 'x', 5, true])('options: %o', (options) => {
    const error = refusal(options);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toBe('options must be an object');
  });

  test.each([
    ['heartbeat.interval', 0, 'a number of milliseconds above 0 and at most 2147483647'],
    ['heartbeat.maxAge', 0, 'a number of milliseconds above 0, or Infinity'],
    ['closeTimeout', -1, 'a number of milliseconds from 0 to 2147483647'],
    ['retries', 1.5, 'a whole number from 0, or Infinity'],
    ['backoff', 'x', 'an object or a function'],
    ['backoff.factor', 0, 'a number from 1 to 1000'],
    ['buffer', 'x', 'an object'],
    ['buffer.bytes', -1, 'a number from 0, or Infinity'],
    ['buffer.overflow', 'x', "'reject' or 'drop-oldest'"],
    ['buffer.maxAge', 0, 'a number of milliseconds above 0, or Infinity'],
    ['lifecycle', 'x', 'true, false or an object'],
    ['lifecycle.whileHidden', 'x', "'dial' or 'hold'"],
    ['lifecycle.platform', {}, 'an object with now(), wallTime(), setInterval(), clearInterval()'],
    ['random', null, 'a function'],
    ['protocol', {}, 'a protocol, such as idHeartbeat()'],
    ['protocols', true, 'a string, strings, or a function that answers with them'],
    [
      'headers',
      null,
      'an object of strings, Headers, a Map, or pairs, with names and values that HTTP can carry; or a function that answers with them',
    ],
    ['clock', {}, 'an object with now(), setTimeout(), clearTimeout()'],
    ['signal', null, 'an AbortSignal'],
    ['inspect', null, 'a function or an observer'],
  ])('%s, which is not %o: told what it must be', (path, value, takes) => {
    const [outer = '', inner] = path.split('.');
    expect(refusal({ [outer]: inner === undefined ? value : { [inner]: value } })).toMatchObject({
      message: `${path} must be ${takes}`,
    });
  });

  test('with the options there are', () => {
    expect(refusal({ heartbeat: { intervall: 1 } })).toMatchObject({
      message: 'heartbeat.intervall is not an option: there are interval, timeout, maxAge',
    });
  });

  test('nothing was dialled', async () => {
    const { url, accepted } = await listen();
    expect(() => connect(url, { retries: -1 })).toThrow(RangeError);
    const socket = new WebSocket(url);
    await once(socket, 'open');
    expect(accepted).toHaveLength(1);
    socket.close();
  });

  test('undefined is as if left out, everywhere', async () => {
    const nothing = Object.fromEntries(
      ['protocols', 'headers', 'connectTimeout', 'retries', 'WebSocket', 'clock', 'random', 'signal', 'inspect'].map(
        (name) => [name, undefined],
      ),
    );
    const { url } = await listen();
    const connection = open(url, {
      ...nothing,
      protocol: silent(),
      heartbeat: { interval: undefined, timeout: undefined, maxAge: undefined } as never,
      backoff: { initial: undefined, max: undefined } as never,
      buffer: { messages: undefined, bytes: undefined, overflow: undefined } as never,
      closeTimeout: undefined as never,
    });
    connection.send('held');
    await until(connection, 'open');
    expect(connection.actor.getSnapshot().context.settings).toMatchObject({
      heartbeat: { interval: 60_000, timeout: 10_000, maxAge: 60_000 },
      connectTimeout: 5_000,
      idTimeout: 5_000,
      closeTimeout: 2_000,
      stableAfter: 5_000,
      backoff: { initial: 500, max: 30_000, factor: 2, spread: 1_000 },
      retries: Infinity,
    });
  });

  test('what lies at the edge is taken', async () => {
    const { url } = await listen();
    const connection = open(url, {
      protocol: silent(),
      heartbeat: { interval: 2 ** 31 - 1, timeout: Number.MIN_VALUE, maxAge: Infinity },
      closeTimeout: 0,
      stableAfter: 0,
      retries: 0,
      backoff: { initial: 0, max: 0, spread: 0, factor: 1 },
      buffer: { messages: Infinity, bytes: Infinity },
    });
    expect(await until(connection, 'open')).toEqual({ id: undefined });
  });
});

test.each<ConnectionOptions>([
  { closeTimeout: 2 ** 31 - 1 },
  { retries: Infinity },
  { backoff: {} },
  { backoff: { factor: 1_000 } },
  { backoff: () => 5 },
  { buffer: { messages: 0, bytes: 0, maxAge: Number.MIN_VALUE, overflow: 'drop-oldest' } },
  { lifecycle: {} },
  { lifecycle: true },
  { lifecycle: { whileHidden: 'dial', platform } },
  { lifecycle: { whileHidden: 'hold' } },
  { clock: steppedClock() },
  // What cannot be made a WebSocket of is a dial that fails.
  { WebSocket: (() => {}) as never },
])('%o is taken', (options) => {
  expect(connectionInput(nowhere, options).line).toBeDefined();
});

describe('lifecycle', () => {
  const seen = { ...platform, document: Object.assign(new EventTarget(), { visibilityState: 'hidden' }) };
  const obstacle = (options: ConnectionOptions) => connectionInput(nowhere, options).line.obstacle();

  test('is that of the platform, unless it is another one or none', () => {
    vi.stubGlobal('navigator', { onLine: false });
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(obstacle({})).toBe('offline');
    expect(obstacle({ lifecycle: true })).toBe('offline');
    expect(obstacle({ lifecycle: {} })).toBe('offline');
    expect(obstacle({ lifecycle: { platform } })).toBeUndefined();
    expect(obstacle({ lifecycle: false })).toBeUndefined();
  });

  test('holds the dials of a hidden page only where it is told to', () => {
    expect(obstacle({ lifecycle: { platform: seen } })).toBeUndefined();
    expect(obstacle({ lifecycle: { platform: seen, whileHidden: 'dial' } })).toBeUndefined();
    expect(obstacle({ lifecycle: { platform: seen, whileHidden: 'hold' } })).toBe('unseen');
  });

  test('false: a life without it', async () => {
    const { url } = await listen();
    const errors = await uncaughtDuring(async () => {
      const connection = open(url, { protocol: silent(), lifecycle: false });
      await until(connection, 'open');
      const closed = until(connection, 'closed');
      connection.close();
      await closed;
    });
    expect(errors).toEqual([]);
  });
});

describe("the app's own backoff", () => {
  const loss = { cause: 'refused', attempt: 1, code: 1006, reason: '', wasClean: false, random: 0 } as const;
  const answer = (backoff: () => number) => {
    const input = connectionInput(nowhere, { backoff }) as { backoff: (attempt: number, why: typeof loss) => number };
    return input.backoff(1, loss);
  };

  test('is asked, and one that has no answer leaves it to the default', () => {
    expect(answer(() => 42)).toBe(42);
    expect(answer(() => 0)).toBe(0);
    expect(answer(() => undefined as never)).toBeNaN();
  });

  test('one that throws has no answer, and its error surfaces', async () => {
    const oops = new Error('thrown by backoff');
    const errors = await uncaughtDuring(async () => {
      expect(
        answer(() => {
          throw oops;
        }),
      ).toBeNaN();
    });
    expect(errors).toEqual([oops]);
  });
});

test("the platform's clock: epoch ms, twice over, and timers that can be taken back", async () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
  expect(Math.abs(systemClock.wallTime() - Date.now())).toBeLessThan(1_000);
  const rung: string[] = [];
  systemClock.clearTimeout(systemClock.setTimeout(() => rung.push('taken back'), 0));
  await new Promise((resolve) => systemClock.setTimeout(() => resolve(rung.push('kept')), 5));
  expect(rung).toEqual(['kept']);
});

describe('a bad URL fails as with WebSocket', () => {
  // Node's own class where it has one (22 and later), `ws` elsewhere.
  const Standard = (globalThis.WebSocket ?? WebSocket) as new (url: string) => unknown;

  const bad = [
    '',
    'push',
    '/push',
    '//example.com',
    'example.com:80',
    'ftp://example.com/?token=s3cret',
    'mailto:me@example.com',
    'ws://',
    'ws://example.com:99999/?token=s3cret',
    'ws://exa mple.com/?token=s3cret',
    'ws://[::1/?token=s3cret',
    'ws://127.0.0.1:9/?token=s3cret#here',
    'http://127.0.0.1:9/#s3cret',
    'javascript:0',
    'data:,x',
  ];
  test.each(bad)('%s', (url) => {
    const theirs = thrown(() => new Standard(url));
    const ours = thrown(() => connect(url));
    expect(theirs).toMatchObject({ name: 'SyntaxError' });
    expect(ours).toMatchObject({ name: 'SyntaxError' });
    expect(ours).toBeInstanceOf(DOMException);
    expect((ours as DOMException).message).toMatch(/^the URL/);
    expect((ours as DOMException).message).not.toContain('s3cret');
  });

  test('an empty fragment is one too, which `ws` lets pass', () => {
    expect(thrown(() => connect('ws://127.0.0.1:9/#'))).toMatchObject({ name: 'SyntaxError' });
  });

  test.each([undefined, null, 5, {}, [], true])('%o', (url) => {
    expect(thrown(() => connect(url as never))).toMatchObject({ name: 'SyntaxError' });
  });

  const taken: ((port: number) => string | URL)[] = [
    (port) => `ws://127.0.0.1:${port}`,
    (port) => `http://127.0.0.1:${port}/`,
    (port) => `HTTP://127.0.0.1:${port}/`,
    (port) => `  ws://127.0.0.1:${port}/\n`,
    (port) => new URL(`ws://127.0.0.1:${port}/`),
    (port) => new URL(`http://127.0.0.1:${port}/`),
    (port) => `ws:127.0.0.1:${port}`,
  ];
  test.each(taken)('%s is taken', async (of) => {
    const { port, accepted } = await listen();
    await until(open(of(port), { protocol: silent() }), 'open');
    await until(
      open(() => of(port), { protocol: silent() }),
      'open',
    );
    expect(accepted).toHaveLength(2);
  });

  test('the path and the query arrive', async () => {
    let path: string | undefined;
    const { port } = await listen((_, __, request) => (path = request.url));
    await until(open(`http://127.0.0.1:${port}/a%20b?c=d&c=%23`, { protocol: silent() }), 'open');
    expect(path).toBe('/a%20b?c=d&c=%23');
  });
});

describe('subprotocols', () => {
  test.each([[''], ['a b'], ['a,b'], ['ä'], ['a\n'], [['a', 'a']], [['a', 'b c']]])('%o is refused', (protocols) => {
    expect(thrown(() => new WebSocket(nowhere, protocols))).toMatchObject({ name: 'SyntaxError' });
    const error = thrown(() => connect(nowhere, { protocols }));
    expect(error).toMatchObject({ name: 'SyntaxError' });
    expect(error).toBeInstanceOf(DOMException);
    expect((error as DOMException).message).toMatch(/^protocols: /);
  });

  test.each([
    [undefined, undefined],
    [[], undefined],
    ['mine', 'mine'],
    [['a', 'b'], 'a,b'],
  ])('%o is offered', async (protocols, header) => {
    let offered: unknown;
    const { url } = await listen((_, __, request) => (offered = request.headers['sec-websocket-protocol']));
    await until(open(url, { protocol: silent(), protocols }), 'open');
    expect(offered).toBe(header);
  });
});

describe('headers', () => {
  test('are sent', async () => {
    let heard: unknown;
    const { url } = await listen((_, __, request) => (heard = request.headers['x-token']));
    await until(open(url, { protocol: silent(), headers: { 'X-Token': 's3cret' } }), 'open');
    expect(heard).toBe('s3cret');
  });

  test.each<[what: string, headers: ConnectOptions['headers'], token: string]>([
    ['an object', { 'X-Token': 's3cret' }, 's3cret'],
    ['Headers', new Headers({ 'X-Token': 's3cret' }), 's3cret'],
    ['a Map', new Map([['X-Token', 's3cret']]), 's3cret'],
    ['pairs', [['X-Token', 's3cret']], 's3cret'],
    [
      'one name twice',
      [
        ['X-Token', 'a'],
        ['X-Token', 'b'],
      ],
      'a, b',
    ],
    ['an object without a prototype', Object.assign(Object.create(null), { 'X-Token': 's3cret' }), 's3cret'],
    ['Headers of another realm', runInNewContext("new Map([['X-Token', 's3cret']])"), 's3cret'],
    ['a function', () => ({ 'X-Token': 's3cret' }), 's3cret'],
    ['a promise', async () => new Headers({ 'X-Token': 's3cret' }), 's3cret'],
  ])('%s: sent', async (_, headers, token) => {
    let heard: unknown;
    const { url } = await listen((_socket, _visit, request) => (heard = request.headers['x-token']));
    await until(open(url, { protocol: silent(), headers }), 'open');
    expect(heard).toBe(token);
  });

  test('are read when they are given: what becomes of the object later changes nothing', async () => {
    const heard: unknown[] = [];
    const { url } = await listen((socket, visit, request) => {
      heard.push(request.headers['x-token']);
      if (visit === 1) socket.terminate();
    });
    const headers = { 'X-Token': 'first' };
    open(url, { protocol: silent(), headers, backoff: { initial: 10, spread: 0 } });
    headers['X-Token'] = 'second';
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual(['first', 'first']);
  });

  test('a function is asked before every dial, with a signal; what it throws, or answers badly, is a dial that failed', async () => {
    const heard: unknown[] = [];
    const { url } = await listen((socket, visit, request) => {
      heard.push(request.headers['x-token']);
      if (visit === 1) socket.terminate();
    });
    const answers = [
      () => ({ 'X-Token': 'a' }),
      () => {
        throw new TypeError('s3cret');
      },
      () => Promise.reject(new Error('s3cret')),
      () => 's3cret',
      () => ({ 'X-Token': 's3cret\r\n' }),
      () => ({ 'X-Token': 'b' }),
    ];
    const signals: boolean[] = [];
    const connection = open(url, {
      protocol: silent(),
      headers: ({ signal }) => {
        signals.push(signal.aborted);
        return answers.shift()!() as never;
      },
      backoff: { initial: 10, max: 10, spread: 0 },
    });
    const retries = eventsOf(connection, 'retry');
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual(['a', 'b']);
    expect(retries.map(({ cause, reason }) => `${cause}: ${reason}`)).toEqual([
      'url-failed: the headers function threw TypeError',
      'url-failed: the headers function rejected with Error',
      'url-failed: the headers function must return names and values that HTTP can carry',
      'url-failed: the headers function must return names and values that HTTP can carry',
    ]);
    expect(signals).toEqual([false, false, false, false, false, false]);
  });

  test('connectTimeout counts the asking, and the signal is aborted when nobody waits for the answer', async () => {
    const { url, accepted } = await listen();
    const signals: AbortSignal[] = [];
    const connection = open(url, {
      protocol: silent(),
      connectTimeout: 60,
      headers: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
      backoff: () => 3_600_000,
    });
    expect(await until(connection, 'retry')).toMatchObject({ cause: 'dial-timeout' });
    expect([signals.map(({ aborted }) => aborted), accepted]).toEqual([[true], []]);
  });

  test('are refused with a class that can send none', () => {
    class Standard extends EventTarget {}
    expect(refusal({ headers: {}, WebSocket: Standard })).toMatchObject({
      name: 'TypeError',
      message: expect.stringMatching(/^headers: only npm ws/),
    });
  });

  test("nor with Bun's own class, which pings and takes no options of npm ws", () => {
    class Bunlike extends EventTarget {
      ping(): void {}
    }
    expect(refusal({ headers: {}, WebSocket: Bunlike })).toMatchObject({
      message: expect.stringMatching(/^headers: only npm ws/),
    });
    expect(() => connectionInput(nowhere, { protocol: nativePing(), WebSocket: Bunlike as never })).not.toThrow();
  });

  test('nor is a protocol that has to ping taken with it', () => {
    class Standard extends EventTarget {}
    expect(refusal({ protocol: nativePing(), WebSocket: Standard })).toEqual(
      new TypeError(
        'protocol: native-ping needs a WebSocket that can send pings, such as npm ws; elsewhere use plain() or idHeartbeat()',
      ),
    );
    expect(() => connectionInput(nowhere, { protocol: nativePing() })).not.toThrow();
  });

  test.each([
    { 'X-Token': 's3cret\r\nX-Other: 1' },
    new Map([['X-Token', 5]]),
    [['X-Token']],
    ['X-Token: s3cret'],
    new Set(['s3cret']),
    [[5, 's3cret']],
    // It could be read once.
    new Map([['X-Token', 's3cret']]).entries(),
    [['X-Token', 's3cret\n']],
    { 'X Token': 's3cret' },
    { '': 's3cret' },
    { a: 's3cret\u{1f600}' },
  ])('what HTTP cannot carry is refused: %o', (headers) => {
    const error = refusal({ headers });
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toMatch(/^headers/);
    expect((error as Error).message).not.toContain('s3cret');
  });
});

describe('wsOptions', () => {
  test('are handed to npm ws as its third argument, beside the headers of both', async () => {
    const heard: unknown[] = [];
    const { url } = await listen((_socket, _visit, { headers }) =>
      heard.push(headers['x-a'], headers['x-b'], headers['x-c'], headers.origin, headers['sec-websocket-extensions']),
    );
    const wsOptions = {
      origin: 'https://example.com',
      perMessageDeflate: false,
      headers: { 'X-A': 'theirs', 'X-B': 'theirs' },
    };
    await until(open(url, { protocol: silent(), wsOptions, headers: { 'X-B': 'ours', 'X-C': 'ours' } }), 'open');
    expect(heard).toEqual(['theirs', 'ours', 'ours', 'https://example.com', undefined]);
    expect(wsOptions.headers).toEqual({ 'X-A': 'theirs', 'X-B': 'theirs' });
  });

  test('an agent is asked for the connection', async () => {
    const { url } = await listen();
    let asked = 0;
    class Counting extends Agent {
      override createConnection(...args: Parameters<Agent['createConnection']>): ReturnType<Agent['createConnection']> {
        asked += 1;
        return super.createConnection(...args);
      }
    }
    await until(open(url, { protocol: silent(), wsOptions: { agent: new Counting() } }), 'open');
    expect(asked).toBe(1);
  });

  test('reach a class that is derived from it', async () => {
    const given: unknown[] = [];
    class Derived extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        given.push(args[2]);
      }
    }
    const { url } = await listen();
    await until(open(url, { protocol: silent(), WebSocket: Derived, wsOptions: { handshakeTimeout: 5_000 } }), 'open');
    expect(given).toMatchObject([{ handshakeTimeout: 5_000 }]);
  });

  test.each<[string, WebSocketClass]>([
    ['a standard class', class Standard extends EventTarget {} as never],
    [
      "Bun's own",
      class Bunlike extends EventTarget {
        ping(): void {}
      } as never,
    ],
  ])('are refused by %s, which takes none', (_, Class) => {
    expect(refusal({ wsOptions: {}, WebSocket: Class })).toEqual(
      new TypeError('wsOptions: only npm ws takes any; leave them out'),
    );
  });

  test.each([5, 'x', null, [], new Map()])('must be a plain object: %o', (wsOptions) => {
    const error = refusal({ wsOptions });
    expect(error).toMatchObject({ message: 'wsOptions must be a plain object' });
  });

  describe('maxPayload', () => {
    /** What unfolds to more than it weighs. */
    const unfolding = (bytes: number) =>
      listen((socket) => socket.send('x'.repeat(bytes)), { perMessageDeflate: { threshold: 0 } });

    test('16 MiB arrive, and a byte more ends the line: a small page may unfold to much', async () => {
      const most = 16_777_216;
      const { url } = await unfolding(most);
      const connection = open(url, { protocol: silent() });
      expect((await until(connection, 'message')) as string).toHaveLength(most);
      const { url: other } = await unfolding(most + 1);
      const lost = await until(open(other, { protocol: silent(), retries: 0 }), 'lost');
      expect(lost).toMatchObject({ failed: true, reason: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
    });

    test('is what the app says', async () => {
      const { url } = await unfolding(101);
      const lost = await until(open(url, { protocol: silent(), retries: 0, wsOptions: { maxPayload: 100 } }), 'lost');
      expect(lost).toMatchObject({ failed: true });
      await until(open(url, { protocol: silent(), wsOptions: { maxPayload: 101 } }), 'message');
    });
  });
});

describe('close()', () => {
  const badCodes = [0, 999, 1001, 1005, 1006, 1015, 2999, 5000, 1000.5, 3000.5, Number.NaN, Infinity, -1];
  test.each(badCodes)('code %s is refused, and changes nothing', async (code) => {
    const { url } = await listen();
    const connection = open(url, { protocol: silent() });
    await until(connection, 'open');
    expect(thrown(() => connection.close(code))).toMatchObject({
      name: 'RangeError',
      message: `close: code must be 1000 or from 3000 to 4999, not ${code}`,
    });
    expect(connection.state).toBe('alive');
    expect(connection.send('still')).toBe(true);
  });

  test.each(['1000', null, {}])('code %o is refused', (code) => {
    const connection = open(nowhere);
    expect(() => connection.close(code as never)).toThrow(RangeError);
  });

  test.each(['x'.repeat(124), 'ä'.repeat(62), '\u{1f600}'.repeat(31), '\ud800'.repeat(42)])(
    'reason %s is too long',
    (reason) => {
      const connection = open(nowhere);
      expect(thrown(() => connection.close(1000, reason))).toMatchObject({
        name: 'RangeError',
        message: 'close: reason must not be longer than 123 bytes in UTF-8',
      });
    },
  );

  test.each([
    [1000, ''],
    [1000, 'x'.repeat(123)],
    [3000, 'ä'.repeat(61)],
    [4999, '\u{1f600}'.repeat(30)],
  ])('%s %s arrives', async (code, reason) => {
    const { url, server } = await listen();
    const heard = new Promise((resolve) => {
      server.on('connection', (socket) => socket.on('close', (...args) => resolve([args[0], String(args[1])])));
    });
    const connection = open(url, { protocol: silent() });
    await until(connection, 'open');
    const closed = until(connection, 'closed');
    connection.close(code, reason);
    expect(await heard).toEqual([code, reason]);
    expect(await closed).toMatchObject({ cause: 'user-closed', code, reason, wasClean: true });
  });
});

test('reconnect(code) tells the peer the code, and no reason', async () => {
  const heard: unknown[] = [];
  const { url } = await listen((socket) => socket.on('close', (code, reason) => heard.push([code, String(reason)])));
  const connection = open(url, { protocol: silent(), backoff: { initial: 0, spread: 0 } });
  await until(connection, 'open');
  const restored = until(connection, 'restored');
  connection.reconnect(3_001);
  await restored;
  await untilSo(() => heard.length > 0);
  expect(heard).toEqual([[3_001, '']]);
});

describe.each(['on', 'once', 'off'] as const)('%s()', (method) => {
  test.each(['opened', 'close', 'error', '', 'toString', '__proto__', undefined, null, 5])('%s is no event', (type) => {
    expect(thrown(() => open(nowhere)[method](type as never, () => {}))).toMatchObject({
      name: 'TypeError',
      message: `${String(type)} is not an event: there are open, message, invalid, lost, retry, restored, dropped, drain, state, warning, closed`,
    });
  });

  test.each([undefined, null, {}, 'x'])('%o is no listener', (listener) => {
    expect(() => open(nowhere)[method]('open', listener as never)).toThrow(
      new TypeError('listener must be a function'),
    );
  });
});

test.each([undefined, null, 'x', 5])('%o cannot subscribe', (listener) => {
  expect(() => open(nowhere).subscribe(listener as never)).toThrow(
    new TypeError('listener must be a function or an observer'),
  );
});

test('types: what listeners hear, and what does not compile', () => {
  expectTypeOf<ConnectionEvents['message']>().toEqualTypeOf<string | ArrayBuffer>();
  expectTypeOf<ConnectionEvents['open']>().toEqualTypeOf<{ id: string | undefined }>();
  expectTypeOf<ConnectionEvents['drain']>().toEqualTypeOf<undefined>();
  expectTypeOf<ConnectionEvents['state']>().toEqualTypeOf<{
    state: State;
    previous: State;
    cause: Cause | undefined;
  }>();
  expectTypeOf<ConnectionEvents['lost']>().toHaveProperty('unconfirmed').toEqualTypeOf<Amount>();
  expectTypeOf<ConnectionEvents['lost']['nextDialIn']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<ConnectionEvents['closed']['undelivered']>().toEqualTypeOf<Amount>();
  expectTypeOf<ConnectionEvents['lost']>().not.toHaveProperty('type');
  expectTypeOf<Connection['state']>().toEqualTypeOf<State>();
  expectTypeOf<Connection['send']>().returns.toEqualTypeOf<boolean>();
  expectTypeOf<Connection['on']>().returns.toEqualTypeOf<() => void>();
  expectTypeOf<Frame>().toEqualTypeOf<string | ArrayBuffer>();
  expectTypeOf<ReturnType<Connection[typeof Symbol.asyncIterator]>>().toExtend<AsyncIterable<Frame>>();

  // Compiled, never called.
  const uncompilable = (connection: Connection) => {
    // @ts-expect-error an event that is not there
    connection.on('opened', () => {});
    // @ts-expect-error a detail that `open` does not have
    connection.on('open', ({ code }) => code);
    // @ts-expect-error an object has to be made text first
    connection.send({ a: 1 });
    // @ts-expect-error a state that is not there
    if (connection.state === 'open') connection.close();
    // @ts-expect-error the state is the machine's
    connection.state = 'alive';
    // @ts-expect-error a misspelt option
    connect(nowhere, { heartbeats: {} });
    // @ts-expect-error a duration is a number
    connect(nowhere, { heartbeat: { interval: '60s' } });
    // @ts-expect-error liveness is the protocol's word
    connect(nowhere, { liveness: 'none' });
    // @ts-expect-error no such policy
    connect(nowhere, { buffer: { overflow: 'drop-newest' } });
    // @ts-expect-error a URL that comes later comes from a function
    connect(Promise.resolve(nowhere));
  };
  expect(uncompilable).toBeTypeOf('function');

  // What does compile.
  const compilable = () => {
    connect(new URL(nowhere), { WebSocket, protocol: plain(), backoff: (attempt) => attempt * 100 });
    connect(() => nowhere, { shouldReconnect: ({ code }) => (code === 4000 ? false : undefined) });
    connect(nowhere, { protocols: ['a'] as const, signal: AbortSignal.timeout(1) });
  };
  expect(compilable).toBeTypeOf('function');
});
