/**
 * Code in the manner of what is written for reconnecting-websocket and partysocket, run before and after its import is changed: the same story, of what
 * the code saw and of what its server did.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import Party from 'partysocket/ws';
import reconnectingWebSocket from 'reconnecting-websocket';
import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket as ServersSocket, WebSocket as Ws } from 'ws';

import HeartbeatWebSocket from '../../adapters/index.websocket.ts';
import { closedPort, listen, textOf, untilSo } from '../helpers/support.ts';

/** What is common to the three, as code that imports one of them sees it. */
interface Reconnecting extends EventTarget {
  binaryType: string;
  readonly readyState: number;
  readonly retryCount: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  send(data: string | ArrayBuffer | Uint8Array): unknown;
  close(code?: number, reason?: string): void;
  reconnect(code?: number, reason?: string): void;
}
type Class = new (url: unknown, protocols?: unknown, options?: object) => Reconnecting;
type Message = MessageEvent<string>;

/** Its types promise a `default`; its file exports the class itself. */
const ReconnectingWebSocket = reconnectingWebSocket as unknown as Class;
const PartySocket = Party as unknown as Class;

/** As its users on Node give it, and quick. */
const options = { WebSocket: Ws, minReconnectionDelay: 20, maxReconnectionDelay: 50, connectionTimeout: 5_000 };

interface Stage {
  readonly url: string;
  /** What the code saw, and what its server did. */
  readonly tell: (what: string) => void;
  /** The server's sockets, in the order in which they came. */
  readonly sockets: readonly ServersSocket[];
  /** The server's next socket, and what it has heard by then. */
  readonly visit: (number: number) => Promise<ServersSocket>;
  readonly heard: readonly string[];
}

interface Piece {
  readonly was: Class;
  /** What the server does with a client. */
  readonly serve?: (
    socket: ServersSocket,
    visit: number,
    request: IncomingMessage,
    tell: (what: string) => void,
  ) => void;
  readonly code: (Socket: Class, stage: Stage) => Promise<void>;
}

async function story({ serve = () => {}, code }: Piece, Socket: Class): Promise<string[]> {
  const told: string[] = [];
  const sockets: ServersSocket[] = [];
  const heard: string[] = [];
  const tell = (what: string) => void told.push(what);
  const { url } = await listen((socket, visit, request) => {
    sockets.push(socket);
    socket.on('message', (data) => heard.push(textOf(data)));
    serve(socket, visit, request, tell);
  });
  const made: Reconnecting[] = [];
  const Kept = function Kept(...given: [unknown, unknown?, object?]) {
    const socket = new Socket(...given);
    made.push(socket);
    return socket;
  } as unknown as Class;
  onTestFinished(() => made.forEach((socket) => socket.close()));
  const visit = async (number: number) => {
    await untilSo(() => sockets.length >= number);
    return sockets[number - 1]!;
  };
  await code(Kept, { url, tell, sockets, visit, heard });
  return told;
}

const echoes: Piece['serve'] = (socket) => socket.on('message', (data, binary) => socket.send(data, { binary }));
const answersCalls: Piece['serve'] = (socket) =>
  socket.on('message', (data) => {
    const { id, method } = JSON.parse(textOf(data)) as { id: number; method: string };
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: `${method} done` }));
  });

function next(socket: EventTarget, type: string): Promise<Event> {
  return new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
}

