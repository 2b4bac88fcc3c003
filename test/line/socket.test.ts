/** Whatever a class of WebSockets does: the end is told once, and after it, or after it was left, nothing. */
import { EventEmitter } from 'node:events';

import { describe, expect, test } from 'vitest';

import { Socket } from '../../adapters/socket.ts';
import { canPing } from '../../adapters/socket.ws.ts';
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
  const socket = new Socket(
    WebSocketClass,
    { url: nowhere, protocols: [], further: [] },
    {
      opened: () => void told.push('opened'),
      heard: (frame) => void told.push(`heard ${frame as string}`),
      signed: (frame) => void told.push(`signed ${frame}`),
      lost: ({ code, reason, failed }) =>
        void told.push(`lost ${code ?? 'unopened'} ${reason}`.trimEnd() + (failed ? ', an error' : '')),
    },
  );
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
    'lost 1006 bad frame, an error',
  ],
  [
    'open, errors, then close',
    (p) => (p.opens(), p.fails({ message: 'first' }), p.fails({ message: 'second' }), p.breaks()),
    'lost 1006 first, an error',
  ],
  [
    'open, an error, and a close with a reason, later',
    (p) => (p.opens(), p.fails({ message: 'first' }), p.ends(1011, 'sorry')),
    'lost 1006 first, an error',
  ],
  [
    'refused, with the URL in its message',
    (p) => p.fails({ message: "WebSocket connection to 'wss://me:s3cret@example.com/?token=s3cret' failed" }),
    "lost unopened WebSocket connection to '… failed",
  ],
  ['open, an error without a word, and close', (p) => (p.opens(), p.fails({}), p.breaks()), 'lost 1006, an error'],
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

test.each(['ping', 'pong'])('a %s upon which somebody else leaves it is not heard', (sign) => {
  const { socket, told, puppet } = listened(Emitting);
  const { emitter } = puppet as Emitting;
  // It comes first, and an emitter goes on to those that were there when it began.
  emitter.on(sign, () => socket.drop());
  puppet.opens();
  emitter.emit(sign);
  expect(told).toEqual(['opened']);
});

/** As Bun's own class: it sends pings, tells of pongs by events, and is no emitter. */
class Bunlike extends Puppet {
  readonly target = new EventTarget();
  readonly did: string[] = [];
  addEventListener(type: string, listener: () => void): void {
    this.target.addEventListener(type, listener);
  }
  removeEventListener(type: string, listener: () => void): void {
    this.target.removeEventListener(type, listener);
  }
  ping(): void {
    this.did.push('ping');
  }
  terminate(): void {
    this.did.push('terminate');
  }
}

test('one that tells of pongs by events is asked and heard, and cut off', () => {
  expect(canPing(Bunlike)).toBe(true);
  const { socket, told, puppet } = listened(Bunlike);
  const { target, did } = puppet as Bunlike;
  puppet.opens();
  socket.ping();
  for (const type of ['ping', 'pong']) target.dispatchEvent(new Event(type));
  puppet.hears('a');
  socket.drop();
  for (const type of ['ping', 'pong']) target.dispatchEvent(new Event(type));
  expect([told, did]).toEqual([
    ['opened', 'signed ping', 'signed pong', 'heard a'],
    ['ping', 'terminate'],
  ]);
});

describe('each thing that a class can is looked for by itself', () => {
  const did: string[] = [];
  const can = {
    ping: () => void did.push('ping'),
    terminate: () => void did.push('terminate'),
    on: (type: string) => void did.push(`on ${type}`),
    addEventListener: (type: string) => void did.push(`hears ${type}`),
  };
  const rows: [able: (keyof typeof can)[], pings: boolean, what: string[]][] = [
    [['ping'], false, ['ping']],
    [['terminate'], false, ['terminate']],
    [['on'], false, ['on unexpected-response', 'on ping', 'on pong']],
    [['addEventListener'], false, []],
    [['ping', 'on'], true, ['on unexpected-response', 'on ping', 'on pong', 'ping']],
    [['ping', 'addEventListener'], true, ['hears unexpected-response', 'hears ping', 'hears pong', 'ping']],
    [['ping', 'terminate'], false, ['ping', 'terminate']],
  ];
  test.each(rows)('%j', (able, pings, what) => {
    class Able extends Puppet {}
    Object.assign(Able.prototype, Object.fromEntries(able.map((name) => [name, can[name]])));
    did.length = 0;
    expect(canPing(Able)).toBe(pings);
    const { socket, puppet } = listened(Able);
    puppet.opens();
    socket.ping();
    socket.drop();
    expect(did).toEqual(what);
    expect(puppet.closed).toEqual(able.includes('terminate') ? [] : [[]]);
  });
});

describe('what has left its buffer', () => {
  test('is counted by what each message adds to it, framing and all', () => {
    const { socket, puppet } = listened(Puppet);
    const send = (adds: number) => {
      puppet.send = () => void (puppet.bufferedAmount += adds);
      socket.send('x');
    };
    puppet.opens();
    send(0);
    expect(socket.left).toBe(0);
    send(14);
    send(7);
    expect([socket.left, socket.waiting]).toEqual([0, 21]);
    puppet.bufferedAmount = 5;
    expect([socket.left, socket.waiting]).toEqual([16, 5]);
    send(9);
    expect([socket.left, socket.waiting]).toEqual([16, 14]);
    puppet.bufferedAmount = 0;
    expect([socket.left, socket.waiting]).toEqual([30, 0]);
  });

  test('also of a request that is under way, which Node counts until its last byte is gone; and a ping is part of it', () => {
    const { socket, puppet } = listened(Emitting);
    const node = { _writableState: { writelen: 100 }, _handle: { writeQueueSize: 60 } as object | null };
    Object.assign(puppet, { _socket: node, ping: () => void (puppet.bufferedAmount += 6) });
    puppet.opens();
    puppet.send = () => void (puppet.bufferedAmount += 100);
    socket.send('x');
    socket.ping();
    expect([socket.left, socket.waiting]).toEqual([40, 66]);
    node._handle = { writeQueueSize: 130 }; // as TLS may have it
    expect(socket.left).toBe(0);
    node._handle = null;
    expect(socket.left).toBe(0);
    Object.assign(puppet, { _socket: null });
    expect(socket.left).toBe(0);
  });

  test('or has been compressed, where that was agreed on', () => {
    const { socket, puppet } = listened(Emitting);
    expect(socket.compresses).toBe(false);
    Object.assign(puppet, { extensions: '' });
    expect(socket.compresses).toBe(false);
    Object.assign(puppet, { extensions: 'permessage-deflate' });
    expect(socket.compresses).toBe(true);
    expect(listened(Puppet).socket.compresses).toBe(false);
  });
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
