/** One visit, step by step: what the adapter does to a WebSocket, and what it makes of what a WebSocket does. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import type { Connection, ConnectOptions } from '../../adapters/index.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import { nativePing } from '../../adapters/protocols/native-ping.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import { type Answer, ping, type Protocol, type Session, type Visitor } from '../../adapters/protocols/protocol.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { alive, dialled, nowhere, Puppet } from '../helpers/puppet.ts';
import { eventsOf, uncaughtDuring } from '../helpers/support.ts';
import { steppedClock } from '../kit/clock.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A dialect of which a test says what matters to it. */
const dialect = (session: Session, more: Partial<Protocol> = {}): ConnectOptions => ({
  protocol: { name: 'test', liveness: 'ask', session: () => session, ...more },
});
const named = (): Answer => ({ named: {} });

/** A WebSocket with what npm `ws` has beyond the standard. */
class NodePuppet extends Puppet {
  readonly did: string[] = [];
  readonly listeners = new Map<string, (...args: unknown[]) => void>();

  on(event: string, listener: (...args: never[]) => void): void {
    this.listeners.set(event, listener as never);
  }

  off(event: string, listener: (...args: never[]) => void): void {
    if (this.listeners.get(event) === listener) this.listeners.delete(event);
  }

  ping(): void {
    this.did.push('ping');
  }

  terminate(): void {
    this.did.push('terminate');
  }

  says(event: string, ...args: unknown[]): void {
    this.listeners.get(event)?.(...args);
  }
}

function nodeDialled(options: ConnectOptions = {}) {
  const subject = dialled({ WebSocket: NodePuppet, ...options });
  return { ...subject, socket: () => Puppet.made.at(-1) as NodePuppet };
}

describe('a dial that fails', () => {
  test.each([
    ['its code', { error: { code: 'ECONNREFUSED' }, message: 'connect ECONNREFUSED' }, 'ECONNREFUSED'],
    [
      'its message',
      { error: new Error('no code'), message: 'Unexpected server response' },
      'Unexpected server response',
    ],
    ['a message without an error', { message: 'refused' }, 'refused'],
    ['nothing', {}, ''],
    ['nothing that is text', { error: { code: 5 }, message: 5 }, ''],
  ])('is told with %s', (_, event, reason) => {
    const { connection, socket } = dialled();
    const retries = eventsOf(connection, 'retry');
    const first = socket();
    first.fails(event);
    expect(retries).toMatchObject([{ cause: 'refused', reason, attempt: 1 }]);
    first.ends(4000, 'too late');
    expect(retries).toHaveLength(1);
  });

  test.each([
    ['an error', new TypeError(`cannot dial ${nowhere}`), 'the WebSocket threw TypeError'],
    ['what is none', 'oops', 'the WebSocket threw string'],
  ])('because the class throws %s', async (_, thrown, reason) => {
    class Throwing extends Puppet {
      constructor() {
        super();
        throw thrown;
      }
    }
    const { connection } = dialled({ WebSocket: Throwing });
    const retries = eventsOf(connection, 'retry');
    expect(connection.state).toBe('connecting');
    await turn();
    expect(retries).toMatchObject([{ cause: 'refused', reason }]);
  });

  /** By the server's clock, which is not ours. */
  const date = (ms: number) => new Date(Date.UTC(2100, 0) + ms).toUTCString();

  test.each<[string, string | string[] | undefined, number, date?: string]>([
    ['in seconds', '7', 7_500],
    ['as a date', date(9_000), 9_500, date(0)],
    ['as a date, without saying what date it is', date(9_000), 375],
    ['as a date, with a date that is none', date(9_000), 375, 'today'],
    ['in the past', date(-1_000), 375, date(0)],
    ['in seconds, more of them', '70', 70_500],
    ['as a date of old', 'Fri Jan 01 00:00:08 2100 GMT', 8_500, date(0)],
    ['as a date of another kind', '2100-01-01T02:00:00Z', 3_600_500, date(0)],
    ['at once', '0', 375],
    ['in what are no whole seconds', '1.5', 375],
    ['as no time', 'soon', 375],
    ['with more behind it', '7x', 375],
    ['twice', ['7', '9'], 375],
    ['not at all', undefined, 375],
  ])('because npm ws was refused, and told when to come back %s', (_, header, wait, today) => {
    const { connection, socket } = nodeDialled();
    const retries = eventsOf(connection, 'retry');
    const headers = { 'retry-after': header, date: today };
    socket().says('unexpected-response', {}, { statusCode: 503, headers });
    expect(retries).toMatchObject([{ cause: 'refused', reason: 'HTTP 503', status: 503, nextDialIn: wait }]);
  });

  test('of what its protocol is not asked: it is asked of what was open', () => {
    const asked: unknown[] = [];
    const { socket } = dialled(dialect({ opened: named, closed: (...end) => void asked.push(end) }));
    socket().fails({ message: 'refused' });
    expect(asked).toEqual([]);
  });

  test('for good, by its status', () => {
    const { connection, socket } = nodeDialled();
    const closed = eventsOf(connection, 'closed');
    socket().says('unexpected-response', {}, { statusCode: 401, headers: {} });
    expect(closed).toMatchObject([{ cause: 'fatal', code: 1006, reason: 'HTTP 401', status: 401, wasClean: false }]);
  });

  test('is no clean end', async () => {
    const { connection, socket } = dialled({ retries: 0 });
    const closed = eventsOf(connection, 'closed');
    socket().fails({});
    expect(closed).toMatchObject([{ code: 1006, reason: '', wasClean: false }]);
    class Throwing extends Puppet {
      constructor() {
        super();
        throw new TypeError('no');
      }
    }
    const thrown = eventsOf(dialled({ retries: 0, WebSocket: Throwing }).connection, 'closed');
    await turn();
    expect(thrown).toMatchObject([{ code: 1006, wasClean: false }]);
  });

  test('has no bytes to wait for before its address is known', () => {
    const { connection } = dialled({}, () => new Promise(() => {}));
    expect(connection.send('held')).toBe(true);
    expect(connection.bufferedAmount).toBe(4);
  });
});

