/** What users compile against our declarations, and the libraries they have to do it with: strictly, with every declaration checked that is read. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Setting {
  name: string;
  lib: string[];
  types: string[];
  /** What is compiled there. */
  programs: (keyof typeof programs)[];
}

/** Of its own accord `@types/node` has `Symbol.asyncDispose`. */
export const settings: Setting[] = [
  { name: 'Node', lib: ['es2022'], types: ['node'], programs: ['all', 'app', 'disposing'] },
  { name: 'Node with @types/ws', lib: ['es2022'], types: ['node'], programs: ['all', 'app', 'ws'] },
  { name: 'a page', lib: ['es2022', 'dom'], types: [], programs: ['all', 'app', 'page'] },
  {
    name: 'a page of today',
    lib: ['esnext', 'dom'],
    types: [],
    programs: ['all', 'app', 'page', 'disposing'],
  },
  {
    name: 'a page and Node at once',
    lib: ['es2022', 'dom'],
    types: ['node'],
    programs: ['all', 'app', 'page', 'disposing'],
  },
  { name: 'neither page nor Node', lib: ['es2022'], types: [], programs: ['all', 'app'] },
];

/** All entry points. */
export const entries = [
  'systole',
  'systole/machine',
  'systole/websocket',
  'systole/server',
  'systole/push',
  'systole/push/server',
  'systole/testing',
  'systole/inspect',
  'systole/worker-clock',
  'systole/protocols/id-heartbeat',
  'systole/protocols/plain',
  'systole/protocols/native-ping',
  'systole/protocols/actioncable',
  'systole/protocols/graphql-transport-ws',
  'systole/protocols/trpc',
  'systole/protocols/home-assistant',
  'systole/protocols/phoenix',
  'systole/protocols/pusher',
  'systole/protocols/mqtt',
  'systole/protocols/nats',
  'systole/protocols/silent',
  'systole/protocols/protocol',
];

