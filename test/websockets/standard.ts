/**
 * What a WebSocket is, by WHATWG WebSockets, Web IDL and HTML: the same stories on the platform's own class and on ours, so that the platform judges
 * the stories, and the stories judge us. Nothing of Node may be imported here: this file also runs in a page.
 */
import { afterEach, describe, expect, inject, test, vi } from 'vitest';

import { type Behaviour, Rig } from './rig/rig.ts';

export interface StandardKind {
  name: string;
  WebSocket: typeof WebSocket;
  /** True in a page: a relative URL has something to be relative to. */
  hasBase: boolean;
  /** False: the class below leaves the user out of its URL, against the standard. Default true. */
  namesUser?: boolean;
  /** Hears errors that nobody caught; the answer undoes it. */
  uncaught: (hear: (error: Error) => void) => () => void;
}

/** Says nothing of its own accord. */
const mute: Behaviour = { naming: 'never' };

export function standardSuite({ name, WebSocket: Kind, hasBase, namesUser = true, uncaught }: StandardKind): void {
  const cleanups: (() => unknown)[] = [];

  afterEach(async () => {
    await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
  });

  async function rigOf(behaviour: Behaviour = mute): Promise<Rig> {
    const rig = await Rig.make(inject('rigs'), behaviour);
    cleanups.push(() => rig.remove());
    return rig;
  }

  function make(url: string | URL, protocols?: string | string[]) {
    const socket = protocols === undefined ? new Kind(url) : new Kind(url, protocols);
    cleanups.push(() => socket.close());
    return socket;
  }

  /** What is told, in order: kind of event, and the state in which it was told. */
  function tale(socket: WebSocket): string[] {
    const told: string[] = [];
    for (const type of ['open', 'message', 'error', 'close']) {
      socket.addEventListener(type, () => void told.push(`${type} ${socket.readyState}`));
    }
    return told;
  }

  async function opened(rig: Rig, protocols?: string | string[]) {
    const socket = make(rig.url, protocols);
    const told = tale(socket);
    await heard(socket, 'open');
    return { socket, told };
  }

  function heard<E extends Event>(socket: WebSocket, type: string): Promise<E> {
    return new Promise((resolve) =>
      socket.addEventListener(type, (event) => resolve(event as E), { once: true, passive: true }),
    );
  }

  function refusal(call: () => unknown): Pick<DOMException, 'name'> {
    try {
      call();
    } catch (error) {
      return { name: (error as Error).name };
    }
    return { name: 'nothing' };
  }

  /** Long enough for anything that was wrongly still to come. */
  const after = () => new Promise((resolve) => setTimeout(resolve, 50));

  describe(`the standard, on ${name}`, () => {
    test('constants, on the class and on every instance, and nobody changes them', async () => {
      const socket = make((await rigOf()).url);
      const constants = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
      for (const [constant, value] of Object.entries(constants)) {
        const fixed = { value, writable: false, enumerable: true, configurable: false };
        expect(descriptor(Kind, constant)).toEqual(fixed);
        expect(descriptor(Object.getPrototypeOf(socket), constant)).toEqual(fixed);
        expect(socket[constant as keyof WebSocket]).toBe(value);
      }
    });

    test('an EventTarget, which says that it is a WebSocket, and shows its members', async () => {
      const socket = make((await rigOf()).url);
      expect(socket).toBeInstanceOf(EventTarget);
      expect(Object.prototype.toString.call(socket)).toBe('[object WebSocket]');
      const shown: string[] = [];
      for (const member in socket) shown.push(member);
      expect(shown).toEqual(
        expect.arrayContaining(
          'url readyState bufferedAmount onopen onerror onclose extensions protocol close onmessage binaryType send'.split(
            ' ',
          ),
        ),
      );
    });

    test('its first state', async () => {
      const { url } = await rigOf();
      const socket = make(url.replace('ws:', 'HTTP:').replace('127.0.0.1', '127.1'));
      expect(socket).toMatchObject({
        url,
        readyState: 0,
        bufferedAmount: 0,
        protocol: '',
        extensions: '',
        binaryType: 'blob',
        onopen: null,
        onmessage: null,
        onerror: null,
        onclose: null,
      });
    });

    test.each([
      ['WS://EXAMPLE.test:80/a b?c d', 'ws://example.test/a%20b?c%20d'],
      ['wss://example.test:443', 'wss://example.test/'],
      ['http://example.test', 'ws://example.test/'],
      ['https://user@example.test/x/../y', `wss://${namesUser ? 'user@' : ''}example.test/y`],
    ])('%s is %s', (given, url) => {
      // Names of this kind lead nowhere (RFC 6761 §6.4).
      expect(make(given).url).toBe(url);
      expect(make(new URL(given)).url).toBe(url);
    });

    test(`a relative URL is ${hasBase ? 'relative to the page' : 'a SyntaxError: there is no page'}`, () => {
      const relative = '/push?x';
      const made = () => make(relative).url;
      const expected = hasBase ? new URL(relative, location.href.replace(/^http/, 'ws')).href : refusal(made).name;
      expect(expected).toBe(hasBase ? made() : 'SyntaxError');
    });

    test.each([
      ['ftp://example.test'],
      ['mailto:a@example.test'],
      ['ws://'],
      ['ws://example.test/#'],
      ['ws://example.test/#fragment'],
      ['http://example.test/#fragment'],
    ])('%s is a SyntaxError', (url) => {
      expect(refusal(() => make(url))).toEqual({ name: 'SyntaxError' });
    });

    test.each([[''], ['a b'], [['a', 'a']], [['a', 'A', 'a']], [['ä']], [['a,b']], [['']], ['chat '], [['(x)']]])(
      'subprotocols %j are a SyntaxError',
      (protocols) => {
        expect(refusal(() => make('ws://example.test', protocols))).toEqual({ name: 'SyntaxError' });
      },
    );

    test('no URL at all is a TypeError', () => {
      expect(refusal(() => new (Kind as unknown as new () => unknown)())).toEqual({ name: 'TypeError' });
    });

    test('open: an Event, told to everyone, with the subprotocol that was agreed on', async () => {
      const rig = await rigOf();
      const socket = make(rig.url, ['one', 'two']);
      const event = await heard(socket, 'open');
      expect(event).toBeInstanceOf(Event);
      expect(event).toMatchObject({ type: 'open', bubbles: false, cancelable: false, target: socket });
      expect(socket).toMatchObject({ readyState: 1, protocol: 'one' });
    });

    test('a text is a MessageEvent with its origin', async () => {
      const rig = await rigOf();
      const { socket } = await opened(rig);
      void rig.order({ do: 'push', text: 'grüße' });
      const event = await heard<MessageEvent>(socket, 'message');
      expect(event).toBeInstanceOf(MessageEvent);
      expect(event).toMatchObject({ data: 'grüße', origin: new URL(rig.url).origin, lastEventId: '', bubbles: false });
      expect(event.ports).toHaveLength(0);
    });

    test('bytes are a Blob, or an ArrayBuffer, as binaryType says', async () => {
      const rig = await rigOf();
      const { socket } = await opened(rig);
      void rig.order({ do: 'push', text: 'bytes', as: 'binary' });
      const { data: blob } = await heard<MessageEvent<Blob>>(socket, 'message');
      expect(blob).toBeInstanceOf(Blob);
      expect(await blob.text()).toBe('bytes');
      socket.binaryType = 'nodebuffer' as BinaryType;
      expect(socket.binaryType).toBe('blob');
      socket.binaryType = 'arraybuffer';
      void rig.order({ do: 'push', text: 'bytes', as: 'binary' });
      const { data: buffer } = await heard<MessageEvent<ArrayBuffer>>(socket, 'message');
      expect(buffer).toBeInstanceOf(ArrayBuffer);
      expect(new TextDecoder().decode(buffer)).toBe('bytes');
    });

    test('send: text, bytes, views, Blobs, in order; and all else as the text it is', async () => {
      const rig = await rigOf();
      const { socket } = await opened(rig);
      const bytes = new TextEncoder().encode('xbytesx');
      socket.send('text');
      socket.send(bytes.buffer);
      socket.send(bytes.subarray(1, 6));
      socket.send(new DataView(bytes.buffer, 1, 2));
      socket.send(new Blob(['blob']));
      socket.send('after the blob');
      for (const odd of [5, null, undefined, { toString: () => 'odd' }, ['a', 'b']]) socket.send(odd as never);
      const messages = await rig.seen('message', 11);
      expect(messages.map(({ text }) => text)).toEqual(
        'text|xbytesx|bytes|by|blob|after the blob|5|null|undefined|odd|a,b'.split('|'),
      );
      expect(messages.slice(0, 6).map(({ binary }) => binary)).toEqual([false, true, true, true, true, false]);
      expect(refusal(() => (socket.send as () => void)())).toEqual({ name: 'TypeError' });
      expect(refusal(() => socket.send(Symbol('x') as never))).toEqual({ name: 'TypeError' });
    });

    test('send before open is an InvalidStateError', async () => {
      const socket = make((await rigOf()).url);
      expect(refusal(() => socket.send('x'))).toEqual({ name: 'InvalidStateError' });
    });

    test('send after close adds to bufferedAmount, for ever', async () => {
      const { socket } = await opened(await rigOf());
      socket.close();
      const before = socket.bufferedAmount;
      socket.send('grüße');
      expect(socket.bufferedAmount).toBe(before + 7);
      await heard(socket, 'close');
      socket.send(new Uint8Array(3));
      expect(socket.bufferedAmount).toBe(before + 10);
    });

    test.each<[unknown[], string]>([
      [[999], 'InvalidAccessError'],
      [[1001], 'InvalidAccessError'],
      [[1005], 'InvalidAccessError'],
      [[2999], 'InvalidAccessError'],
      [[5000], 'InvalidAccessError'],
      [[0], 'InvalidAccessError'],
      [[Number.NaN], 'InvalidAccessError'],
      [[null], 'InvalidAccessError'],
      [['x'], 'InvalidAccessError'],
      [[70_000], 'InvalidAccessError'],
      [[1000, 'x'.repeat(124)], 'SyntaxError'],
      [[3000, 'ü'.repeat(62)], 'SyntaxError'],
    ])('close(%j) is an %s, and nothing happens', async (args, error) => {
      const { socket } = await opened(await rigOf());
      expect(refusal(() => socket.close(...(args as [])))).toEqual({ name: error });
      expect(socket.readyState).toBe(1);
    });

    test.each<[unknown[], number, string]>([
      [[], 1005, ''],
      [[1000], 1000, ''],
      [['3001', 5], 3001, '5'],
      [[4999, 'ü'.repeat(61)], 4999, 'ü'.repeat(61)],
      [[3000.4, 'why'], 3000, 'why'],
    ])('close(%j): the peer hears %d %s, and so do we; one close, and nothing after it', async (args, code, reason) => {
      const rig = await rigOf();
      const { socket, told } = await opened(rig);
      const closed = heard<CloseEvent>(socket, 'close');
      socket.close(...(args as []));
      expect(socket.readyState).toBe(2);
      socket.close(4000, 'again');
      const event = await closed;
      expect(event).toMatchObject({ type: 'close', code, reason, wasClean: true, bubbles: false, target: socket });
      if (typeof CloseEvent === 'function') expect(event).toBeInstanceOf(CloseEvent);
      expect(socket.readyState).toBe(3);
      socket.close();
      await after();
      expect(told).toEqual(['open 1', 'close 3']);
      expect(await rig.seen('closed')).toMatchObject([{ code, reason }]);
    });

    test('no message after close()', async () => {
      const rig = await rigOf({ naming: 'never', pushEvery: 1 });
      const { socket, told } = await opened(rig);
      await heard(socket, 'message');
      socket.close();
      const before = told.length;
      await heard(socket, 'close');
      expect(told.slice(before)).toEqual(['close 3']);
    });

    test('close() before open has failed: error, then close, and not at once', async () => {
      const rig = await rigOf();
      const socket = make(rig.url);
      const told = tale(socket);
      const closed = heard<CloseEvent>(socket, 'close');
      socket.close();
      expect(socket.readyState).toBe(2);
      await Promise.resolve();
      expect(told).toEqual([]);
      expect(await closed).toMatchObject({ code: 1006, reason: '', wasClean: false });
      await after();
      expect(told).toEqual(['error 3', 'close 3']);
    });

    test('a dial that is refused: error, then close', async () => {
      const rig = await rigOf();
      const socket = make(rig.deadUrl);
      const told = tale(socket);
      const [error, close] = await Promise.all([heard(socket, 'error'), heard<CloseEvent>(socket, 'close')]);
      expect(error.constructor).toBe(Event);
      expect(close).toMatchObject({ code: 1006, wasClean: false });
      await after();
      expect(told).toEqual(['error 3', 'close 3']);
    });

    test('an upgrade that is refused: the same', async () => {
      const rig = await rigOf({ refuse: { status: 503 } });
      const socket = make(rig.url);
      const told = tale(socket);
      expect(await heard(socket, 'close')).toMatchObject({ code: 1006, reason: '', wasClean: false });
      await after();
      expect(told).toEqual(['error 3', 'close 3']);
    });

    test('the peer closes: close alone, with its code and reason', async () => {
      const rig = await rigOf();
      const { socket, told } = await opened(rig);
      const closed = heard(socket, 'close');
      void rig.order({ do: 'close', code: 4001, reason: 'because' });
      expect(await closed).toMatchObject({ code: 4001, reason: 'because', wasClean: true });
      await after();
      expect(told).toEqual(['open 1', 'close 3']);
    });

    test('the line breaks: close, 1006 and not clean', async () => {
      const rig = await rigOf();
      const { socket, told } = await opened(rig);
      const closed = heard(socket, 'close');
      void rig.order({ do: 'terminate' });
      expect(await closed).toMatchObject({ code: 1006, reason: '', wasClean: false });
      await after();
      expect(told.filter((each) => !each.startsWith('error'))).toEqual(['open 1', 'close 3']);
    });

    test('handlers are called in the place in which they were first set, with the WebSocket as this', async () => {
      const rig = await rigOf();
      const socket = make(rig.url);
      const told: unknown[] = [];
      socket.addEventListener('open', () => told.push('first'));
      socket.onopen = () => told.push('replaced');
      socket.addEventListener('open', () => told.push('third'));
      const handler = function onopen(this: unknown, event: Event) {
        told.push('second', this === socket, event.type);
        return false;
      };
      socket.onopen = handler;
      expect(socket.onopen).toBe(handler);
      await heard(socket, 'open');
      expect(told).toEqual(['first', 'second', true, 'open', 'third']);
    });

    test('a handler that is set to null has lost its place', async () => {
      const socket = make((await rigOf()).url);
      const told: unknown[] = [];
      socket.onopen = () => told.push('gone');
      socket.addEventListener('open', () => told.push('first'));
      socket.onopen = null;
      socket.onopen = () => told.push('second');
      await heard(socket, 'open');
      expect(told).toEqual(['first', 'second']);
    });

    test.each([5, 'x', undefined, Symbol('x'), true])('a handler set to %o is null', async (value) => {
      const socket = make((await rigOf()).url);
      socket.onopen = () => expect.fail('it was replaced');
      socket.onopen = value as never;
      expect(socket.onopen).toBeNull();
      await heard(socket, 'open');
    });

    test('a handler set to an object is kept, and not called', async () => {
      const socket = make((await rigOf()).url);
      const object = { handleEvent: () => expect.fail('it is no listener') };
      socket.onopen = object as never;
      expect(socket.onopen).toBe(object);
      await heard(socket, 'open');
    });

    test('once, signals, objects that handle events', async () => {
      const rig = await rigOf();
      const { socket } = await opened(rig);
      const told: string[] = [];
      const abort = new AbortController();
      socket.addEventListener('message', { handleEvent: () => told.push('object') });
      socket.addEventListener('message', () => told.push('once'), { once: true });
      socket.addEventListener('message', () => told.push('aborted'), { signal: abort.signal });
      const first = heard(socket, 'message');
      void rig.order({ do: 'push', text: 'x' });
      await first;
      abort.abort();
      const second = heard(socket, 'message');
      void rig.order({ do: 'push', text: 'x' });
      await second;
      expect(told).toEqual(['object', 'once', 'aborted', 'object']);
    });

    test('a listener that throws stops nobody, and the platform reports it', async () => {
      const rig = await rigOf();
      const { socket } = await opened(rig);
      const errors: Error[] = [];
      cleanups.push(uncaught((error) => errors.push(error)));
      const told: string[] = [];
      socket.onmessage = () => {
        throw new Error('thrown by a listener of the adapter suite');
      };
      socket.addEventListener('message', () => told.push('heard'));
      for (const text of ['one', 'two']) void rig.order({ do: 'push', text });
      await vi.waitFor(() => expect(told).toHaveLength(2), { timeout: 20_000 });
      await vi.waitFor(() => expect(errors).toHaveLength(2), { timeout: 20_000 });
      expect(socket.readyState).toBe(1);
    });

    test('close() in a listener: exactly one close', async () => {
      const rig = await rigOf();
      for (const type of ['open', 'message', 'error', 'close']) {
        const socket = make(type === 'error' ? rig.deadUrl : rig.url);
        const told = tale(socket);
        socket.addEventListener(type, () => socket.close());
        const closed = heard(socket, 'close');
        if (type === 'message' || type === 'close') {
          await heard(socket, 'open');
          await rig.order(type === 'message' ? { do: 'push', text: 'x' } : { do: 'close', code: 4000, reason: '' });
        }
        await closed;
        await after();
        expect(told.filter((each) => each.startsWith('close'))).toEqual(['close 3']);
        expect(told.at(-1)).toBe('close 3');
      }
    });

    test('events come one by one, and in order', async () => {
      const rig = await rigOf({ naming: 'never', behind: ['1', '2', '3'], closeAtOnce: { code: 4000, reason: '' } });
      const socket = make(rig.url);
      const told = tale(socket);
      await heard(socket, 'close');
      expect(told).toEqual(['open 1', 'message 1', 'message 1', 'message 1', 'close 3']);
    });
  });
}

/** Its own, or inherited. */
function descriptor(object: object | null, name: string): PropertyDescriptor | undefined {
  if (object === null) return undefined;
  return Object.getOwnPropertyDescriptor(object, name) ?? descriptor(Object.getPrototypeOf(object), name);
}