describe('an open socket', () => {
  test("that fails is over: what it says later is nobody's", () => {
    const { connection, socket } = alive();
    const lost = eventsOf(connection, 'lost');
    expect(socket().binaryType).toBe('arraybuffer');
    socket().fails({ message: 'bad frame' });
    expect(connection.state).toBe('reconnecting');
    socket().ends(4000, 'gone');
    expect(lost).toMatchObject([
      { cause: 'peer-closed', code: 1006, reason: 'bad frame', wasClean: false, failed: true },
    ]);
  });

  test.each([
    [{ fatal: true }, 'closed', undefined],
    [{ fatal: false, retryAfter: 9_000 }, 'reconnecting', 9_500],
    [undefined, 'closed', undefined],
  ])('whose protocol says of its end %o: %s', (verdict, state, nextDialIn) => {
    const ends: unknown[] = [];
    const { connection, socket } = alive(
      dialect({
        opened: named,
        closed: (...end) => {
          ends.push(end);
          return verdict;
        },
      }),
    );
    const lost = eventsOf(connection, 'lost');
    socket().ends(1008, 'policy');
    expect(ends).toEqual([[1008, 'policy']]);
    expect(connection.state).toBe(state);
    expect(lost).toMatchObject([{ nextDialIn }]);
  });

  test('is left without anybody who listens', () => {
    const { connection, socket } = alive();
    const first = socket();
    connection.reconnect();
    expect(first.closed).toEqual([[]]);
    expect([first.onopen, first.onmessage, first.onclose]).toEqual([null, null, null]);
    expect(first.onerror).toBeTypeOf('function');
    expect(first.onerror?.({} as never)).toBeUndefined();
  });

  test('of npm ws is cut, not closed', () => {
    const { connection, socket } = nodeDialled();
    socket().opens();
    const first = socket();
    connection.reconnect();
    expect(first.did).toEqual(['terminate']);
    expect(first.closed).toEqual([]);
  });

  test('with a ping of its own is not taken for one of npm ws', () => {
    class Pinging extends Puppet {
      ping(): void {}
    }
    const { connection, socket } = alive({ WebSocket: Pinging });
    expect(connection.state).toBe('alive');
    const first = socket();
    connection.reconnect();
    expect(first.closed).toEqual([[]]);
  });

  test('that throws when it is asked for a sign of life is lost', async () => {
    class Throwing extends Puppet {
      override send(): void {
        throw new RangeError('full');
      }
    }
    const { connection, clock } = alive({ WebSocket: Throwing, protocol: plain() });
    const lost = eventsOf(connection, 'lost');
    clock.advance(60_000);
    await turn();
    expect(lost).toMatchObject([{ reason: 'the WebSocket threw RangeError' }]);
  });

  test.each<[said: [code?: number, reason?: string], closed: unknown[]]>([
    [[], [1000, '']],
    [
      [4001, 'bye'],
      [4001, 'bye'],
    ],
  ])('is closed with %o', (said, closed) => {
    const { connection, socket, heard } = alive();
    connection.close(...said);
    expect(socket().closed).toEqual([closed]);
    socket().hears('too late');
    expect(heard).toEqual([]);
  });

  test('is closed without a code where the code says that there is none', () => {
    const { connection, socket } = alive();
    connection.actor.send({ type: 'user.closed', code: 1005, reason: '' });
    expect(socket().closed).toEqual([[]]);
  });
});

