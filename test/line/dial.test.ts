/**
 * Where to dial: URLs and subprotocols that are asked for before every dial, now or later.
 */
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import type { DialContext } from '../../adapters/asked.ts';
import { Addresses } from '../../adapters/dial.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { checkCloseFrame, webSocketUrl } from '../../adapters/url.ts';
import { eventsOf, listen, open, statesOf, uncaughtDuring, until } from '../helpers/support.ts';

const quick = { protocol: silent(), backoff: { initial: 20, max: 20, spread: 0 } };

test('a promise of a URL, and of subprotocols: asked for anew before every dial', async () => {
  const protocols: string[] = [];
  const { url } = await listen((socket, visit) => {
    protocols.push(socket.protocol);
    if (visit < 3) socket.close(1012);
  });
  let asked = 0;
  const connection = open(async () => new URL(`${url}?${(asked += 1)}`), {
    ...quick,
    protocols: async () => [`v${asked}`, 'other'],
  });
  await expect.poll(() => protocols, { timeout: 20_000 }).toEqual(['v1', 'v2', 'v3']);
  expect(asked).toBe(3);
  await expect.poll(() => connection.state).toBe('alive');
});

test('a function that answers at once dials at once', async () => {
  const { url } = await listen();
  let isDialled = false;
  class Watched extends (await import('ws')).WebSocket {
    constructor(...args: ConstructorParameters<typeof import('ws').WebSocket>) {
      super(...args);
      isDialled = true;
    }
  }
  open(() => url, { ...quick, WebSocket: Watched });
  expect(isDialled).toBe(true);
});