const pieces: Record<string, Piece> = {
  'a JSON-RPC stream, which repeats what was not answered': {
    was: ReconnectingWebSocket,
    serve: (socket, visit) => {
      // The first one hears the call, and dies.
      if (visit === 1) socket.on('message', () => socket.terminate());
      else answersCalls(socket, visit, undefined as never, () => {});
    },
    async code(Socket, { url, tell }) {
      const pending = new Map<number, { method: string; resolve: (result: string) => void }>();
      const ws = new Socket(url, [], options);
      let id = 0;
      const write = (number: number, method: string) => ws.send(JSON.stringify({ jsonrpc: '2.0', id: number, method }));
      const call = (method: string) =>
        new Promise<string>((resolve) => {
          pending.set((id += 1), { method, resolve });
          if (ws.readyState === 1) write(id, method);
        });
      ws.addEventListener('open', () => {
        tell(`open, ${pending.size} pending`);
        for (const [number, { method }] of pending) write(number, method);
      });
      ws.addEventListener('message', (event) => {
        const { id: number, result } = JSON.parse((event as Message).data) as { id: number; result: string };
        pending.get(number)?.resolve(result);
        pending.delete(number);
      });
      ws.addEventListener('close', (event) => tell(`close ${(event as CloseEvent).code}, ${pending.size} pending`));
      tell(await call('initialize'));
      tell(await call('sum'));
    },
  },

  'a Monaco language client over a socket of vscode-ws-jsonrpc': {
    was: ReconnectingWebSocket,
    serve: answersCalls,
    async code(Socket, { url, tell, visit }) {
      const webSocket = new Socket(url, [], {
        ...options,
        maxReconnectionDelay: 10_000,
        minReconnectionDelay: 20,
        reconnectionDelayGrowFactor: 1.3,
        connectionTimeout: 10_000,
        maxRetries: Infinity,
        debug: false,
      });
      const toSocket = (ws: Reconnecting) => ({
        send: (content: string) => ws.send(content),
        onMessage: (hear: (data: string) => void) => (ws.onmessage = ({ data }: Message) => hear(data)),
        onError: (hear: (reason: unknown) => void) => (ws.onerror = (event: ErrorEvent) => hear(event.message)),
        onClose: (hear: (code: number, reason: string) => void) =>
          (ws.onclose = ({ code, reason }: CloseEvent) => hear(code, reason)),
        dispose: () => ws.close(),
      });
      let ready = 0;
      webSocket.onopen = () => {
        const socket = toSocket(webSocket);
        socket.onMessage((data) => {
          tell(data);
          ready += 1;
        });
        socket.onClose((code, reason) => tell(`language client stopped: ${code} ${reason}`));
        socket.onError((reason) => tell(`error ${String(reason)}`));
        socket.send(JSON.stringify({ id: 0, method: 'initialize' }));
      };
      await untilSo(() => ready === 1);
      (await visit(1)).close(1_012, 'restart');
      await untilSo(() => ready === 2);
      tell(`open ${webSocket.readyState === 1}`);
    },
  },

  'a ShareDB client': {
    was: ReconnectingWebSocket,
    serve: (socket, visit) => {
      socket.send(JSON.stringify({ a: 'init', protocol: 1, id: `client ${visit}` }));
      socket.on('message', (data) => socket.send(textOf(data)));
    },
    async code(Socket, { url, tell, visit }) {
      const socket = new Socket(url, undefined, options);
      const connection = {
        state: socket.readyState === 0 || socket.readyState === 1 ? 'connecting' : 'disconnected',
        id: '',
        subscribed: 0,
        become(state: string, reason: string) {
          tell(`${connection.state} -> ${state} (${reason})`);
          connection.state = state;
        },
        send: (message: object) => socket.send(JSON.stringify(message)),
      };
      socket.onmessage = ({ data }: Message) => {
        const message = JSON.parse(data) as { a: string; id: string };
        if (message.a === 'init') {
          connection.id = message.id;
          connection.become('connected', message.id);
          connection.send({ a: 's', c: 'docs', d: 'readme' });
        }
        if (message.a === 's') connection.subscribed += 1;
      };
      socket.onopen = () => connection.become('connecting', 'open');
      socket.onerror = () => tell('connection error');
      socket.onclose = ({ reason }: CloseEvent) => {
        if (reason === 'closed' || reason === 'Closed') connection.become('closed', reason);
        else if (reason === 'stopped' || reason === 'Stopped by server') connection.become('stopped', reason);
        else connection.become('disconnected', reason);
      };
      await untilSo(() => connection.subscribed === 1);
      (await visit(1)).terminate();
      await untilSo(() => connection.subscribed === 2);
      (await visit(2)).close(4_000, 'Stopped by server');
      await untilSo(() => connection.subscribed === 3);
    },
  },

  'a Jetstream feed, with a URL that is asked for, and null for subprotocols': {
    was: PartySocket,
    serve: (socket, visit, { url, headers }, tell) => {
      tell(`asked for ${url}, subprotocols ${headers['sec-websocket-protocol'] ?? 'none'}`);
      const from = Number(/cursor=(\d+)/.exec(url ?? '')?.[1] ?? 0);
      for (const time of [1, 2, 3]) socket.send(JSON.stringify({ time_us: from + time, kind: 'commit' }));
      if (visit < 3) socket.on('message', () => socket.terminate());
    },
    async code(Socket, { url, tell }) {
      let cursor = 0;
      const seen: number[] = [];
      const ws = new Socket(() => `${url}subscribe${cursor > 0 ? `?cursor=${cursor}` : ''}`, null, {
        ...options,
        maxEnqueuedMessages: 0,
        startClosed: false,
      });
      ws.addEventListener('message', (event) => {
        const { time_us: time } = JSON.parse((event as Message).data) as { time_us: number };
        cursor = time;
        seen.push(time);
        if (seen.length % 3 === 0) ws.send('enough');
      });
      await untilSo(() => seen.length >= 9);
      tell(seen.join(' '));
    },
  },

  'a chat SDK, which calls reconnect(code, reason) and reads event.error': {
    was: PartySocket,
    async code(Socket, { url, tell, visit }) {
      let port = await closedPort();
      const ws = new Socket(() => (port === 0 ? url : `ws://127.0.0.1:${port}/`), [], options);
      const failure = (await next(ws, 'error')) as ErrorEvent;
      tell(`${failure.message === '' ? 'no message' : 'a message'}, ${(failure.error as { code?: string }).code}`);
      port = 0;
      await next(ws, 'open');
      const left = once(await visit(1), 'close');
      ws.addEventListener('close', (event) =>
        tell(`close ${(event as CloseEvent).code} ${(event as CloseEvent).reason}`),
      );
      const again = next(ws, 'open');
      ws.reconnect(4_010, 'the token is new');
      const isOpen = ws.readyState === 1;
      await again;
      await visit(2);
      const [code, reason] = (await left) as [number, Buffer];
      tell(`open meanwhile: ${isOpen}; the server was told ${code} ${reason.toString()}; retries ${ws.retryCount}`);
    },
  },

  'a session that ends when the server says so': {
    was: PartySocket,
    serve: (socket, visit) => socket.on('message', () => socket.close(visit === 1 ? 4_000 : 4_401, 'token expired')),
    async code(Socket, { url, tell, sockets }) {
      const ws = new Socket(url, [], {
        ...options,
        shouldReconnectOnClose: (event: CloseEvent) => {
          tell(`again after ${event.code}?`);
          return event.code !== 4_401;
        },
      });
      for (const round of [1, 2]) {
        await next(ws, 'open');
        const closed = next(ws, 'close') as Promise<CloseEvent>;
        ws.send(`hello ${round}`);
        const { code, reason } = await closed;
        tell(`close ${code} ${reason}`);
      }
      tell(`${sockets.length} visits, closed: ${ws.readyState === 3}`);
    },
  },

  'an app that begins to speak before it is logged in': {
    was: ReconnectingWebSocket,
    serve: echoes,
    async code(Socket, { url, tell, heard }) {
      const ws = new Socket(url, [], { ...options, startClosed: true });
      tell(`${ws.readyState}, ${ws.retryCount}`);
      for (const text of ['hello', 'world']) ws.send(text);
      tell(`${ws.bufferedAmount} bytes wait`);
      ws.onopen = () => ws.send('at last');
      ws.reconnect();
      await untilSo(() => heard.length === 3);
      tell(heard.join(', '));
    },
  },

  'an app that hangs up while it is not looked at, and goes on speaking': {
    was: ReconnectingWebSocket,
    serve: echoes,
    async code(Socket, { url, tell, heard }) {
      const ws = new Socket(url, 'chat', options);
      ws.addEventListener('close', (event) => tell(`close ${(event as CloseEvent).code}`));
      await next(ws, 'open');
      const closed = next(ws, 'close');
      ws.close(1_000, 'hidden');
      await closed;
      tell(`closed: ${ws.readyState === 3}`);
      ws.send('written while away');
      ws.reconnect();
      await untilSo(() => heard.length === 1);
      tell(heard.join());
    },
  },

  'a token that is fetched for each dial': {
    was: PartySocket,
    serve: (socket, _, { url }, tell) => {
      tell(`asked for ${url}`);
      socket.on('message', () => socket.terminate());
    },
    async code(Socket, { url, tell, visit }) {
      let tokens = 0;
      const fetchUrl = async () => {
        await Promise.resolve();
        return `${url}?token=${(tokens += 1)}`;
      };
      const ws = new Socket(fetchUrl, async () => ['v1'], options);
      for (const number of [1, 2, 3]) {
        await next(ws, 'open');
        await visit(number);
        ws.send('next');
      }
      await visit(4);
      tell(`${tokens} tokens`);
    },
  },

  'a banner that counts': {
    was: ReconnectingWebSocket,
    async code(Socket, { url, tell, visit }) {
      const ws = new Socket(url, [], { ...options, minUptime: 60_000 });
      ws.addEventListener('open', () => tell(`connected, ${ws.retryCount}`));
      ws.addEventListener('close', () => tell(`offline, attempt ${ws.retryCount}`));
      for (const number of [1, 2, 3]) {
        await next(ws, 'open');
        const closed = next(ws, 'close');
        (await visit(number)).terminate();
        await closed;
      }
      await next(ws, 'open');
    },
  },

  'a banner that counts, of a line that was stable': {
    was: ReconnectingWebSocket,
    async code(Socket, { url, tell, visit }) {
      const ws = new Socket(url, [], { ...options, minUptime: 1 });
      ws.addEventListener('close', () => tell(`offline, attempt ${ws.retryCount}`));
      await next(ws, 'open');
      await new Promise((resolve) => setTimeout(resolve, 100));
      tell(`stable, ${ws.retryCount}`);
      const again = next(ws, 'open');
      (await visit(1)).terminate();
      await again;
    },
  },

  'a stream of bytes': {
    was: ReconnectingWebSocket,
    serve: echoes,
    async code(Socket, { url, tell, visit }) {
      const ws = new Socket(url, [], options);
      ws.binaryType = 'arraybuffer';
      const bytes: number[] = [];
      ws.addEventListener('message', (event) =>
        bytes.push(...new Uint8Array((event as MessageEvent<ArrayBuffer>).data)),
      );
      ws.send(Uint8Array.of(1, 2));
      await untilSo(() => bytes.length === 2);
      const again = next(ws, 'open');
      (await visit(1)).close(1_001);
      await again;
      ws.send(Uint8Array.of(3, 4).buffer);
      await untilSo(() => bytes.length === 4);
      tell(`${ws.binaryType}: ${bytes.join(' ')}`);
    },
  },

  'a hook that takes its listeners off': {
    was: PartySocket,
    serve: echoes,
    async code(Socket, { url, tell, heard }) {
      const ws = new Socket(url, undefined, options);
      const on = (event: Event) => tell(`${event.type} ${(event as Message).data}`);
      const handler = { handleEvent: (event: Event) => tell(`object: ${event.type}`) };
      ws.addEventListener('message', on);
      ws.addEventListener('message', handler);
      await next(ws, 'open');
      ws.send('one');
      await next(ws, 'message');
      ws.removeEventListener('message', on);
      ws.removeEventListener('message', handler);
      ws.send('two');
      await next(ws, 'message');
      tell(heard.join());
    },
  },
};

test.each(Object.entries(pieces))('%s', async (_, piece) => {
  const before = await story(piece, piece.was);
  expect(before.length, 'it tells something').toBeGreaterThan(0);
  expect(await story(piece, HeartbeatWebSocket as unknown as Class)).toEqual(before);
});