describe('before the name', () => {
  const naming = '{"id":"me","now_time":0}';

  test.each<[string, ConnectOptions['buffer'], (string | ArrayBuffer)[]]>([
    ['messages', { messages: 2 }, ['a', 'b']],
    ['bytes', { bytes: 4 }, ['abc', new ArrayBuffer(1)]],
  ])('as much is kept as may wait: %s', (_, buffer, frames) => {
    const { connection, socket, heard } = dialled({ protocol: idHeartbeat(), buffer: buffer! });
    socket().opens();
    for (const frame of frames) socket().hears(frame);
    socket().hears(naming);
    expect(connection.id).toBe('me');
    expect(heard).toEqual(frames);
  });

  test.each<[string, ConnectOptions['buffer'], (string | ArrayBuffer)[]]>([
    ['messages', { messages: 2 }, ['a', 'b', 'c']],
    ['bytes', { bytes: 4 }, ['abc', new ArrayBuffer(2)]],
  ])('and no more: %s', (_, buffer, frames) => {
    const { connection, socket, heard } = dialled({ protocol: idHeartbeat(), buffer: buffer! });
    const retries = eventsOf(connection, 'retry');
    socket().opens();
    for (const frame of frames) socket().hears(frame);
    expect(retries).toMatchObject([
      { cause: 'refused', reason: 'more messages before the session was named than buffer allows' },
    ]);
    expect(heard).toEqual([]);
  });

  test('what was kept is heard no further than to a listener that closes', () => {
    const { connection, socket, heard } = dialled({ protocol: idHeartbeat() });
    connection.on('message', () => connection.close());
    socket().opens();
    for (const frame of ['a', 'b', naming]) socket().hears(frame);
    expect(heard).toEqual(['a']);
    socket().hears('c');
    expect(heard).toEqual(['a']);
  });

  test('what was kept is forgotten with the visit', () => {
    const { clock, socket, heard } = dialled({ protocol: idHeartbeat() });
    socket().opens();
    socket().hears('of the first visit');
    socket().breaks();
    clock.advance(1_000);
    socket().opens();
    socket().hears(naming);
    expect(heard).toEqual([]);
  });
});

