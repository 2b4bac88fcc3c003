/** socket.io, with its connection state recovery and without; between nodes by `@socket.io/redis-streams-adapter`, which is the one for Redis that recovers. */
import { once } from 'node:events';
import { createServer } from 'node:http';

import { createAdapter } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';

import { BareListener } from './bare-listener.mjs';

const topic = 'news';
const decoder = new TextDecoder();

const serve = async ({ engine, port, heartbeat }, options) => {
  const http = createServer();
  const server = new Server(http, {
    ...(heartbeat && { pingInterval: heartbeat.interval, pingTimeout: heartbeat.timeout }),
    ...(engine === 'redis' && { adapter: createAdapter(await clientOf(port)) }),
    ...options,
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    port: http.address().port,
    get clients() {
      return server.of('/').sockets.size;
    },
    publish: (text) => server.emit(topic, text),
  };
};

async function clientOf(port) {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  return client.connect();
}

/** @type {import('./way.d.ts').Way['listen']} */
const listen = ({ url, onListening, onMessage, onDoubt }) => {
  const socket = io(url.replace(/^ws/, 'http'), { transports: ['websocket'], forceNew: true });
  let isFirst = true;
  socket.on('connect', () => {
    if (!isFirst && !socket.recovered) onDoubt();
    isFirst = false;
    onListening();
  });
  socket.on(topic, (text) => onMessage(text));
};

/** @type {import('./way.d.ts').Way} */
export const rooms = { serve: (options) => serve(options, {}), listen };

/** @type {import('./way.d.ts').Way} */
export const recovery = {
  serve: (options) => serve(options, { connectionStateRecovery: {} }),
  listen,
  BareListener: class extends BareListener {
    #session;
    #offset;
    #onConnect;

    constructor(url) {
      super(`${url}/socket.io/?EIO=4&transport=websocket`, (frame) => {
        // As its own client has it: what is behind the arguments is the offset.
        this.#offset = JSON.parse(decoder.decode(frame).slice(event.length)).at(-1);
      });
      this.socket.on('message', (frame) => {
        if (isPacket(frame, event)) this.onMessage(frame);
        else if (isPacket(frame, connect)) this.#onConnect?.(frame);
        else if (isPacket(frame, ping)) this.socket.send(pong);
      });
    }

    listen() {
      this.socket.send(connect);
      return new Promise((resolve) => {
        this.#onConnect = (frame) => {
          this.#session = JSON.parse(decoder.decode(frame).slice(connect.length)).pid;
          resolve();
        };
      });
    }

    resume(gone, count) {
      return this.hearAfter(`${connect}${JSON.stringify({ pid: gone.#session, offset: gone.#offset })}`, count);
    }
  },
};

/** Packets of engine.io 4 and, in its messages, of socket.io 5. */
const ping = '2';
const pong = '3';
const connect = '40';
const event = '42';

function isPacket(frame, kind) {
  for (let i = 0; i < kind.length; i += 1) if (frame[i] !== kind.charCodeAt(i)) return false;
  return true;
}
