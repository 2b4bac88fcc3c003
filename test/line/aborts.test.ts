/** A signal that many connections share, and one that is none of ours. */
import { getEventListeners } from 'node:events';

import { expect, test, vi } from 'vitest';

import { connect } from '../../adapters/index.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { listen, open, until } from '../helpers/support.ts';

test('one listener on a signal, however many connections it closes; none when they are closed', async () => {
  const { url } = await listen();
  const { signal } = new AbortController();
  const warnings: Error[] = [];
  const hear = (warning: Error) => warnings.push(warning);
  process.on('warning', hear);
  const connections = Array.from({ length: 20 }, () => open(url, { protocol: silent(), signal }));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await Promise.all(connections.map((connection) => until(connection, 'open')));
  const [last, ...others] = connections;
  await Promise.all(others.map((connection) => connection[Symbol.asyncDispose]()));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await last?.[Symbol.asyncDispose]();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  process.off('warning', hear);
  expect(warnings).toEqual([]);
});

test('all are closed by it, also where one closes another meanwhile', async () => {
  const { url } = await listen();
  const controller = new AbortController();
  const options = { protocol: silent(), signal: controller.signal };
  const [first, second, third] = [open(url, options), open(url, options), open(url, options)];
  first.on('state', ({ state }) => state === 'closing' && second.close());
  await Promise.all([first, second, third].map((connection) => until(connection, 'open')));
  const closed = Promise.all([first, second, third].map((connection) => until(connection, 'closed')));
  controller.abort();
  expect((await closed).map(({ cause }) => cause)).toEqual(['aborted', 'user-closed', 'aborted']);
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
});

test("one that takes no listener: the error is the caller's, and nothing was dialled", () => {
  const dial = vi.fn<() => void>();
  const signal = {
    aborted: false,
    addEventListener() {
      throw new Error('no listeners here');
    },
    removeEventListener() {},
  };
  const options = { signal: signal as unknown as AbortSignal, WebSocket: dial as never };
  expect(() => connect('ws://127.0.0.1:9', options)).toThrow('no listeners here');
  expect(dial).not.toHaveBeenCalled();
});

test('a test tool that stops the clock, and microtasks with it, stops nothing of ours', async () => {
  const Broken = function Broken() {
    throw new Error('no sockets here');
  };
  vi.stubGlobal('queueMicrotask', () => {});
  try {
    const connection = open('ws://127.0.0.1:9', { WebSocket: Broken as never, retries: 0 });
    expect(await until(connection, 'closed')).toMatchObject({ cause: 'refused' });
    const aborted = open('ws://127.0.0.1:9', { signal: AbortSignal.abort() });
    expect(await until(aborted, 'closed')).toMatchObject({ cause: 'aborted' });
  } finally {
    vi.unstubAllGlobals();
  }
});