describe('a heartbeat', () => {
  const beating = { protocol: plain(), heartbeat: { interval: 1_000, timeout: 1_000 } };

  test('knows whether the one before it is still unanswered', () => {
    const asked: (boolean | undefined)[] = [];
    const { clock, socket } = alive({
      ...dialect({ opened: named, probe: (again) => (asked.push(again), { write: ['?'] }) }),
      heartbeat: beating.heartbeat,
    });
    clock.advance(1_500);
    socket().hears('news');
    clock.advance(1_000);
    expect(asked).toEqual([false, true, false]);
  });

  test('that was asked twice is timed from the first time, and confirms what went before it', () => {
    const { connection, clock, line, socket } = alive(beating);
    connection.send('before');
    clock.advance(1_000);
    connection.send('after');
    clock.advance(500);
    expect(connection.state).toBe('stale');
    expect(socket().sent).toEqual(['before', 'ping', 'after', 'ping']);
    clock.advance(100);
    socket().hears('pong');
    expect(connection.state).toBe('alive');
    expect(connection.roundTripTime).toBe(600);
    expect(line.unconfirmed).toEqual({ messages: 1, bytes: 5 });
    socket().hears('pong'); // to the second
    expect(connection.roundTripTime).toBe(600);
    expect(line.unconfirmed).toEqual({ messages: 1, bytes: 5 });
    clock.advance(1_000);
    socket().hears('pong');
    expect(connection.roundTripTime).toBe(0);
    expect(line.unconfirmed).toEqual({ messages: 0, bytes: 0 });
  });

  test('that is never answered leaves the server one answer behind: less is confirmed than arrived', () => {
    const { connection, clock, line, socket } = alive(beating);
    clock.advance(1_000);
    socket().hears('news');
    connection.send('one');
    clock.advance(1_000);
    connection.send('two');
    socket().hears('pong');
    const seen = [line.unconfirmed.messages];
    for (let beats = 0; beats < 2; beats += 1) {
      clock.advance(1_000);
      socket().hears('pong');
      seen.push(line.unconfirmed.messages);
    }
    expect(seen).toEqual([2, 2, 0]);
    socket().hears('pong');
    socket().hears('pong');
    connection.send('more');
    clock.advance(1_000);
    socket().hears('pong');
    expect(line.unconfirmed, 'what nobody asked for is not counted ahead').toEqual({ messages: 0, bytes: 0 });
  });

  test('that nobody asked for is not counted as an answer to what is asked later', () => {
    const { connection, clock, line, socket } = alive(beating);
    socket().hears('pong');
    clock.advance(1_000);
    socket().hears('news'); // proof enough of the first heartbeat, which is not answered yet
    clock.advance(1_000);
    socket().hears('pong'); // to the first
    connection.send('one');
    clock.advance(1_000);
    socket().hears('pong'); // to the second
    expect(line.unconfirmed.messages).toBe(1);
    clock.advance(1_000);
    socket().hears('pong'); // to the third
    expect(line.unconfirmed.messages).toBe(0);
  });

  test('that is too old to be an answer leaves the question open', () => {
    const { connection, clock, socket } = dialled({ protocol: idHeartbeat() });
    const says = (age: number) => socket().hears(JSON.stringify({ heartbeat: clock.now() - age }));
    socket().opens();
    socket().hears(JSON.stringify({ id: 'a', now_time: clock.now() }));
    clock.advance(60_000);
    says(0);
    clock.advance(60_000);
    says(200_000);
    expect(connection.state).toBe('stale');
    const { length } = socket().sent;
    clock.advance(100);
    says(190_000);
    says(180_000);
    expect(connection.state).toBe('stale');
    expect(socket().sent).toHaveLength(length);
    clock.advance(100);
    says(0);
    expect(connection.state).toBe('alive');
    expect(connection.roundTripTime).toBe(200);
  });

  test('is timed anew, also where any frame has answered the last one', () => {
    const { connection, clock, socket } = alive(beating);
    clock.advance(1_000);
    socket().hears('news');
    clock.advance(1_070);
    socket().hears('pong');
    expect(connection.roundTripTime).toBe(70);
  });

  test('that a wake has asked for is timed as well', () => {
    const { connection, clock, socket } = alive({ ...beating, heartbeat: { interval: 5_000, timeout: 1_000 } });
    clock.advance(2_000);
    connection.actor.send({ type: 'world.woke', reason: 'sleep' });
    expect(connection.state).toBe('stale');
    clock.advance(50);
    socket().hears('pong');
    expect(connection.roundTripTime).toBe(50);
  });

  test('is a ping frame where the protocol says so, and the class can', () => {
    const { connection, clock, socket } = nodeDialled({ ...beating, protocol: nativePing() });
    socket().opens();
    clock.advance(1_000);
    expect([socket().did, socket().sent]).toEqual([['ping'], []]);
    clock.advance(70);
    socket().says('pong');
    expect(connection.roundTripTime).toBe(70);
    const { protocol } = dialect({ opened: named, probe: () => ({ write: [ping] }) });
    const bare = alive({ ...beating, protocol });
    bare.clock.advance(1_000);
    expect(bare.connection.state).toBe('alive');
    expect(bare.socket().sent).toEqual([]);
  });

  test('is not answered by a ping of the server', () => {
    const { connection, clock, socket } = nodeDialled({ ...beating, protocol: nativePing() });
    socket().opens();
    clock.advance(1_000);
    socket().says('ping');
    expect(connection.roundTripTime).toBeUndefined();
    socket().says('pong');
    expect(connection.roundTripTime).toBe(0);
  });

  test('that nobody asked for is life, and no beat', () => {
    const { connection, clock, socket } = alive(beating);
    clock.advance(900);
    socket().hears('pong');
    expect(connection.roundTripTime).toBeUndefined();
    clock.advance(100);
    expect(socket().sent).toEqual(['ping']);
  });

  test('is answered by any message, once it was asked', () => {
    const { connection, clock, socket, heard } = alive(beating);
    clock.advance(1_500);
    expect(connection.state).toBe('stale');
    socket().hears('news');
    expect(connection.state).toBe('alive');
    expect(heard).toEqual(['news']);
  });

  test('is not written to a socket that is closing', () => {
    const { clock, socket } = alive(beating);
    socket().readyState = 2;
    clock.advance(1_000);
    expect(socket().sent).toEqual([]);
  });

  test.each(['ping', 'pong'])('is answered by a %s of npm ws, where the protocol has no word for it', (frame) => {
    const { connection, clock, socket } = nodeDialled(beating);
    socket().opens();
    clock.advance(1_500);
    expect(connection.state).toBe('stale');
    socket().says(frame);
    expect(connection.state).toBe('alive');
  });
});

