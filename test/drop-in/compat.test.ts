/**
 * A library that knows nothing of systole, with its own server, on `HeartbeatWebSocket` for a WebSocket; and code that was written for another class.
 * They are told nothing else: a heart of theirs, where they have one, is off, or too slow to matter. Many more libraries: `test/libraries/`.
 */
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { type ClientOptions, createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
// By its file: Vite would take another one than Node does for graphql-ws, and graphql refuses to be there twice.
import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema } from 'graphql/index.js';
import reconnectingWebSocket from 'reconnecting-websocket';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer, WebSocket as Ws } from 'ws';

import type { HeartbeatWebSocketOptions } from '../../adapters/drop-in.options.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { graphqlTransportWs } from '../../adapters/protocols/graphql-transport-ws.ts';
import { textOf, untilSo } from '../helpers/support.ts';
import { type FaultProxy, faultProxy } from '../kit/fault-proxy.ts';

type StandardClass = typeof WebSocket;

/** The control: the same library on a class without a heart. */
const Bare = Ws as unknown as StandardClass;
const withHeart = ({ options }: Library): StandardClass =>
  HeartbeatWebSocket.with({ retries: 0, heartbeat, ...options });

const heartbeat = { interval: 300, timeout: 300 };
/** What the libraries wait before they dial again, ms. */
const pause = 50;

/** What an app that uses a library has of it. All of it grows. */
interface App {
  /** The numbers it was told. */
  readonly news: readonly number[];
  /** How often the library has reported to be through. */
  readonly arrivals: readonly unknown[];
  /** What the library took for the end of a line, or of a dial. */
  readonly closes: readonly (Partial<CloseEvent> | null | undefined)[];
}

interface Library {
  options?: HeartbeatWebSocketOptions;
  /** Puts the library's server on a `ws` server. */
  serve: (server: WebSocketServer) => void;
  /** An app with the library's client; it is gone with the test. */
  use: (url: string, WebSocket: StandardClass) => App;
  /** Tells all apps that are connected, or will be. */
  tell: (news: number) => void;
}

/** What becomes of a line that died without a word. */
const dead = { code: 1006, wasClean: false };

const libraries: Record<string, () => Library> = {
  'graphql-ws': () => graphqlWs({ protocol: graphqlTransportWs() }),
  'graphql-ws, with RFC 6455 pings': () => graphqlWs({}),
};

describe.each(Object.entries(libraries))('%s', (_, make) => {
  test.each([
    ['npm ws', () => Bare],
    ['HeartbeatWebSocket', withHeart],
  ])('a server restart, on %s', async (__, classFor) => {
    const library = make();
    const stage = await setUp(library.serve);
    const { news, arrivals, closes } = library.use(stage.url, classFor(library));
    await untilSo(() => arrivals.length === 1);
    library.tell(1);
    await untilSo(() => news.length === 1);
    await stage.restart();
    await untilSo(() => arrivals.length === 2);
    library.tell(2);
    await untilSo(() => news.length === 2);
    expect(news).toEqual([1, 2]);
    expect(closes[0]).toMatchObject({ code: 1006 });
  });

  test('a pulled cable', () => expectBack(make()));
});

async function expectBack(library: Library): Promise<void> {
  const stage = await setUp(library.serve);
  const bare = library.use(stage.url, Bare);
  const { news, arrivals, closes } = library.use(stage.url, withHeart(library));
  await untilSo(() => arrivals.length === 1 && bare.arrivals.length === 1);
  library.tell(1);
  await untilSo(() => news.length === 1 && bare.news.length === 1);

  stage.cable.silence();
  await untilSo(() => closes.length === 1);
  expect(closes[0]).toMatchObject(dead);
  // The same library, over the same cable, on a class that has no heart.
  expect(bare.closes).toEqual([]);

  stage.cable.heal();
  await untilSo(() => arrivals.length === 2);
  library.tell(2);
  await untilSo(() => news.length === 2);
  expect(news).toEqual([1, 2]);
  expect(bare.arrivals).toHaveLength(1);
}

test('graphql-ws, as it is: a pulled cable is a loss that it retries', () =>
  expectBack(graphqlWs({ protocol: graphqlTransportWs() }, {})));

