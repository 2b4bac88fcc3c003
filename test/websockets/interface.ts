/**
 * The interface `WebSocket`, as Web IDL makes one of what WHATWG WebSockets says, in Chromium's order: told of Chromium's own class, which judges the
 * stories, and of ours. Nothing of Node may be imported here: this file also runs in a page.
 */
import { afterEach, describe, expect, inject, test } from 'vitest';

import { Rig } from './rig/rig.ts';

type Kind = typeof WebSocket;
/** Whose functions are called on what they were not made for. */
interface Member {
  readonly get?: () => unknown;
  readonly set?: (value: unknown) => void;
  readonly value?: unknown;
}

/** Of ours, and not of the standard: none of it is enumerated. */
const beyond = new Set(['connection', 'reconnect', 'retryCount', 'state', 'with']);

const attribute = (name: string, isWritable = false) => ({
  get: `get ${name} 0`,
  set: isWritable ? `set ${name} 1` : undefined,
  enumerable: true,
  configurable: true,
});
const method = (name: string, length: number) => ({
  value: `${name} ${length}`,
  writable: true,
  enumerable: true,
  configurable: true,
});
const constant = (value: number) => ({ value, writable: false, enumerable: true, configurable: false });

const constants = { CONNECTING: constant(0), OPEN: constant(1), CLOSING: constant(2), CLOSED: constant(3) };
const members = {
  url: attribute('url'),
  readyState: attribute('readyState'),
  bufferedAmount: attribute('bufferedAmount'),
  onopen: attribute('onopen', true),
  onerror: attribute('onerror', true),
  onclose: attribute('onclose', true),
  extensions: attribute('extensions'),
  protocol: attribute('protocol'),
  onmessage: attribute('onmessage', true),
  binaryType: attribute('binaryType', true),
  ...constants,
  close: method('close', 0),
  send: method('send', 1),
};