describe('what the machine hears of', () => {
  /** The events of the peer, as the machine was told them. */
  function told(options: ConnectOptions) {
    const events: string[] = [];
    const subject = alive({
      heartbeat: { interval: 1_000, timeout: 1_000 },
      ...options,
      inspect: (event) => {
        if (event.type === '@xstate.event' && event.event.type.startsWith('peer.')) events.push(event.event.type);
      },
    });
    events.length = 0;
    return { ...subject, events };
  }

  test('messages is nothing, but for the first after a heartbeat', () => {
    const { clock, events, socket } = told({ protocol: plain() });
    socket().hears('news');
    expect(events).toEqual([]);
    clock.advance(1_000);
    socket().hears('news');
    socket().hears('more');
    expect(events).toEqual(['peer.spoke']);
  });

  test('an answer is a beat alone', () => {
    const { clock, events, socket } = told({ protocol: plain() });
    clock.advance(1_000);
    socket().hears('pong');
    socket().hears('news');
    expect(events).toEqual(['peer.beat']);
  });

  test('what the protocol swallows is life, where it was asked for', () => {
    const { clock, events, socket } = told(
      dialect({ opened: named, received: () => ({ swallow: true }), probe: () => ({ write: ['?'] }) }),
    );
    socket().hears('x');
    clock.advance(1_000);
    socket().hears('x');
    expect(events).toEqual(['peer.spoke']);
  });

  test('a server that beats by itself is each beat; it is asked for nothing, also in doubt', async () => {
    const beating = dialect({ opened: named, received: () => ({ beat: {} }) }, { liveness: 'server-beats' });
    const { connection, clock, events, socket } = told(beating);
    socket().hears('x');
    expect(events).toEqual(['peer.beat']);
    expect(connection.roundTripTime).toBeUndefined();
    clock.advance(1_500);
    await turn();
    expect(connection.state).toBe('stale');
    socket().hears('x');
    expect(connection.state).toBe('alive');
    expect(socket().sent).toEqual([]);
  });
});

test('frames of one turn share one reading of the clock', async () => {
  const clock = steppedClock();
  let readings = 0;
  const { socket } = alive({ clock: { ...clock, wallTime: () => (readings += 1) } });
  await turn();
  readings = 0;
  socket().hears('a');
  socket().hears('b');
  expect(readings).toBe(1);
  await turn();
  socket().hears('c');
  expect(readings).toBe(2);
});

