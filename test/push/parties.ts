/** Servers, clients, and who speaks without a client of ours: gone with the test that asked for them. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { type PushServerOptions, servePush } from '../../push/index.server.ts';
import { connectPush, type Push, type PushOptions, type Topic } from '../../push/index.ts';

export interface User {
  user?: string;
  expires?: number;
}

/** A server with its sockets. `close` tells its clients, and cuts them off. */
export async function node(options: PushServerOptions<User> = {}, port = 0) {
  const server = new WebSocketServer({ port, host: '127.0.0.1', maxPayload: 65_536 });
  await once(server, 'listening');
  const push = servePush(server, options);
  const address = server.address() as AddressInfo;
  const close = async () => {
    await push.close();
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  return { push, server, port: address.port, url: `ws://127.0.0.1:${address.port}`, close };
}

export function client(url: string | (() => string), options: PushOptions = {}): Push {
  const push = connectPush(url, { backoff: { initial: 20, max: 200 }, closeTimeout: 200, ...options });
  onTestFinished(() => push[Symbol.asyncDispose]());
  return push;
}

/** What is told, in order; `until` waits for the so-manieth of it. */
export function ears() {
  const heard: string[] = [];
  let waiting: (() => void)[] = [];
  const say = (what: string) => {
    heard.push(what);
    for (const wake of waiting.splice(0)) wake();
    waiting = [];
  };
  const until = async (what: string | RegExp, times = 1) => {
    const isIt = (each: string) => (typeof what === 'string' ? each === what : what.test(each));
    while (heard.filter((each) => isIt(each)).length < times) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    return heard;
  };
  return { heard, say, until };
}

export function earsOf(topic: Topic) {
  const its = ears();
  topic.on('message', (data) => its.say(typeof data === 'string' ? data : `<${Buffer.from(data).toString('hex')}>`));
  topic.on('gap', ({ reason, missed }) => its.say(`gap ${reason} ${missed}`));
  topic.on('caught-up', () => its.say('caught up'));
  topic.on('refused', ({ code }) => its.say(`refused ${code}`));
  return its;
}

/** A line that says what it likes; its end is told as `(close CODE)`. */
export async function line(url: string) {
  const socket = new WebSocket(url);
  onTestFinished(() => socket.terminate());
  const its = ears();
  socket.on('error', () => {});
  socket.on('message', (data: Buffer, isBinary) => its.say(isBinary ? `<${data.toString('hex')}>` : String(data)));
  socket.on('close', (code) => its.say(`(close ${code})`));
  await once(socket, 'open');
  return { socket, say: (frame: string) => socket.send(frame), heard: its.heard, until: its.until };
}
