/**
 * What the tests of connections share: a real server on loopback that goes away with the test, and ways to wait for what a connection reports.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import { expect, onTestFinished } from 'vitest';
import { type RawData, type ServerOptions, WebSocket, WebSocketServer } from 'ws';

import type { UrlOption } from '../../adapters/dial.ts';
import {
  connect,
  type Connection,
  type ConnectionEvents,
  type ConnectOptions,
  type State,
} from '../../adapters/index.ts';
import type { FaultProxy, Hands } from '../kit/index.ts';

export interface Listening {
  readonly server: WebSocketServer;
  readonly url: string;
  readonly port: number;
  /** `performance.now()` at each connection that was accepted. */
  readonly accepted: readonly number[];
  /** The last socket that was accepted. @throws {Error} where there is none */
  readonly socket: WebSocket;
}

/** A `ws` server on 127.0.0.1, gone with the test that asked for it. */
export async function listen(
  handle: (socket: WebSocket, visit: number, request: IncomingMessage) => void = () => {},
  options: ServerOptions = {},
): Promise<Listening> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  const accepted: number[] = [];
  let last: WebSocket | undefined;
  server.on('connection', (socket, request) => {
    accepted.push(performance.now());
    last = socket;
    socket.on('error', () => {});
    handle(socket, accepted.length, request);
  });
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    url: `ws://127.0.0.1:${port}/`,
    accepted,
    get socket() {
      if (last === undefined) throw new Error('nobody has connected yet');
      return last;
    },
  };
}

/** What a `ws` server hears, as text. */
export function textOf(data: RawData): string {
  return (data as Buffer).toString();
}

/** A client that says nothing by itself and has been told something, and all that it hears. Gone with the test that asked for it. */
export async function bareClient(url: string): Promise<{ socket: WebSocket; heard: string[] }> {
  const socket = new WebSocket(url);
  const heard: string[] = [];
  socket.on('message', (data) => heard.push(textOf(data)));
  socket.on('error', () => {});
  onTestFinished(() => socket.terminate());
  await once(socket, 'message');
  return { socket, heard };
}

/** What can be done to a line by its proxy, for the model. */
export function handsOf(proxy: FaultProxy) {
  return {
    cut: () => proxy.silence(),
    heal: () => proxy.heal(),
    drop: () => proxy.reset(),
    stop: () => proxy.refuse(),
    start: () => proxy.heal(),
  } satisfies Hands;
}

/** Speaks the server's half of `id-heartbeat`: names the client and answers its heartbeats. */
export function speakIdHeartbeat(
  socket: WebSocket,
  id: string,
  { now = Date.now, answers = () => true }: { now?: () => number; answers?: () => boolean } = {},
): void {
  socket.on('message', (data) => {
    if (textOf(data) === 'heartbeat' && answers()) socket.send(JSON.stringify({ heartbeat: now() }));
  });
  socket.send(JSON.stringify({ id, now_time: now() }));
}

/** A connection that is closed with the test that asked for it. */
export function open(url: UrlOption, options: ConnectOptions = {}): Connection {
  const connection = connect(url, { closeTimeout: 200, ...options });
  onTestFinished(() => connection[Symbol.asyncDispose]());
  return connection;
}

/** A port of this machine on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** How long anything here may take before it counts as never, ms. */
const patience = 20_000;

/** Until something is so that tells of it by no event. */
export async function untilSo(isSo: () => unknown): Promise<void> {
  await expect.poll(() => Boolean(isSo()), { timeout: patience, interval: 5 }).toBe(true);
}

/** The next event of a type, of which the predicate is true. Call it before what brings the event about. */
export function until<T extends keyof ConnectionEvents>(
  connection: Connection,
  type: T,
  predicate: (detail: ConnectionEvents[T]) => boolean = () => true,
): Promise<ConnectionEvents[T]> {
  const states = statesOf(connection);
  const promise = new Promise<ConnectionEvents[T]>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`waited in vain for ${type}; the states were ${states.join(', ')}`)),
      patience,
    );
    const undo = connection.on(type, (detail) => {
      if (!predicate(detail)) return;
      clearTimeout(timer);
      undo();
      resolve(detail);
    });
  });
  promise.catch(() => {}); // reported where it is awaited
  return promise;
}

/** Waits for the state, unless it is there already. */
export async function untilState(connection: Connection, state: State): Promise<void> {
  if (connection.state !== state) await until(connection, 'state', (now) => now.state === state);
}

/** The state as it is, and every one after it. The array grows. */
export function statesOf(connection: Connection): readonly State[] {
  const states: State[] = [connection.state];
  connection.on('state', ({ state }) => states.push(state));
  return states;
}

/** The messages from now on. The array grows. */
export function messagesOf(connection: Connection): readonly (string | ArrayBuffer)[] {
  const messages: (string | ArrayBuffer)[] = [];
  connection.on('message', (message) => messages.push(message));
  return messages;
}

/** Every event of a type from now on. The array grows. */
export function eventsOf<T extends keyof ConnectionEvents>(
  connection: Connection,
  type: T,
): readonly ConnectionEvents[T][] {
  const events: ConnectionEvents[T][] = [];
  connection.on(type, (detail) => events.push(detail));
  return events;
}

const uncaught = ['uncaughtException', 'unhandledRejection'] as const;

/** What reached the process as an uncaught error or rejection while the story ran; nobody else hears of it. */
export async function uncaughtDuring(story: () => Promise<void>): Promise<unknown[]> {
  const errors: unknown[] = [];
  const hear = (error: unknown) => void errors.push(error);
  const theirs = uncaught.map((event) => process.rawListeners(event));
  for (const event of uncaught) process.removeAllListeners(event).on(event, hear);
  try {
    await story();
    await turn();
  } finally {
    for (const [i, event] of uncaught.entries()) {
      process.removeListener(event, hear);
      for (const listener of theirs[i] ?? []) process.on(event, listener as never);
    }
  }
  return errors;
}

export function bytes(text: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(text)).buffer;
}