test('the URL in use is the one the socket says', () => {
  class Redirected extends Puppet {
    readonly url = 'ws://127.0.0.1:9/elsewhere';
  }
  const socket = new HeartbeatWebSocket(nowhere, [], {
    WebSocket: Redirected,
    clock: steppedClock(),
    lifecycle: false,
  });
  expect(socket.url).toBe('ws://127.0.0.1:9/elsewhere');
});

test('a shouldReconnect that throws has no say, and its error surfaces', async () => {
  const oops = new Error('thrown by shouldReconnect');
  const errors = await uncaughtDuring(async () => {
    const { connection, socket } = alive({
      shouldReconnect: () => {
        throw oops;
      },
    });
    socket().breaks();
    expect(connection.state).toBe('reconnecting');
  });
  expect(errors).toEqual([oops]);
});

describe('an answer of a protocol', () => {
  const once = (answer: Answer) => dialect({ opened: named, received: () => answer });

  test('is swallowed, or heard', () => {
    const quiet = alive(once({ swallow: true }));
    quiet.socket().hears('x');
    expect(quiet.heard).toEqual([]);
    const loud = alive(once({}));
    loud.socket().hears('x');
    expect(loud.heard).toEqual(['x']);
  });

  test('is written in order', () => {
    const { socket } = alive(once({ write: ['one', 'two'] }));
    socket().hears('x');
    expect(socket().sent).toEqual(['one', 'two']);
  });

  test('may send us away: for good, or for a time', () => {
    const fatal = alive(once({ refused: { reason: 'banned', fatal: true } }));
    const closed = eventsOf(fatal.connection, 'closed');
    fatal.socket().hears('x');
    expect(closed).toMatchObject([{ cause: 'fatal', reason: 'banned' }]);
    const later = alive(once({ refused: { reason: 'full', retryAfter: 9_000 } }));
    const lost = eventsOf(later.connection, 'lost');
    later.socket().hears('x');
    expect(lost).toMatchObject([{ cause: 'refused', reason: 'full', nextDialIn: 9_500 }]);
  });

  test('that sends us away is heard first, unless it is swallowed, and once', () => {
    const refused = { reason: 'banned', fatal: true };
    const hearing = (answer: Answer) => {
      const { socket, heard } = alive(once(answer));
      socket().hears('x');
      return heard;
    };
    expect(hearing({ refused })).toEqual(['x']);
    expect(hearing({ refused, deliver: 'y' })).toEqual(['y']);
    expect(hearing({ refused, swallow: true })).toEqual([]);
    // While the machine is busy it has not left yet.
    const { connection, socket, heard } = dialled(once({ refused }));
    connection.on('open', () => socket().hears('x'));
    socket().opens();
    expect(heard).toEqual(['x']);
    expect(connection.state).toBe('closed');
  });

  test('that sends us away before there is a name is heard, and what came before it', () => {
    const { connection, socket, heard } = dialled(
      dialect({ received: (frame) => (frame === 'x' ? { refused: { reason: 'banned' } } : undefined) }),
    );
    socket().opens();
    socket().hears('a');
    socket().hears('x');
    expect(heard).toEqual(['a', 'x']);
    expect(connection.state).toBe('reconnecting');
  });

  test('may have another message in the place of the frame', () => {
    const { socket, heard } = alive(once({ deliver: 'without what was around it' }));
    socket().hears('around it');
    expect(heard).toEqual(['without what was around it']);
  });

  test('may warn: where somebody listens, and else on the console', () => {
    const warning = { code: 'odd', message: 'the server is odd' };
    const heard = alive(once({ warning, swallow: true }));
    const warnings = eventsOf(heard.connection, 'warning');
    const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => said.mockRestore());
    heard.socket().hears('x');
    expect(warnings).toEqual([warning]);
    expect(said).not.toHaveBeenCalled();
    alive(once({ warning, swallow: true }))
      .socket()
      .hears('x');
    expect(said.mock.calls).toEqual([['systole: the server is odd']]);
  });

  test('that came behind the end is none', () => {
    const { connection, socket } = alive(once({ write: ['answer'], swallow: true }));
    connection.close();
    socket().hears('x');
    expect(socket().sent).toEqual([]);
  });
});