const programs = {
  all: entries.map((entry) => `export type {} from '${entry}';\n`).join(''),

  app: `
    import { connect, type Cause, type CloseInfo } from 'systole';
    import { connectionMachine } from 'systole/machine';
    import { homeAssistant } from 'systole/protocols/home-assistant';
    import { plain } from 'systole/protocols/plain';
    import { serveHeartbeats } from 'systole/server';
    import { faultServer, virtualWorld } from 'systole/testing';
    import { connectionInput, HeartbeatWebSocket, lineOf, webSocketActor } from 'systole/websocket';
    import { workerClock } from 'systole/worker-clock';
    import { inspect } from 'systole/inspect';
    import { createActor } from 'xstate';

    /** What is \`any\` fits everywhere, and checks nothing. */
    type Known<T> = 0 extends 1 & T ? never : T;
    export const known: <T>(value: Known<T>) => void = () => {};

    const connection = connect('wss://example.com', { protocol: plain(), heartbeat: { interval: 25_000 } });
    connect('wss://example.com', { protocol: plain({ heartbeat: () => new Uint8Array(1), reply: (frame, question) => frame === question }) });
    // @ts-expect-error an answer that is none
    plain({ reply: () => 'yes' });
    connect('wss://example.com', { protocol: homeAssistant({ accessToken: async () => 'T' }) });
    connection.on('lost', ({ cause }) => { const why: Cause = cause; known(why); });
    // @ts-expect-error an option that does not exist
    connect('wss://example.com', { heartbeats: {} });
    // @ts-expect-error an event that does not exist
    connection.on('opened', () => {});
    known(connectionMachine);
    known(connection.actor);
    known(connection.actor.getSnapshot());
    known(connection.actor.getSnapshot().context.cause);
    // @ts-expect-error an event that does not exist
    connection.actor.send({ type: 'no such event' });
    connect(({ signal }) => { known(signal.aborted); return 'wss://example.com'; });

    const machine = connectionMachine.provide({ actors: { socket: webSocketActor }, delays: { backoff: 5 } });
    // @ts-expect-error a delay that does not exist
    connectionMachine.provide({ delays: { back: 5 } });
    const actor = createActor(machine, { input: connectionInput('wss://example.com') });
    const sent: boolean = lineOf(actor).send('x');
    known(sent);
    known(serveHeartbeats);
    connect('wss://example.com', { inspect: inspect({ port: 8889, redact: (entry) => entry }) });

    const socket = new HeartbeatWebSocket('wss://example.com', [], { clock: workerClock });
    socket.addEventListener('close', ({ type, code, reason, wasClean, reconnecting, cause }) => {
      const end: CloseInfo & { type: string; reconnecting: boolean; cause: Cause } = { type, code, reason, wasClean, reconnecting, cause };
      known(end);
      known(code);
    });
    socket.addEventListener('restored', ({ detail }) => { const ms: number = detail.downFor; known(detail); known(ms); });
    socket.onopen = ({ type }) => { const said: string = type; known(type); known(said); };
    socket.onmessage = (event) => known(event);
    socket.onclose = ({ code, wasClean }) => { const end: [number, boolean] = [code, wasClean]; known(code); known(end); };
    // @ts-expect-error what no close event has
    socket.onclose = ({ colour }) => colour;
    // @ts-expect-error an option of another library
    new HeartbeatWebSocket('wss://example.com', [], { reconnectInterval: 5 });

    export async function kit() {
      const server = await faultServer();
      const client = await server.nextClient();
      const host: string | string[] | undefined = client.dial.headers['host'];
      const world = virtualWorld({ seed: 7 });
      known(host);
      connect(server.url, world.options);
    }
  `,

  page: `
    import { connect } from 'systole';
    import { type HeartbeatCloseEvent, HeartbeatWebSocket } from 'systole/websocket';
    import { known } from './app.js';

    const library: { WebSocketCtor: typeof WebSocket } = { WebSocketCtor: HeartbeatWebSocket.with({ retries: 0 }) };
    const socket: WebSocket = new HeartbeatWebSocket(new URL('wss://example.com'), [], { signal: new AbortController().signal });
    const target: EventTarget = socket;
    socket.onclose = ({ code }) => known(code);
    const ours = new HeartbeatWebSocket('wss://example.com');
    ours.addEventListener('close', (event) => { const theirs: CloseEvent = event; const whole: HeartbeatCloseEvent = event; known([theirs, whole]); });
    ours.addEventListener('lost', (event) => { const told: CustomEvent<{ cause: string }> = event; known(told); });
    ours.addEventListener('message', (event: MessageEvent<string>) => known(event.data), { signal: new AbortController().signal });
    ours.onmessage = function (event: MessageEvent) { this.close(); known(event); };
    ours.send(new Blob([]));
    connect('wss://example.com', { WebSocket, lifecycle: { platform: { ...performanceOf(), document, navigator } } });
    connect('wss://example.com', { WebSocket: HeartbeatWebSocket });
    function performanceOf() { return { now: () => 0, wallTime: () => 0, setInterval: () => 0, clearInterval() {} }; }
    known([library, target]);
  `,

  disposing: `
    import { connect } from 'systole';
    export async function once() {
      await using connection = connect('wss://example.com');
      const thing: AsyncDisposable = connection;
      await thing[Symbol.asyncDispose]();
      const done: Promise<void> = connection[Symbol.asyncDispose]();
      await done;
    }
  `,

  views: `
    import { connect, type Connection, json, type StandardSchema } from 'systole';
    import { useConnection } from 'systole/react';
    import { useConnection as inVue } from 'systole/vue';
    import { ref, shallowRef } from 'vue';
    import { known } from './app.js';

    interface News { text: string }
    interface Order { order: number }
    declare const news: StandardSchema<unknown, News>;
    declare const order: StandardSchema<Order, Order>;

    export function View({ shared }: { shared: Connection<News, Order> }) {
      const bare = useConnection('wss://example.com', { heartbeat: { interval: 25_000 } });
      bare.connection?.send('text');
      bare.connection?.on('message', (message) => { const frame: string | ArrayBuffer = message; known(frame); });
      const due: number | undefined = bare.nextDialAt;
      known(due);
      // @ts-expect-error undefined until it is mounted
      bare.connection.send('text');
      // @ts-expect-error a message that no WebSocket can send
      bare.connection?.send({ order: 1 });
      // @ts-expect-error an event that does not exist
      bare.connection?.on('opened', () => {});
      // @ts-expect-error what no snapshot has
      known(bare.lastHeardAt);
      // @ts-expect-error an option that does not exist
      useConnection('wss://example.com', { heartbeats: {} });
      // @ts-expect-error types that no codec guarantees
      useConnection<News, Order>('wss://example.com');

      const typed = useConnection(async () => 'wss://example.com', { codec: json({ receive: news, send: order }) });
      typed.connection?.send({ order: 1 });
      typed.connection?.on('message', ({ text }) => { const said: string = text; known(text); known(said); });
      // @ts-expect-error a message of the other direction
      typed.connection?.send({ text: '' });
      // @ts-expect-error what is sent is not received
      typed.connection?.on('message', ({ order }) => order);
      // @ts-expect-error a codec for the other direction
      const turned: Connection<Order, News> | undefined = typed.connection;
      known(turned);

      const { connection } = useConnection(shared);
      const same: Connection<News, Order> | undefined = connection;
      known(same);
      // @ts-expect-error a shared one has its options
      useConnection(shared, { heartbeat: {} });
      known(useConnection(undefined).state);
    }

    export function setup(shared: Connection<News, Order>) {
      const { snapshot, connection } = inVue(ref('wss://example.com'), { codec: json({ receive: news, send: order }) });
      known(snapshot.value.state);
      connection.value?.send({ order: 1 });
      // @ts-expect-error a message of the other direction
      connection.value?.send({ text: '' });
      // @ts-expect-error not to be set
      snapshot.value = snapshot.value;
      inVue(shallowRef<URL>()).connection.value?.send('text');
      const same: Connection<News, Order> | undefined = inVue(shallowRef(shared)).connection.value;
      known(same);
      known(inVue(shared).snapshot.value.cause);
      // @ts-expect-error an event that does not exist
      inVue('wss://example.com').connection.value?.on('opened', () => {});
    }
    known(connect);
  `,

  undici: `
    import { connect } from 'systole';
    import { HeartbeatWebSocket } from 'systole/websocket';
    import { known } from './app.js';
    const socket: WebSocket = new HeartbeatWebSocket('wss://example.com');
    socket.onclose = ({ code }) => known(code);
    connect('wss://example.com', { WebSocket });
  `,

  ws: `
    import { connect } from 'systole';
    import { serveHeartbeats } from 'systole/server';
    import { HeartbeatWebSocket } from 'systole/websocket';
    import { WebSocket, WebSocketServer } from 'ws';
    connect('wss://example.com', { WebSocket });
    new HeartbeatWebSocket('wss://example.com', [], { WebSocket });
    const { clients } = serveHeartbeats(new WebSocketServer({ port: 0 }));
    const first: WebSocket | undefined = clients.get('x');
    first?.ping();
  `,
};

export type Resolution = 'bundler' | 'nodenext';

/** The lines in which a compiler finds fault with it. @param folder in which the package is installed, and what it needs */
export function faultsOf(
  tsc: string,
  folder: string,
  { name, lib, types, programs: compiled }: Setting,
  resolution: Resolution,
): Promise<string[]> {
  for (const [program, source] of Object.entries(programs)) writeFileSync(join(folder, `${program}.ts`), source);
  const config = join(folder, `${name.replaceAll(/\W/g, '-')}.json`);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: false,
    target: 'es2022',
    module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
    moduleResolution: resolution,
    lib,
    types,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files: compiled.map((program) => `${program}.ts`) }));
  return new Promise((tell) => {
    execFile(process.execPath, [tsc, '-p', config], { cwd: folder }, (_, stdout) => {
      const lines = stdout.split('\n').filter((line) => line.trim() !== '');
      // Where there is neither, xstate has no AbortSignal.
      tell(
        types.length > 0 || lib.includes('dom')
          ? lines
          : lines.filter((line) => !/node_modules.xstate.dist/.test(line)),
      );
    });
  });
}
