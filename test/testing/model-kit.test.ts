/**
 * The model as strangers use it: against plain `ws` servers that do by themselves what servers do, behind a proxy; and what it finds where something
 * is wrong.
 */
import { execFileSync } from 'node:child_process';

import { expect, onTestFinished, test } from 'vitest';
import { type RawData, WebSocket, type WebSocketServer } from 'ws';

import { connect, type Connection } from '../../adapters/connect.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { actionCable } from '../../adapters/protocols/actioncable.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import { nativePing } from '../../adapters/protocols/native-ping.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import type { Protocol } from '../../adapters/protocols/protocol.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { handsOf, listen, speakIdHeartbeat, textOf } from '../helpers/support.ts';
import { faultProxy } from '../kit/fault-proxy.ts';
import { connectionModel, type ModelOptions } from '../kit/model.ts';

/** The server behind a proxy, and the hands that a stranger has for it. */
async function behindProxy({ server, port }: { server: WebSocketServer; port: number }) {
  const proxy = await faultProxy(port);
  onTestFinished(() => proxy.close());
  return {
    url: `ws://127.0.0.1:${proxy.port}`,
    ...handsOf(proxy),
    push() {
      for (const client of server.clients) client.send('news');
    },
  } satisfies ModelOptions;
}

/** What becomes of the paths, up to the first one that fails: its story. */
async function faultIn(options: ModelOptions): Promise<string | undefined> {
  for (const path of connectionModel({ patience: 20_000, ...options }).paths) {
    try {
      await path.run();
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}

/** Where a fault shows by something that never comes: long beside what comes at once, ms. */
const patience = 2_000;

function answering(question: string, answer: string) {
  return (socket: WebSocket) =>
    void socket.on('message', (data: RawData) => {
      if (textOf(data) === question) socket.send(answer);
    });
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
}

const servers: [Protocol, (socket: WebSocket) => void, unreachable: string[]][] = [
  [idHeartbeat(), (socket) => speakIdHeartbeat(socket, 'a'), ['awaiting-id.listening after idTimeout']],
  [plain(), answering('ping', 'pong'), ['awaiting-id.listening after idTimeout']],
  [nativePing(), () => {}, ['awaiting-id.listening after idTimeout']],
  [
    actionCable(),
    (socket) => socket.send('{"type":"welcome","sid":"a"}'),
    ['awaiting-id.listening after idTimeout', 'stale peer.beat →'],
  ],
  [silent(), () => {}, ['awaiting-id.listening after idTimeout', 'alive.quiet after heartbeatInterval']],
];

test.each(servers)('a server that speaks $name', async (protocol, speak, unreachable) => {
  const hands = await behindProxy(await listen(speak, { handleProtocols: ([first]) => first ?? false }));
  const model = connectionModel({ ...hands, protocol, patience: 20_000 });
  const before = timers();
  for (const path of model.paths) await path.run();
  // Those of the test runner come and go.
  expect(timers()).toBeLessThan(before + 20);

  const report = model.report();
  expect(report.paths).toEqual({ all: model.paths.length, passed: model.paths.length, failed: [] });
  expect(String(report)).toContain(`${model.paths.length} of ${model.paths.length} paths passed`);
  for (const each of unreachable) expect(String(report)).toContain(`not exercised: ${each}`);
  expect(report.missing.filter(({ reason }) => !/^(?:needs|does not happen|only|an adapter)/.test(reason))).toEqual([]);
  expect(report.missing.length).toBeLessThan(protocol.liveness === 'none' ? 38 : 23);
});

test('what is not exercised is accounted for, with the hand that it needs', async () => {
  const { port } = await listen((socket) => speakIdHeartbeat(socket, 'a'));
  const model = connectionModel({ url: `ws://127.0.0.1:${port}`, patience: 20_000 });
  for (const path of model.paths) await path.run();
  const reasonFor = (transition: string) =>
    model.report().missing.find((each) => each.transition === `connection.${transition}`)?.reason;
  expect(reasonFor('socket.alive.probing xstate.after.probeTimeout → connection.socket.stale')).toContain(
    'cut and heal',
  );
  expect(reasonFor('socket.connecting socket.lost → connection.lost')).toBe('needs stop and start');
  expect(reasonFor('socket socket.lost → connection.lost')).toBe('needs drop, or forbid');
  expect(reasonFor('socket peer.refused → connection.lost')).toBe('needs dismiss');
  expect(reasonFor('socket.alive.probing peer.spoke → connection.socket.alive.quiet')).toContain('push');
  expect(reasonFor('socket.awaiting-id.draining xstate.after.drain → connection.lost')).toBe('needs name');
  expect(reasonFor('socket.stale.outdated peer.beat [beatIsOutdated] → itself')).toBe(
    'needs name and beat and outdated',
  );
  expect(reasonFor('lost  [isFatal] → connection.closed')).toBe('needs dismiss, or forbid');
});

test('before any path has run, the report says so', async () => {
  const model = connectionModel({ url: 'ws://127.0.0.1:9' });
  expect(model.report().exercised).toEqual([]);
  expect(String(model.report())).toContain('no path to it was run');
});

test('the drop-in class takes the same paths', async () => {
  const hands = await behindProxy(await listen((socket) => speakIdHeartbeat(socket, 'a')));
  expect(
    await faultIn({
      ...hands,
      connect: (url, options) => new HeartbeatWebSocket(url, [], options).connection as Connection,
    }),
  ).toBe(undefined);
});

test('a server that names nobody on a second connection is found', async () => {
  const { port } = await listen((socket, visit) => {
    if (visit === 1) speakIdHeartbeat(socket, 'a');
  });
  const fault = await faultIn({ url: `ws://127.0.0.1:${port}`, patience });
  expect(fault).toContain(`peer.named was awaited for ${patience} ms in vain.`);
  expect(fault).toContain('It is in awaiting-id.listening.');
  expect(fault).toMatch(/To run this path alone, .*--test-name-pattern='[^']+'/);
});

test('a server that never answers the second heartbeat is found', async () => {
  const { port } = await listen((socket) => {
    let heartbeats = 0;
    speakIdHeartbeat(socket, 'a', { answers: () => (heartbeats += 1) !== 2 });
  });
  const fault = await faultIn({ url: `ws://127.0.0.1:${port}`, patience });
  expect(fault).toContain('peer.beat was awaited');
  expect(fault).toMatch(
    /peer\.beat → alive\.quiet\n  after heartbeatInterval → alive\.probing\n  peer\.beat → alive\.quiet\nThe machine/,
  );
});

/** npm `ws`, one of whose handlers is called otherwise. */
function classWhose(name: 'onopen' | 'onclose', call: (handler: (event: never) => void) => (event: never) => void) {
  const theirs = Object.getOwnPropertyDescriptor(WebSocket.prototype, name);
  class Faulty extends WebSocket {}
  return Object.defineProperty(Faulty.prototype, name, {
    set(this: WebSocket, handler: ((event: never) => void) | null) {
      theirs?.set?.call(this, handler && call(handler));
    },
  }).constructor as typeof WebSocket;
}

class Undying extends WebSocket {
  override close(): void {}
  override terminate(): void {}
}

test.each([
  [
    'never opens',
    classWhose('onopen', () => () => {}),
    'socket.opened was to come, and the adapter reported peer.named',
  ],
  [
    'opens twice',
    classWhose('onopen', (open) => (event) => {
      open(event);
      open(event);
    }),
    'the adapter reported socket.opened',
  ],
  ['never closes', classWhose('onclose', () => () => {}), 'socket.lost was awaited'],
  ['stays open', Undying, '1 socket is open in'],
])('a WebSocket class that %s is found', async (_, WebSocketClass, fault) => {
  const hands = await behindProxy(await listen((socket) => speakIdHeartbeat(socket, 'a')));
  expect(await faultIn({ ...hands, WebSocket: WebSocketClass, patience })).toContain(fault);
});

test('an adapter that reports the close twice is found; a class that fires it twice is heard once', async () => {
  const hands = await behindProxy(await listen((socket) => speakIdHeartbeat(socket, 'a')));
  const twice: ModelOptions['connect'] = (url, options) => {
    const connection = connect(url, {
      ...options,
      WebSocket: classWhose('onclose', (close) => (event) => {
        close(event);
        if (connection.state !== 'closed')
          connection.actor.send({ ...(event as object), type: 'socket.lost' } as never);
      }),
    });
    return connection;
  };
  expect(await faultIn({ ...hands, connect: twice })).toContain(
    'nothing more was to come, and the adapter reported socket.lost',
  );
  const WebSocketClass = classWhose('onclose', (close) => (event) => {
    close(event);
    close(event);
  });
  expect(await faultIn({ ...hands, WebSocket: WebSocketClass })).toBe(undefined);
});

test('a connection that goes elsewhere is found', async () => {
  const fault = await faultIn({
    url: 'ws://127.0.0.1:9',
    connect: (url, options) => connect(url, { ...options, retries: 0 }),
  });
  expect(fault).toContain('and should be in reconnecting');
});

test('the report names the paths that failed', async () => {
  const model = connectionModel({ url: () => 'ftp://nowhere', patience: 50 });
  const path = model.paths.find(({ steps }) => steps[0]?.name === 'socket.opened');
  await expect(path?.run()).rejects.toThrow('socket.opened was to come, and the adapter reported url.failed');
  expect(model.report().paths).toMatchObject({ passed: 0, failed: [path?.name] });
  expect(String(model.report())).toContain(`failed: ${path?.name}`);
});

test('a timer that outlives the connection is found', async () => {
  const { port } = await listen((socket) => speakIdHeartbeat(socket, 'a'));
  const fault = await faultIn({
    url: `ws://127.0.0.1:${port}`,
    connect(url, options) {
      options.clock?.setTimeout(() => {}, 3_600_000);
      return connect(url, options);
    },
  });
  expect(fault).toContain('it is closed, and timers are left');
});

/** Its clock states what `name` and `answer` make of the time. */
function speakOfTime(socket: WebSocket, name: (now: number) => number, answer = name) {
  socket.on('message', () => socket.send(JSON.stringify({ heartbeat: answer(Date.now()) })));
  socket.send(JSON.stringify({ id: 'a', now_time: name(Date.now()) }));
}

test.each([
  ['is frozen', () => 1_700_000_000_000],
  ['counts seconds', (now: number) => Math.floor(now / 1_000)],
  ['counts microseconds', (now: number) => now * 1_000],
])('a clock that %s is found, however quick the paths are', async (_, clock) => {
  const { port } = await listen((socket) => speakOfTime(socket, clock));
  const fault = await faultIn({ url: `ws://127.0.0.1:${port}` });
  expect(fault).toMatch(/the server's time advanced by \d+ ms, to \d+, while \d+ ms passed/);
  expect(fault).toContain('frozen, or not in milliseconds');
});

test('answers that are older than the name of their visit are found, at the first of them', async () => {
  const { port } = await listen((socket) =>
    speakOfTime(
      socket,
      () => 1_700_000_300_000,
      () => 1_700_000_000_000,
    ),
  );
  const fault = await faultIn({ url: `ws://127.0.0.1:${port}` });
  expect(fault).toContain('the time 1700000000000, which is 300000 ms before 1700000300000');
  expect(fault).toMatch(/users would see a warning of the clock, or .* outdated/);
});

test('times that are given by hand are not judged', async () => {
  let peer: WebSocket | undefined;
  const { port } = await listen((socket) => {
    peer = socket;
    socket.on('message', () => socket.send('{"heartbeat":1}'));
  });
  const name = () => peer?.send('{"id":"a","now_time":1700000000000}');
  expect(await faultIn({ url: `ws://127.0.0.1:${port}`, name })).toBe(undefined);
});

test('what a connection warned of is told', async () => {
  const { port } = await listen((socket) => socket.on('message', () => socket.send('any')));
  const fault = await faultIn({
    url: `ws://127.0.0.1:${port}`,
    patience,
    protocol: { ...idHeartbeat(), session: () => ({ ...named, received: () => ({ beat: { serverTime: -1e9 } }) }) },
    connect: (url, options) => connect(url, { ...options, heartbeat: { ...options.heartbeat, maxAge: 1_000 } }),
  });
  expect(fault).toContain('The connection warned: the first answer is older');
});

const named = { opened: () => ({ named: { serverTime: 0 } }), probe: () => ({ write: ['heartbeat'] }) };

test('a server that speaks of its own accord is asked not to', async () => {
  const { port } = await listen((socket) => {
    speakIdHeartbeat(socket, 'a');
    const ticker = setInterval(() => socket.send('tick'), 1);
    socket.on('close', () => clearInterval(ticker));
    socket.prependListener('message', () => socket.send('tick'));
  });
  const fault = await faultIn({ url: `ws://127.0.0.1:${port}` });
  expect(fault).toContain(
    'the server said something of its own accord while the model walked (tick): turn tickers off while the model walks',
  );
});

test('what was in vain in three paths is not waited for again, until it comes', async () => {
  let isMute = true;
  const { port } = await listen((socket) => {
    if (!isMute) speakIdHeartbeat(socket, 'a');
  });
  const model = connectionModel({ url: `ws://127.0.0.1:${port}`, patience: 1_000 });
  const [first, second, third, ...others] = model.paths.filter(({ name }) => name.includes('peer.named'));
  const fail = (path = first) => path?.run().then(() => '', String);
  for (const path of [first, second, third]) expect(await fail(path)).toContain('awaited for 1000 ms in vain');
  const begin = performance.now();
  for (const path of others.slice(0, 5)) {
    const message = `peer.named was awaited in vain in 3 paths before, for 1000 ms each, the first being '${first?.name}'`;
    expect(await fail(path)).toContain(message);
  }
  expect(performance.now() - begin).toBeLessThan(1_000);
  expect(model.report().paths.failed.length).toBe(8);

  isMute = false;
  expect(await fail(first)).toBe('');
  isMute = true;
  expect(await fail(second)).toContain('awaited for 1000 ms in vain');
});

test('what the server said last is told, and what the protocol made of it', async () => {
  const { port } = await listen((socket) => {
    socket.send('first');
    socket.send('{"id":[1,2],"now_time":1}');
    socket.send(Buffer.alloc(7));
    socket.send(`two\nlines${'-'.repeat(200)}`);
  });
  const fault = await faultIn({ url: `ws://127.0.0.1:${port}`, patience: 200 });
  const app = ' (the protocol took it as a message to the app)';
  expect(fault).toContain(
    `In this dial the server said last:\n  {"id":[1,2],"now_time":1}${app}\n  <7 bytes>${app}\n  two\\nlines${'-'.repeat(89)}…${app}\n`,
  );
});

test('an answer that the protocol understood is not told as the app’s', async () => {
  const { port } = await listen((socket) => socket.send('{"id":"a","now_time":1}'));
  const fault = await faultIn({ url: `ws://127.0.0.1:${port}`, patience: 200 });
  expect(fault).toContain('In this dial the server said last:\n  {"id":"a","now_time":1}\n');
});

test('how a socket ended is told', async () => {
  const { port } = await listen((socket) => socket.close(1011, 'no room'));
  const fault = await faultIn({ url: `ws://127.0.0.1:${port}`, patience });
  expect(fault).toContain('socket.lost (1011 no room) → reconnecting');
  expect(fault).toContain('In this dial the server said nothing.');

  const refusing = await listen(() => {}, { verifyClient: (_, answer) => answer(false, 503) });
  expect(await faultIn({ url: `ws://127.0.0.1:${refusing.port}`, patience })).toContain('socket.lost (HTTP 503) →');
});

test('a failure says what is left open, and how to run its path alone', async () => {
  const { port } = await listen(() => {});
  const fault = await faultIn({ url: `ws://127.0.0.1:${port}`, patience: 200 });
  expect(fault).toContain('1 socket was opened, and 1 is still open.');
  expect(fault).toMatch(/if it passes alone, the fault depends on what came before: its last dial was number \d+ of/);
});

test('a hand that throws before anything has happened is all there is to tell', async () => {
  const { server, port } = await listen((socket) => speakIdHeartbeat(socket, 'a'));
  const hands = await behindProxy({ server, port });
  const cut = () => {
    throw new Error('no cable');
  };
  const model = connectionModel({ ...hands, cut });
  const path = model.paths.find(({ name }) => name.startsWith('after connectTimeout'));
  const fault = await path?.run().catch(String);
  expect(fault).toContain('The path could not be begun: the hand cut has thrown: Error: no cable.\nTo run this path');
  expect(fault).not.toMatch(/nowhere|So far/);
});

test('a hand whose promise is never kept is found, and after three paths not waited for', async () => {
  const hands = await behindProxy(await listen((socket) => speakIdHeartbeat(socket, 'a')));
  const model = connectionModel({ ...hands, push: () => new Promise(() => {}), patience: 1_000 });
  const faults: string[] = [];
  for (const path of model.paths.filter(({ name }) => name.includes('peer.spoke')).slice(0, 4)) {
    faults.push(await path.run().then(() => '', String));
  }
  for (const fault of faults.slice(0, 3)) {
    expect(fault).toContain('the promise of the hand push was awaited for 1000 ms in vain');
  }
  expect(faults[3]).toContain('the promise of the hand push was awaited in vain in 3 paths before');
});

test('what a server says to the app is not judged', async () => {
  const { port } = await listen((socket) => {
    socket.send('hello');
    socket.send(JSON.stringify({ id: 'a', now_time: Date.now() }));
    socket.on('message', () => socket.send(JSON.stringify({ heartbeat: Date.now(), load: 0.5 })));
  });
  expect(await faultIn({ url: `ws://127.0.0.1:${port}` })).toBe(undefined);
});

test('a push that does not come is told as that', async () => {
  let peer: WebSocket | undefined;
  const hands = await behindProxy(await listen((socket) => speakIdHeartbeat(socket, 'a')));
  const advice = ': the hand push was called, and no message came; does it reach every client, also after a reconnect?';
  expect(await faultIn({ ...hands, push() {} })).toContain(
    `peer.spoke was to come, and the adapter reported peer.beat${advice}`,
  );

  const { port } = await listen((socket) => {
    peer = socket;
    socket.send(`{"id":"a","now_time":1}`);
  });
  const beat = () => peer?.send('{"heartbeat":1}');
  expect(await faultIn({ url: `ws://127.0.0.1:${port}`, beat, push() {}, patience })).toContain(
    `peer.spoke was awaited for ${patience} ms in vain${advice}`,
  );
});

test('why there was no URL is told', async () => {
  const url = () => {
    throw new Error('no token');
  };
  // Not in its words, which may hold a token.
  expect(await faultIn({ url })).toContain('the adapter reported url.failed (the url function threw Error)');
  expect(await faultIn({ url: () => 'ftp://nowhere' })).toMatch(/url\.failed \(.*scheme must be ws or wss.*\)/);
});

test('misuse is named', () => {
  const url = 'ws://127.0.0.1:9';
  expect(() => connectionModel({ url, cutt: () => {} } as never)).toThrow('cutt is not an option');
  expect(() => connectionModel({ url, cut: () => {} })).toThrow('cut needs heal');
  expect(() => connectionModel({} as never)).toThrow('url must be');
  expect(() => connectionModel({ url: 'nonsense' })).toThrow("url must be an absolute URL, as 'ws://127.0.0.1:8080'");
  for (const tooLong of [Infinity, 2 ** 31]) {
    expect(() => connectionModel({ url, patience: tooLong })).toThrow('patience must be a number of milliseconds');
  }
  expect(() => connectionModel({ url, drop: 'all' } as never)).toThrow('drop must be a function');
});

/** On what was built before the tests. */
test('the example checks a server', () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const said = execFileSync(process.execPath, ['--test', '--test-reporter=tap', 'examples/check-server.test.mjs'], {
    encoding: 'utf8',
    env,
  });
  expect(said).toMatch(/^# fail 0$/m);
  expect(said).toMatch(/(\d+) of \1 paths passed/);
});