describe('a session that speaks unasked', () => {
  function outspoken(session: Session = {}) {
    let visitor!: Visitor;
    const subject = alive({
      protocol: {
        name: 'test',
        liveness: 'ask',
        session(its) {
          visitor = its!;
          return { opened: named, probe: () => ({ write: ['?'] }), ...session };
        },
      },
    });
    return { ...subject, tell: (answer: Parameters<Visitor['tell']>[0]) => visitor.tell(answer) };
  }

  test('writes, warns, and sends away', () => {
    const { connection, socket, tell } = outspoken();
    const warnings = eventsOf(connection, 'warning');
    const lost = eventsOf(connection, 'lost');
    tell({ write: ['one', 'two'], warning: { code: 'odd', message: 'odd' } });
    expect(socket().sent).toEqual(['one', 'two']);
    expect(warnings).toHaveLength(1);
    tell({ refused: { reason: 'enough', retryAfter: 9_000 } });
    expect(lost).toMatchObject([{ cause: 'refused', reason: 'enough', nextDialIn: 9_500 }]);
  });

  test('need not write', async () => {
    const { connection, tell } = outspoken();
    connection.on('warning', () => {});
    tell({ warning: { code: 'odd', message: 'odd' } });
    await turn();
    expect(connection.state).toBe('alive');
  });

  test('shows no life of its peer', () => {
    const { connection, clock, tell } = outspoken();
    clock.advance(60_000);
    tell({ write: ['still here'] });
    clock.advance(5_000);
    expect(connection.state).toBe('stale');
  });

  test.each<[string, (connection: Connection, socket: Puppet) => void]>([
    ['the line is lost', (_, socket) => socket.breaks()],
    ['the app has closed', (connection) => connection.close()],
    ['it dials anew', (connection) => connection.reconnect()],
  ])('is told once when %s, when it was heard at last, and not heard any more', (_, end) => {
    const ends: number[] = [];
    const { connection, clock, socket, tell } = outspoken({ ended: (heardAt) => void ends.push(heardAt) });
    const first = socket();
    const heardAt = clock.now();
    clock.advance(1_000);
    expect(ends).toEqual([]);
    end(connection, first);
    expect(ends).toEqual([heardAt]);
    const warnings = eventsOf(connection, 'warning');
    tell({ write: ['late'], warning: { code: 'late', message: 'late' }, refused: { reason: 'late' } });
    expect([first.sent, warnings]).toEqual([[], []]);
    first.breaks();
    expect(ends).toEqual([heardAt]);
  });
});

test('what the app sends is put into words by its protocol; what comes back to the app is as it was', () => {
  const { connection, socket, line } = dialled(dialect({ opened: named }, { outgoing: (text) => `<${text}>` }));
  connection.send('early');
  expect(line.drain()).toEqual(['early']);
  connection.send('held');
  socket().opens();
  connection.send('text');
  const bytes = new Uint8Array([1]);
  connection.send(bytes);
  expect(socket().sent).toEqual(['<held>', '<text>', bytes]);
});

test('a session that throws says nothing, and its error surfaces', async () => {
  const thrown: Error[] = [];
  const oops = (what: string) => () => {
    thrown.push(new Error(what));
    throw thrown.at(-1)!;
  };
  const errors = await uncaughtDuring(async () => {
    const { connection, clock, socket, heard } = alive(
      dialect({ received: oops('received'), probe: oops('probe'), closed: oops('closed'), opened: named }),
    );
    const lost = eventsOf(connection, 'lost');
    socket().hears('x');
    expect(heard).toEqual(['x']);
    clock.advance(60_000);
    socket().ends(4000, 'gone');
    expect(lost).toMatchObject([{ code: 4000, reason: 'gone' }]);
  });
  expect(errors).toEqual(thrown);
  expect(thrown.map(({ message }) => message)).toEqual(['received', 'probe', 'closed']);
});