test('graphql-ws: its own pings are answered beside ours, which it does not see', async () => {
  let ours = 0;
  const { serve, options } = graphqlWs({ protocol: graphqlTransportWs() });
  const stage = await setUp((server) => {
    serve(server);
    server.on('connection', (socket) => socket.on('message', (data) => (ours += Number(/systole/.test(textOf(data))))));
  });
  const pongs: unknown[] = [];
  const client = createClient({
    url: stage.url,
    webSocketImpl: HeartbeatWebSocket.with({ retries: 0, ...options, heartbeat: { interval: 100, timeout: 5_000 } }),
    lazy: false,
    keepAlive: 100,
    on: { pong: (isReceived, payload) => pongs.push([isReceived, payload]) },
  });
  onTestFinished(() => client.dispose());
  await untilSo(() => pongs.length > 2 && ours > 2);
  expect(pongs).toEqual(pongs.map(() => [true, undefined]));
});

/** Its types promise a `default`; its file exports the class itself. */
const ReconnectingWebSocket = reconnectingWebSocket as unknown as typeof reconnectingWebSocket.default;

/** What the app below uses of it. */
type Reconnecting = Pick<WebSocket, 'send' | 'close' | 'onopen' | 'onmessage'> & {
  readonly OPEN: number;
  readonly readyState: number;
  addEventListener(type: 'message' | 'open' | 'close', listener: () => void): void;
};

describe('code written for reconnecting-websocket', () => {
  const socketsOf: Record<string, (url: string) => Reconnecting> = {
    'reconnecting-websocket': (url) =>
      new ReconnectingWebSocket(url, [], { WebSocket: Ws, minReconnectionDelay: pause, maxReconnectionDelay: pause }),
    HeartbeatWebSocket: (url) =>
      new HeartbeatWebSocket(url, [], { heartbeat, backoff: { initial: pause, max: pause, spread: 0 } }),
  };

  /** The app. It grows. */
  function watchNews(ws: Reconnecting) {
    const app = { opens: 0, heard: [] as string[], count: 0, closes: 0, lamp: [] as boolean[] };
    const light = () => {
      const isOpen = ws.readyState === ws.OPEN;
      if (app.lamp.at(-1) !== isOpen) app.lamp.push(isOpen);
    };
    ws.onopen = () => {
      app.opens += 1;
      ws.send('subscribe');
    };
    ws.onmessage = ({ data }) => {
      app.heard.push(data as string);
    };
    ws.addEventListener('message', () => (app.count += 1));
    ws.addEventListener('open', light);
    ws.addEventListener('close', () => {
      light();
      app.closes += 1;
      if (app.closes === 1) ws.send('said while away');
    });
    onTestFinished(() => ws.close());
    return app;
  }

  /** A server that tells news to its subscribers, and keeps what else is said. */
  function newsroom() {
    const said: string[] = [];
    const subscribers = new Set<Ws>();
    return {
      said,
      serve: (server: WebSocketServer) => {
        server.on('connection', (socket) => {
          socket.on('close', () => subscribers.delete(socket));
          socket.on('message', (data) => {
            said.push(textOf(data));
            if (textOf(data) === 'subscribe') subscribers.add(socket);
          });
        });
      },
      tell: (news: string) => {
        for (const socket of subscribers) socket.send(news);
      },
    };
  }

  const good = { opens: 2, heard: ['before', 'after'], count: 2, lamp: [true, false, true] };
  const saidInOrder = ['subscribe', 'said while away', 'subscribe'];

  test.each(Object.entries(socketsOf))('a server restart, on %s', async (_, socketOf) => {
    const { serve, tell, said } = newsroom();
    const stage = await setUp(serve);
    const app = watchNews(socketOf(stage.url));
    await untilSo(() => said.length === 1);
    tell('before');
    await untilSo(() => app.heard.length === 1);
    await stage.restart();
    await untilSo(() => said.length === 3);
    tell('after');
    await untilSo(() => app.heard.length === 2);
    expect(app).toMatchObject(good);
    expect(said).toEqual(saidInOrder);
  });

  test('a pulled cable: only HeartbeatWebSocket comes back', async () => {
    const { serve, tell, said } = newsroom();
    const stage = await setUp(serve);
    const [theirs, ours] = Object.values(socketsOf).map((socketOf) => watchNews(socketOf(stage.url)));
    await untilSo(() => said.length === 2);
    tell('before');
    await untilSo(() => ours?.heard.length === 1 && theirs?.heard.length === 1);

    stage.cable.silence();
    await untilSo(() => ours?.closes === 1);
    expect(theirs?.closes).toBe(0);

    stage.cable.heal();
    await untilSo(() => said.length === 4);
    tell('after');
    await untilSo(() => ours?.heard.length === 2);
    expect(ours).toMatchObject(good);
    expect(said).toEqual(['subscribe', ...saidInOrder]);
    expect(theirs?.opens).toBe(1);
  });
});

