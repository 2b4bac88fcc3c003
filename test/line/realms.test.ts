/** What comes from another realm (an iframe, a vm context, a polyfill) is known by what it is. */
import { runInNewContext } from 'node:vm';

import { describe, expect, test, vi } from 'vitest';

import { byteLength, isBinary } from '../../adapters/buffer.ts';
import { errorName } from '../../adapters/check.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { connect } from '../../adapters/index.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { listen, open, textOf, until } from '../helpers/support.ts';

/** A `Blob`, a `File`, a `URL` and an `AbortController` of their own, with nothing of ours in their prototypes but what they do. */
function polyfills() {
  class ForeignBlob {
    readonly [Symbol.toStringTag]: string = 'Blob';
    readonly type = '';
    readonly #bytes: Uint8Array;
    constructor(text: string) {
      this.#bytes = new TextEncoder().encode(text);
    }
    get size(): number {
      return this.#bytes.length;
    }
    async arrayBuffer(): Promise<ArrayBuffer> {
      return this.#bytes.slice().buffer;
    }
    stream(): never {
      throw new Error('nobody streams it');
    }
  }
  class ForeignFile extends ForeignBlob {
    override readonly [Symbol.toStringTag]: string = 'File';
  }
  class ForeignUrl {
    readonly href: string;
    constructor(href: string) {
      this.href = href;
    }
    toString(): string {
      return this.href;
    }
  }
  class ForeignSignal {
    aborted = false;
    readonly #listeners = new Set<() => void>();
    addEventListener(_: string, listener: () => void): void {
      this.#listeners.add(listener);
    }
    removeEventListener(_: string, listener: () => void): void {
      this.#listeners.delete(listener);
    }
    abort(): void {
      this.aborted = true;
      for (const listener of this.#listeners) listener();
    }
  }
  return { ForeignBlob, ForeignFile, ForeignUrl, ForeignSignal };
}

const { ForeignBlob, ForeignFile, ForeignUrl, ForeignSignal } = polyfills();

async function binaryEcho() {
  const heard: string[] = [];
  const { url } = await listen((socket) => {
    socket.on('message', (data, binary) => heard.push(`${binary ? 'binary' : 'text'} ${textOf(data)}`));
  });
  return { url, heard };
}

const foreign = (code: string): never => runInNewContext(code) as never;

describe('sent', () => {
  const rows: [what: string, data: () => never, heard: string][] = [
    ['a Blob', () => new ForeignBlob('payload') as never, 'binary payload'],
    ['a File', () => new ForeignFile('payload') as never, 'binary payload'],
    ['an ArrayBuffer', () => foreign('new Uint8Array([112, 97]).buffer'), 'binary pa'],
    ['a view', () => foreign('new Uint8Array([112, 97])'), 'binary pa'],
    ['a DataView', () => foreign('new DataView(new Uint8Array([112, 97]).buffer)'), 'binary pa'],
  ];
  test.each(rows)('%s, by connect() and by the drop-in class', async (_, data, told) => {
    const { url, heard } = await binaryEcho();
    const connection = open(url, { protocol: silent() });
    expect(connection.send(data())).toBe(true);
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual([told]);
    const socket = new HeartbeatWebSocket(url);
    socket.send(data());
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual([told, told]);
    socket.close();
  });

  test('ours, where a test tool has put another class in the place of Blob', async () => {
    const { url, heard } = await binaryEcho();
    const ours = new Blob(['payload']);
    vi.stubGlobal('Blob', ForeignBlob);
    try {
      const connection = open(url, { protocol: silent() });
      expect(connection.send(ours)).toBe(true);
      const socket = new HeartbeatWebSocket(url);
      socket.send(ours);
      await expect.poll(() => heard, { timeout: 20_000 }).toEqual(['binary payload', 'binary payload']);
      socket.close();
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test.each([
    ['what only says that it is a Blob', { [Symbol.toStringTag]: 'Blob' }],
    ['an object', {}],
    ['a Date', foreign('new Date(0)')],
  ])('%s is none', (_, data) => {
    expect(() => byteLength(data)).toThrow(TypeError);
  });
});

test('a URL that a function answers with', async () => {
  const { url } = await binaryEcho();
  const foreignUrl = new ForeignUrl(url) as unknown as URL;
  for (const where of [foreignUrl, () => foreignUrl]) {
    const connection = open(where, { protocol: silent() });
    await until(connection, 'open');
    expect(connection.state).toBe('alive');
  }
});

test('an AbortSignal', async () => {
  const { url } = await binaryEcho();
  const signal = new ForeignSignal();
  const connection = open(url, { protocol: silent(), signal: signal as unknown as AbortSignal });
  await until(connection, 'open');
  const closed = until(connection, 'closed');
  signal.abort();
  expect(await closed).toMatchObject({ cause: 'aborted' });
});

test('what a function of another realm throws is named as it is, and a name that is none is not told', async () => {
  const reasonOf = async (error: unknown) => {
    const connection = open(() => {
      throw error;
    });
    return (await until(connection, 'retry')).reason;
  };
  expect(await reasonOf(foreign("new TypeError('s3cret')"))).toBe('the url function threw TypeError');
  expect(await reasonOf(Object.assign(new Error('s3cret'), { name: 's3cret' }))).toBe('the url function threw object');
});

test.each([
  ['a Map', () => new Map([['interval', 100]])],
  [
    'an instance of some class',
    () =>
      new (class Settings {
        get interval() {
          return 100;
        }
      })(),
  ],
  ['what inherits its entries', () => Object.create({ interval: 100 }) as object],
  ['an array', () => []],
])('options that hold their entries elsewhere are refused, and not passed over: %s', (_, make) => {
  for (const name of ['heartbeat', 'buffer', 'backoff', 'lifecycle', 'wsOptions']) {
    expect(() => connect('ws://127.0.0.1:9', { [name]: make() })).toThrow(
      new TypeError(`${name} must be a plain object`),
    );
  }
  expect(() => connect('ws://127.0.0.1:9', make() as never)).toThrow(new TypeError('options must be a plain object'));
  expect(() => HeartbeatWebSocket.with(make() as never)).toThrow(TypeError);
});

test('a plain object of another realm is one', () => {
  const connection = open('ws://127.0.0.1:9', { heartbeat: foreign('({ interval: 7_000 })') });
  expect(connection.actor.getSnapshot().context.settings.heartbeat.interval).toBe(7_000);
  open('ws://127.0.0.1:9', { heartbeat: Object.assign(Object.create(null), { interval: 7_000 }) });
});

test.each([
  ['a string', 'TypeError', 'string'],
  ['nothing', undefined, 'undefined'],
  ['null', null, 'object'],
  ['a name', { name: 'AbortError' }, 'AbortError'],
  ['a DOMException', new DOMException('s3cret', 'DataCloneError'), 'DataCloneError'],
  ['a name with more before it', { name: 's3cret TypeError' }, 'object'],
  ['a name with more behind it', { name: 'TypeError s3cret' }, 'object'],
  ['a name that is none', { name: 5 }, 'object'],
])('what was thrown is called by its class, or by its type: %s', (_, error, name) => {
  expect(errorName(error)).toBe(name);
});

test.each([
  [new Blob([]), true],
  [new ArrayBuffer(1), true],
  [new Uint8Array(1), true],
  ['text', false],
  [{}, false],
  [null, false],
])('%o is binary: %s', (data, is) => expect(isBinary(data)).toBe(is));

test.each([{}, { href: 5 }, 5, null])('%o is no URL', async (answer) => {
  const connection = open(() => answer as never);
  expect(await until(connection, 'retry')).toMatchObject({ reason: 'the url function must return a string or a URL' });
});
