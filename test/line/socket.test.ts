/** Whatever a class of WebSockets does: the end is told once, and after it, or after it was left, nothing. */
import { EventEmitter } from 'node:events';

import { describe, expect, test } from 'vitest';

import { Socket } from '../../adapters/socket.ts';
import type { WebSocketLike } from '../../adapters/web-socket.ts';
import { nowhere, Puppet } from '../helpers/puppet.ts';

/** With all that npm `ws` has beyond the standard. */
class Emitting extends Puppet {
  readonly emitter = new EventEmitter();
  readonly did: string[] = [];
  on = (...args: Parameters<EventEmitter['on']>) => this.emitter.on(...args);
  off = (...args: Parameters<EventEmitter['off']>) => this.emitter.off(...args);
  ping = () => void this.did.push('ping');
  terminate = () => void this.did.push('terminate');
}

const classes = { 'a plain class': Puppet, 'one like npm ws': Emitting };

function listened(WebSocketClass: typeof Puppet) {
  const told: string[] = [];
  const socket = new Socket(WebSocketClass, { url: nowhere, protocols: [] }, [], {
    opened: () => void told.push('opened'),
    heard: (frame) => void told.push(`heard ${frame as string}`),
    signed: (frame) => void told.push(`signed ${frame}`),
    lost: ({ code, reason }) => void told.push(`lost ${code ?? 'unopened'} ${reason}`.trimEnd()),
  });
  return { socket, told, puppet: Puppet.made.at(-1)! };
}

/** All that it can still do. */
function everything(puppet: Puppet): void {
  puppet.opens();
  puppet.hears('late');
  puppet.fails({ message: 'late' });
  puppet.ends(1000, 'late');
  puppet.fails({ message: 'later' });
  puppet.ends(1000, 'later');
  if (!(puppet instanceof Emitting)) return;
  puppet.emitter.emit('message', Buffer.from('late'), false);
  puppet.emitter.emit('ping');
  puppet.emitter.emit('pong');
  puppet.emitter.emit('unexpected-response', {}, { statusCode: 503, headers: {} });
}

const ends: [string, (puppet: Puppet) => void, last: string][] = [
  ['refused: error', (p) => p.fails({ message: 'no' }), 'lost unopened no'],
  ['refused: close', (p) => p.breaks(), 'lost 1006'],
  [
    'refused: error, then close',
    (p) => (p.fails({ error: { code: 'ECONNREFUSED' } }), p.breaks()),
    'lost unopened ECONNREFUSED',
  ],
  ['open, then close', (p) => (p.opens(), p.ends(4000, 'bye')), 'lost 4000 bye'],
  [
    'open, then error, then close',
    (p) => (p.opens(), p.fails({ message: 'bad frame' }), p.breaks()),
    'lost 1006 bad frame',
  ],
  [
    'open, errors, then close',
    (p) => (p.opens(), p.fails({ message: 'first' }), p.fails({ message: 'second' }), p.breaks()),
    'lost 1006 first',
  ],
  [
    'open, an error, and a close with a reason',
    (p) => (p.opens(), p.fails({ message: 'first' }), p.ends(1011, 'sorry')),
    'lost 1011 sorry',
  ],
  ['open, an error without a word, and close', (p) => (p.opens(), p.fails({}), p.breaks()), 'lost 1006'],
];

describe.each(Object.entries(classes))('%s', (...[, WebSocketClass]) => {
  test.each(ends)('%s: lost once, and last', (_, end, last) => {
    const { told, puppet } = listened(WebSocketClass);
    end(puppet);
    expect(told.at(-1)).toBe(last);
    expect(told.filter((each) => each.startsWith('lost'))).toEqual([last]);
    const before = [...told];
    everything(puppet);
    expect(told).toEqual(before);
  });

  test.each([
    ['before it opened', () => {}],
    ['open', (p: Puppet) => p.opens()],
    ['failing', (p: Puppet) => (p.opens(), p.fails({ message: 'bad frame' }))],
    ['lost', (p: Puppet) => p.breaks()],
  ])('left while %s: nothing comes after', (_, come) => {
    const { socket, told, puppet } = listened(WebSocketClass);
    come(puppet);
    const before = [...told];
    socket.drop();
    everything(puppet);
    expect(told).toEqual(before);
  });
});

test('one like npm ws is cut off, has its signs heard, and is left without a listener', () => {
  const { socket, told, puppet } = listened(Emitting);
  const { emitter, did } = puppet as Emitting;
  puppet.opens();
  emitter.emit('ping');
  emitter.emit('pong');
  socket.ping();
  // Only npm ws itself is listened to without `onmessage`.
  puppet.hears('a');
  socket.drop();
  expect(told).toEqual(['opened', 'signed ping', 'signed pong', 'heard a']);
  expect(did).toEqual(['ping', 'terminate']);
  expect(emitter.eventNames()).toEqual([]);
});

test('one like npm ws that lets nobody stop listening is left all the same', () => {
  class Sticky extends Emitting {
    override off = undefined as never;
  }
  const { socket, told, puppet } = listened(Sticky);
  socket.drop();
  everything(puppet);
  expect(told).toEqual([]);
});

test('a class that cannot be closed is left all the same', () => {
  class Stuck extends Puppet {
    override close(): void {
      throw new Error('not now');
    }
  }
  const { socket, told, puppet } = listened(Stuck);
  socket.drop();
  everything(puppet);
  expect(told).toEqual([]);
});

test('what the class throws while it is listened to is thrown, and it is left', () => {
  class Broken extends Puppet {
    constructor(...given: unknown[]) {
      super(...given);
      Object.defineProperty(this, 'binaryType', {
        set() {
          throw new Error('no binary type');
        },
      });
    }
  }
  expect(() => listened(Broken)).toThrow('no binary type');
  expect(Puppet.made.at(-1)!.closed).toEqual([[]]);
});

test('what a socket says of itself', () => {
  const { socket, puppet } = listened(Puppet);
  socket.ping(); // which it cannot
  Object.assign(puppet, {
    url: 'ws://x/',
    protocol: 'p',
    extensions: 'e',
    bufferedAmount: 7,
  } satisfies Partial<WebSocketLike>);
  expect([socket.url, socket.protocol, socket.extensions, socket.bufferedAmount]).toEqual(['ws://x/', 'p', 'e', 7]);
  expect(socket.isOpen).toBe(false);
  puppet.opens();
  expect(socket.isOpen).toBe(true);
  socket.close(4000, 'why');
  socket.close(1005, '');
  expect(puppet.closed).toEqual([[4000, 'why'], []]);
});