describe('cancelled', () => {
  test.each(['close', 'reconnect', 'abort'] as const)(
    '%s while it is asked for: the signal is aborted, and its answer dials nothing',
    async (how) => {
      const { url, accepted } = await listen();
      const asked: { context: DialContext; answer: (url: string) => void }[] = [];
      const abort = new AbortController();
      const connection = open(
        (context) =>
          new Promise((answer) => {
            void context.signal;
            asked.push({ context, answer });
          }),
        { ...quick, signal: abort.signal },
      );
      expect(asked).toHaveLength(1);
      expect(asked[0]?.context.signal.aborted).toBe(false);
      if (how === 'abort') abort.abort();
      else connection[how]();
      expect(asked[0]?.context.signal.aborted).toBe(true);
      asked[0]?.answer(`${url}?late`);
      if (how === 'reconnect') {
        await expect.poll(() => asked.length, { timeout: 20_000 }).toBe(2);
        asked[1]?.answer(url);
        await until(connection, 'open');
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(accepted).toHaveLength(how === 'reconnect' ? 1 : 0);
      expect(connection.state).toBe(how === 'reconnect' ? 'alive' : 'closed');
    },
  );

  test('connectTimeout counts it: dial-timeout, the signal is aborted, and a late answer dials nothing', async () => {
    const { url, accepted } = await listen();
    const signals: AbortSignal[] = [];
    const late: ((url: string) => void)[] = [];
    const connection = open(
      ({ signal }) => {
        signals.push(signal);
        return signals.length < 3 ? new Promise((answer) => late.push(answer)) : url;
      },
      { ...quick, connectTimeout: 60 },
    );
    const retries = eventsOf(connection, 'retry');
    await until(connection, 'open');
    expect(retries.map(({ cause }) => cause)).toEqual(['dial-timeout', 'dial-timeout']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false]);
    for (const answer of late) answer(url);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(accepted).toHaveLength(1);
  });

  test('a rejection that nobody waits for is heard by nobody', async () => {
    const errors = await uncaughtDuring(async () => {
      let reject: (error: Error) => void = () => {};
      const connection = open(() => new Promise((_, no) => (reject = no)), quick);
      connection.close();
      reject(new Error('too late'));
      const other = open(() => Promise.reject(new Error('no')), {
        ...quick,
        protocols: () => {
          throw new Error('nor this');
        },
      });
      await until(other, 'retry');
      other.close();
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    expect(errors).toEqual([]);
  });
});

describe('a protocols function', () => {
  test.each<[string, () => unknown, string]>([
    [
      'that throws',
      () => {
        throw new RangeError('s3cret');
      },
      'the protocols function threw RangeError',
    ],
    ['that rejects', () => Promise.reject(new TypeError('s3cret')), 'the protocols function rejected with TypeError'],
    ['that answers with no string', () => 5, 'the protocols function must return a string or strings'],
    [
      'that answers with what is no token',
      () => ['a b'],
      expect.stringMatching(/^protocols: number 1 of 1 is not a token \(RFC 9110 §5\.6\.2\)/),
    ],
  ])('%s: url-failed, and tried again', async (_, protocols, reason) => {
    const connection = open('ws://127.0.0.1:9', { ...quick, protocols: protocols as never });
    const states = statesOf(connection);
    const retries = eventsOf(connection, 'retry');
    await expect.poll(() => retries.length, { timeout: 20_000 }).toBeGreaterThan(1);
    expect(retries[0]).toMatchObject({ cause: 'url-failed', reason });
    expect(states.slice(0, 3)).toEqual(['connecting', 'reconnecting', 'connecting']);
  });
});

test('from wss: to ws: is refused, whatever the way; from ws: to wss: is not', async () => {
  const { url, accepted } = await listen();
  const urls = ['wss://127.0.0.1:9/', url, url.replace('ws:', 'http:')];
  let dials = 0;
  const connection = open(async () => urls[dials++ % 3] ?? '', quick);
  const retries = eventsOf(connection, 'retry');
  await expect.poll(() => retries.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  expect(retries.slice(0, 3).map(({ cause }) => cause)).toEqual(['refused', 'url-failed', 'url-failed']);
  expect(retries[1]?.reason).toBe('the url went from wss: to ws:, and what was encrypted is not dialled in the clear');
  expect(accepted).toHaveLength(0);

  const upwards = ['ws://127.0.0.1:9/', 'wss://127.0.0.1:9/'];
  const upgraded = eventsOf(
    open(() => upwards.shift() ?? 'wss://127.0.0.1:9/', quick),
    'retry',
  );
  await expect.poll(() => upgraded.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  expect(new Set(upgraded.map(({ cause }) => cause))).toEqual(new Set(['refused']));
});

test('what is fixed is read once', () => {
  const url = new URL('ws://example.com/a');
  const addresses = new Addresses(url, 'one', ['two', 'one']);
  url.pathname = '/b';
  const signal = () => new AbortController().signal;
  expect(addresses.next(signal)).toEqual({ further: [], url: 'ws://example.com/a', protocols: ['one', 'two'] });
});

test.each<[string, () => unknown, string]>([
  [
    'throws',
    () => {
      throw new RangeError('s3cret');
    },
    'the url function threw RangeError',
  ],
  ['answers with no URL', () => 5, 'the url function must return a string or a URL'],
  ['answers with null', () => null, 'the url function must return a string or a URL'],
])('a url function that %s: an error of its own kind, which says so', (_, url, message) => {
  const addresses = new Addresses(url as never, [], []);
  expect(() => addresses.next(() => new AbortController().signal)).toThrow(
    expect.objectContaining({ name: 'UrlError', message }),
  );
});

describe('a URL', () => {
  test('is relative to the page, or to the worker', () => {
    onTestFinished(() => void vi.unstubAllGlobals());
    vi.stubGlobal('location', { href: 'https://worker.example/a/b' });
    expect(webSocketUrl('c')).toBe('wss://worker.example/a/c');
    vi.stubGlobal('document', { baseURI: 'https://page.example/a/b' });
    expect(webSocketUrl('c')).toBe('wss://page.example/a/c');
  });

  test('of another scheme is refused, without its name: it may be a user, or a token', () => {
    expect(() => webSocketUrl('ann:hunter2@example.com')).toThrow(
      /^the URL's scheme must be ws or wss \(http and https will do\)$/,
    );
  });
});

describe('a close code, as Web IDL converts it', () => {
  test.each([
    [undefined, undefined],
    [3000.4, 3000],
    [3000.5, 3000],
    [3001.5, 3002],
    [3000.6, 3001],
    ['3000', 3000],
    [1000, 1000],
  ])('%s is %s', (given, code) => {
    expect(checkCloseFrame(given, undefined)).toEqual({ code, reason: '' });
  });

  test.each([
    [Number.NaN, 0],
    [-5, 0],
    [1e9, 65_535],
    [4999.6, 5000],
  ])('%s is %i, which is none', (given, code) => {
    expect(() => checkCloseFrame(given, '')).toThrow(`close: code must be 1000 or from 3000 to 4999, not ${code}`);
  });

  test('a reason that is a symbol is none', () => {
    expect(() => checkCloseFrame(1000, Symbol('x'))).toThrow(new TypeError('a symbol cannot be made a string'));
  });
});