/** @param retries a dial that fails is an `error` before its `close`, on every WebSocket, and by default the end of all subscriptions */
function graphqlWs(
  options: HeartbeatWebSocketOptions,
  retries: Partial<ClientOptions> = { shouldRetry: () => true },
): Library {
  const feed = new Feed();
  const news = { type: new GraphQLNonNull(GraphQLInt) };
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { news } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        news: {
          ...news,
          async *subscribe() {
            const told = feed.listen();
            yield { news: hello };
            for await (const each of told) yield { news: each };
          },
        },
      },
    }),
  });
  return {
    options,
    serve(server) {
      feed.endWith(server);
      useServer({ schema }, server);
    },
    use: (url, webSocketImpl) => {
      const app = newApp();
      const client = createClient({
        url,
        webSocketImpl,
        retryAttempts: Infinity,
        retryWait: () => new Promise((resolve) => setTimeout(resolve, pause)),
        ...retries,
        on: { closed: (event) => app.closes.push(event as CloseEvent) },
      });
      const undo = client.subscribe<{ news: number }>(
        { query: 'subscription { news }' },
        { next: ({ data }) => app.hear(data?.news), error: (error) => app.hear(error), complete: () => {} },
      );
      onTestFinished(async () => {
        undo();
        await client.dispose();
      });
      return app;
    },
    tell: (each) => feed.tell(each),
  };
}

/** What a server says to a new subscriber: from here on nothing is missed. */
const hello = 0;

function newApp() {
  const app = {
    news: [] as number[],
    arrivals: [] as unknown[],
    closes: [] as (Partial<CloseEvent> | null | undefined)[],
    hear: (each: unknown) => {
      if (each === hello) app.arrivals.push(each);
      else app.news.push(each as number);
    },
  };
  return app;
}

/** News as a server has them, for those who listen to it. They outlive the server. */
class Feed {
  readonly #told: number[] = [];
  readonly #events = new EventEmitter();
  #ended: Promise<unknown> | undefined;

  tell(news: number): void {
    this.#told.push(news);
    this.#events.emit('news');
  }

  /** From now on who listens hears nothing any more when the server is gone. */
  endWith(server: WebSocketServer): void {
    this.#ended = once(server, 'close').then(() => ended);
  }

  /** Those from now on. */
  listen(): AsyncIterable<number> {
    return this.#from(this.#told.length);
  }

  async *#from(next: number): AsyncGenerator<number> {
    const end = this.#ended;
    for (let heard: unknown; heard !== ended; heard = await Promise.race([end, once(this.#events, 'news')])) {
      for (; next < this.#told.length; next += 1) yield this.#told[next] as number;
    }
  }
}

const ended = Symbol('the server is gone');

interface CabledServer {
  /** By way of the cable. */
  readonly url: string;
  readonly cable: FaultProxy;
  /** The server dies with all its connections, and is started anew when a dial has come in vain. */
  restart(): Promise<void>;
}

/** A server behind a cable, both gone with the test. */
async function setUp(serve: (server: WebSocketServer) => void): Promise<CabledServer> {
  let server = await start(serve);
  const { port } = server.address() as AddressInfo;
  const cable = await faultProxy(port);
  onTestFinished(async () => {
    await cable.close();
    await stop(server);
  });
  return {
    url: `ws://127.0.0.1:${cable.port}`,
    cable,
    async restart() {
      await stop(server);
      const { accepted } = cable;
      await untilSo(() => cable.accepted > accepted);
      await untilSo(() => cable.links.length === 0);
      server = await start(serve, port);
    },
  };
}

async function start(serve: (server: WebSocketServer) => void, port = 0): Promise<WebSocketServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  server.on('connection', (socket) => socket.on('error', () => {}));
  serve(server);
  await once(server, 'listening');
  return server;
}

async function stop(server: WebSocketServer): Promise<void> {
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
}