/** @param redials true: what is sent before it is open waits */
export function interfaceSuite(name: string, Kind: Kind, redials = false): void {
  const isOurs = 'with' in Kind;
  const cleanups: (() => unknown)[] = [];

  afterEach(async () => {
    await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
  });

  async function opened(): Promise<WebSocket> {
    const rig = await Rig.make(inject('rigs'), { naming: 'never' });
    cleanups.push(() => rig.remove());
    const socket = new Kind(rig.url);
    cleanups.push(() => socket.close());
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    return socket;
  }

  /** Nobody is there; nothing is waited for. */
  function made(...given: unknown[]): WebSocket {
    const socket = Reflect.construct(Kind, given.length === 0 ? ['ws://127.0.0.1:9/'] : given) as WebSocket;
    socket.addEventListener('error', () => {});
    cleanups.push(() => socket.close());
    return socket;
  }

  describe(`the interface, of ${name}`, () => {
    test('the class: its name, its length, its parent, its constants, in order', () => {
      expect(Object.getPrototypeOf(Kind)).toBe(EventTarget);
      // Where these stand is the engine's affair: of its own classes and of everybody's.
      const usual = ['length', 'name', 'prototype'];
      expect(own(Kind)).toEqual(expect.arrayContaining(usual));
      expect(own(Kind).filter((member) => !usual.includes(member))).toEqual(Object.keys(constants));
      expect(Object.getOwnPropertyDescriptors(Kind)).toMatchObject({
        length: { value: 1, writable: false, enumerable: false, configurable: true },
        name: { value: 'WebSocket', writable: false, enumerable: false, configurable: true },
        prototype: { writable: false, enumerable: false, configurable: false },
        ...constants,
      });
      expect(() => Reflect.apply(Kind, undefined, ['ws://127.0.0.1:9/'])).toThrow(TypeError);
    });

    test('the prototype: its members, their attributes and their order', () => {
      const { prototype } = Kind;
      expect(Object.getPrototypeOf(prototype)).toBe(EventTarget.prototype);
      expect(own(prototype)).toEqual([...Object.keys(members), 'constructor']);
      for (const [member, its] of Object.entries(members))
        expect([member, shapeOf(memberOf(prototype, member))]).toEqual([member, its]);
      expect(memberOf(prototype, 'constructor')).toEqual({
        value: Kind,
        writable: true,
        enumerable: false,
        configurable: true,
      });
      expect(Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)).toEqual({
        value: 'WebSocket',
        writable: false,
        enumerable: false,
        configurable: true,
      });
    });

    test('an instance has nothing of its own, and is walked through in order', () => {
      const socket = made();
      expect(Object.getOwnPropertyNames(socket)).toEqual([]);
      expect(Object.getPrototypeOf(socket)).toBe(Kind.prototype);
      expect(socket.constructor).toBe(Kind);
      const walked: string[] = [];
      for (const member in socket) walked.push(member);
      expect(walked.slice(0, 16)).toEqual(Object.keys(members));
      expect(Object.prototype.toString.call(socket)).toBe('[object WebSocket]');
    });

    test.each(Object.keys(members).filter((member) => !Object.hasOwn(constants, member)))(
      '%s of what is no WebSocket: a TypeError',
      (member) => {
        const { get, set, value } = memberOf(Kind.prototype, member);
        const strangers = [undefined, null, {}, 5, new EventTarget(), Kind.prototype, Object.create(made()) as object];
        for (const stranger of strangers) {
          const calls = [get, set, value as Member['get']];
          expect(calls).not.toEqual([undefined, undefined, undefined]);
          for (const call of calls) {
            for (const given of [[], [1_000], ['arraybuffer'], [null]]) {
              if (call !== undefined) expect(() => Reflect.apply(call, stranger, given)).toThrow(TypeError);
            }
          }
        }
      },
    );

    test('a handler is taken from its accessor, wrapped, and put back; a member that is deleted is gone', () => {
      // Not the class that everybody uses.
      const Own = class extends Kind {};
      for (const each of Object.keys(members)) {
        const its = Object.getOwnPropertyDescriptor(Kind.prototype, each)!;
        if (its.configurable) Object.defineProperty(Own.prototype, each, its);
      }
      const { get, set } = Object.getOwnPropertyDescriptor(Own.prototype, 'onmessage') as Required<PropertyDescriptor>;
      const seen: unknown[] = [];
      Object.defineProperty(Own.prototype, 'onmessage', {
        get,
        set(this: unknown, handler: unknown) {
          seen.push(handler);
          set.call(this, handler);
        },
        configurable: true,
      });
      const socket = new Own('ws://127.0.0.1:9/');
      cleanups.push(() => socket.close());
      const handler = () => {};
      socket.onmessage = handler;
      expect(seen).toEqual([handler]);
      expect(get.call(socket)).toBe(handler);
      expect(Reflect.deleteProperty(Own.prototype, 'onmessage')).toBe(true);
      expect(Object.getOwnPropertyNames(Own.prototype)).not.toContain('onmessage');
      expect(socket.onmessage).toBe(handler);
    });

    test('a class that extends it', () => {
      const Mine = class Mine extends Kind {
        get shout(): string {
          return this.url.toUpperCase();
        }
      };
      const socket = new Mine('ws://127.0.0.1:9/');
      cleanups.push(() => socket.close());
      expect(socket.shout).toBe('WS://127.0.0.1:9/');
      expect(socket).toBeInstanceOf(Mine);
      expect(socket).toBeInstanceOf(Kind);
      expect(made()).not.toBeInstanceOf(Mine);
      expect(socket.constructor.name).toBe('Mine');
    });

    test.each([undefined, null, {}, 'WebSocket', new EventTarget()])('%o is no instance of it', (value) => {
      expect(value instanceof Kind).toBe(false);
      expect((Kind.prototype as unknown) instanceof Kind).toBe(false);
    });

    test('the arguments are converted in order, before any of them is judged', () => {
      const told: string[] = [];
      const url = { toString: () => (told.push('url'), 'ftp://x') };
      const protocols = {
        *[Symbol.iterator]() {
          told.push('protocols');
          yield { toString: () => (told.push('protocol'), 'chat') };
        },
      };
      expect(errorOf(() => made(url, protocols))).toBe('SyntaxError');
      expect(told).toEqual(['url', 'protocols', 'protocol']);
      expect(errorOf(() => made('ftp://x', [Symbol('x')]))).toBe('TypeError');
      expect(errorOf(() => made(Symbol('x')))).toBe('TypeError');
      expect(errorOf(() => Reflect.construct(Kind, []))).toBe('TypeError');
    });

    test.each<[unknown, string]>([
      ['chat', 'nothing'],
      [['chat', 'chat2'], 'nothing'],
      [new Set(['chat']), 'nothing'],
      [{ toString: () => 'chat' }, 'nothing'],
      [null, 'nothing'],
      [undefined, 'nothing'],
      [5, 'nothing'],
      [[5, null], 'nothing'],
      [[], 'nothing'],
      ['', 'SyntaxError'],
      [{}, 'SyntaxError'],
      [['a', 'a'], 'SyntaxError'],
      [new String('aa'), 'SyntaxError'],
      [new String('ab'), 'nothing'],
      [Symbol('x'), 'TypeError'],
      [[Symbol('x')], 'TypeError'],
      [{ [Symbol.iterator]: 5 }, 'TypeError'],
      [{ [Symbol.iterator]: null, toString: () => 'chat' }, 'nothing'],
    ])('subprotocols: what becomes of number %#', (protocols, error) => {
      expect(errorOf(() => made('ws://127.0.0.1:9/', protocols))).toBe(error);
    });

    test.each<[unknown[], string]>([
      [[1_000.4], 'nothing'],
      [['3000'], 'nothing'],
      [[new Number(3_000)], 'nothing'],
      [[[4_999]], 'nothing'],
      [[1_000, undefined], 'nothing'],
      [[1_000, null], 'nothing'],
      [[1_000, '\uD800'.repeat(41)], 'nothing'],
      [[999.4], 'InvalidAccessError'],
      [[66_536], 'InvalidAccessError'],
      [[-1_000], 'InvalidAccessError'],
      [[null], 'InvalidAccessError'],
      [[Number.NaN], 'InvalidAccessError'],
      [[Infinity], 'InvalidAccessError'],
      [[true], 'InvalidAccessError'],
      [[{}], 'InvalidAccessError'],
      [[1_001, 'x'.repeat(124)], 'InvalidAccessError'],
      [[1_000, 'x'.repeat(124)], 'SyntaxError'],
      [[1_000, '\uD800'.repeat(42)], 'SyntaxError'],
      [[1_000n], 'TypeError'],
      [[Symbol('x')], 'TypeError'],
      [[1_000, Symbol('x')], 'TypeError'],
      [[1_001, Symbol('x')], 'TypeError'],
      [[Object.create(null)], 'TypeError'],
    ])('close(): what becomes of number %#', (given, error) => {
      const socket = made();
      expect(errorOf(() => Reflect.apply(socket.close.bind(socket), undefined, given))).toBe(error);
      expect(socket.readyState).toBe(error === 'nothing' ? 2 : 0);
    });

    // Chromium cuts off what is behind the point, and takes an undefined code for 0 where there is a reason.
    test.each<[unknown[]]>([[[999.5]], [[undefined, 'bye']]])('close(), as Web IDL has it: number %#', (given) => {
      const socket = made();
      const error = errorOf(() => Reflect.apply(socket.close.bind(socket), undefined, given));
      expect(error).toBe(isOurs ? 'nothing' : 'InvalidAccessError');
    });

    test('close() converts its arguments in order, also when it is too late', () => {
      const socket = made();
      socket.close();
      const told: string[] = [];
      const code = { valueOf: () => (told.push('code'), 1_000) };
      const reason = { toString: () => (told.push('reason'), 'bye') };
      socket.close(code as unknown as number, reason as unknown as string);
      expect(told).toEqual(['code', 'reason']);
      expect(errorOf(() => socket.close(1_001))).toBe('InvalidAccessError');
    });

    test.each<[unknown, string]>([
      ['arraybuffer', 'arraybuffer'],
      [{ toString: () => 'arraybuffer' }, 'arraybuffer'],
      [['arraybuffer'], 'arraybuffer'],
      ['ARRAYBUFFER', 'blob'],
      ['nodebuffer', 'blob'],
      ['', 'blob'],
      [null, 'blob'],
      [undefined, 'blob'],
      [{}, 'blob'],
    ])('binaryType: what becomes of number %#', (given, type) => {
      const socket = made();
      socket.binaryType = given as BinaryType;
      expect(socket.binaryType).toBe(type);
    });

    test('binaryType = a symbol is a TypeError', () => {
      const socket = made();
      expect(errorOf(() => (socket.binaryType = Symbol('x') as never))).toBe('TypeError');
      expect(errorOf(() => (socket.binaryType = { toString: () => ({}) } as never))).toBe('TypeError');
      expect(socket.binaryType).toBe('blob');
    });

    test('send() converts first, and judges then', async () => {
      const early = made();
      expect(errorOf(() => early.send(Symbol('x') as never))).toBe('TypeError');
      expect(errorOf(() => early.send({ toString: () => ({}) } as never))).toBe('TypeError');
      expect(errorOf(() => Reflect.apply(early.send.bind(early), undefined, []))).toBe('TypeError');
      expect(errorOf(() => early.send(undefined as never))).toBe(redials ? 'nothing' : 'InvalidStateError');
      const socket = await opened();
      const told: string[] = [];
      socket.send({ toString: () => (told.push('data'), 'text') } as never);
      expect(told).toEqual(['data']);
    });

    test('its attributes that are read only are not written', () => {
      const socket = made();
      for (const member of ['url', 'readyState', 'bufferedAmount', 'extensions', 'protocol', 'OPEN']) {
        expect(() => Reflect.set(socket, member, 'x')).not.toThrow();
        expect(Reflect.set(socket, member, 'x')).toBe(false);
      }
    });

    test('its events: of the platform, not to be cancelled, at the WebSocket and nowhere else', async () => {
      const socket = await opened();
      const ended = new Promise<CloseEvent>((resolve) => {
        socket.onclose = resolve;
      });
      socket.close(3_000, 'bye');
      const event = await ended;
      expect(event).toMatchObject({ type: 'close', bubbles: false, cancelable: false, code: 3_000, reason: 'bye' });
      expect(event.target).toBe(socket);
      // Node 20 and 22 have no such class.
      if (typeof CloseEvent === 'function') expect(event).toBeInstanceOf(CloseEvent);
    });
  });

  function own(object: object): string[] {
    return Object.getOwnPropertyNames(object).filter((member) => !beyond.has(member));
  }
}

function memberOf(object: object, name: string): Member {
  return Object.getOwnPropertyDescriptor(object, name) as Member;
}

function shapeOf({ get, set, value, ...attributes }: Member): object {
  const nameOf = (call: unknown) => (typeof call === 'function' ? `${call.name} ${call.length}` : undefined);
  if (get !== undefined || set !== undefined) return { get: nameOf(get), set: nameOf(set), ...attributes };
  return { value: nameOf(value) ?? value, ...attributes };
}

function errorOf(call: () => unknown): string {
  try {
    call();
    return 'nothing';
  } catch (error) {
    return (error as Error).name;
  }
}