test('a protocol without a session names nobody, and says nothing', () => {
  const { connection, socket } = dialled({
    ...dialect({}),
    protocol: { ...silent(), session: () => undefined as never },
  });
  socket().opens();
  socket().hears('x');
  expect(connection.state).toBe('awaiting-id');
});

describe('a question behind what was sent', () => {
  /** Asked, when so many bytes lie before it. */
  function asked(lie: number) {
    const subject = alive({ protocol: plain(), buffer: { bytes: 1_000 } });
    subject.socket().bufferedAmount = lie;
    subject.clock.advance(60_000);
    expect(subject.socket().sent).toEqual(['ping']);
    return subject;
  }

  test('is in no doubt while that leaves', () => {
    const { connection, clock, socket } = asked(100);
    clock.advance(20);
    socket().bufferedAmount = 50;
    clock.advance(20);
    clock.advance(5_000);
    expect(connection.state).toBe('alive');
  });

  test.each([0, 100])('is doubted where none of %i bytes leaves', (lie) => {
    const { connection, clock } = asked(lie);
    clock.advance(5_000);
    expect(connection.state).toBe('stale');
  });

  test('is timed from when nothing lies before it any more', () => {
    const { connection, clock, socket } = asked(100);
    clock.advance(20);
    socket().bufferedAmount = 0;
    clock.advance(20);
    clock.advance(7);
    socket().hears('pong');
    expect(connection.roundTripTime).toBe(7);
  });

  test('and where it is the second one, from the first', () => {
    const { connection, clock, socket } = asked(0);
    socket().bufferedAmount = 100;
    clock.advance(5_000);
    expect(connection.state).toBe('stale');
    clock.advance(20);
    socket().bufferedAmount = 0;
    clock.advance(20);
    socket().hears('pong');
    expect(connection.roundTripTime).toBe(5_040);
  });

  test('leaves no timer with the line', () => {
    const { connection, clock, socket } = asked(100);
    expect(clock.pending).toContain(20);
    socket().breaks();
    expect(connection.state).toBe('reconnecting');
    expect(clock.pending).not.toContain(20);
  });
});

describe('a class that throws at what it is given', () => {
  class Picky extends Puppet {
    override send(data: unknown): void {
      if (data === 'gone') this.readyState = 3;
      if (data !== 'good') throw new TypeError(`no ${data as string}`);
      super.send(data);
    }
  }

  test('a message is dropped, and the next one goes', () => {
    const { connection, socket } = alive({ WebSocket: Picky });
    const dropped = eventsOf(connection, 'dropped');
    expect([connection.send('bad'), connection.send('good')]).toEqual([true, true]);
    expect(dropped).toEqual([{ data: 'bad', reason: 'unsendable', error: new TypeError('no bad') }]);
    expect([socket().sent, connection.bufferedAmount]).toEqual([['good'], 0]);
  });

  test('one with which the socket goes waits for the next', () => {
    const { connection } = alive({ WebSocket: Picky });
    const dropped = eventsOf(connection, 'dropped');
    expect([connection.send('gone'), dropped, connection.bufferedAmount]).toEqual([true, [], 4]);
  });

  test('a heartbeat costs the line', async () => {
    const { connection, clock } = alive({ WebSocket: Picky, protocol: plain() });
    const lost = eventsOf(connection, 'lost');
    clock.advance(60_000);
    await turn();
    expect(lost).toMatchObject([{ reason: 'the WebSocket threw TypeError' }]);
  });
});

test('a class that cannot say goodbye is left at once', async () => {
  class Stuck extends Puppet {
    override close(): void {
      throw new Error('not now');
    }
  }
  const { connection } = alive({ WebSocket: Stuck });
  connection.close();
  expect(connection.state).toBe('closing');
  await turn();
  expect(connection.state).toBe('closed');
});

test("an answer that is none surfaces, and the frame is the app's", async () => {
  const heard: unknown[] = [];
  const errors = await uncaughtDuring(async () => {
    const { connection, socket } = alive(dialect({ opened: named, received: () => null as never }));
    connection.on('message', (message) => heard.push(message));
    socket().hears('a');
    socket().hears('b');
  });
  expect([heard, errors.length]).toEqual([['a', 'b'], 2]);
});
