/** `systole/push`, of the built package. */
import { once } from 'node:events';

import { WebSocket, WebSocketServer } from 'ws';

import { connectPush } from '../../../dist/push/index.js';
import { servePush } from '../../../dist/push/index.server.js';
import { logIn } from '../../children/engine-log.mjs';
import { isMessage, isWord } from '../../children/frames.mjs';

const topic = 'news';
const decoder = new TextDecoder();

/** @type {import('./way.d.ts').Way} */
export const push = {
  async serve({ engine, port }) {
    const log = engine === 'memory' ? undefined : await logIn(engine, port);
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    const { publish } = servePush(server, { log });
    await once(server, 'listening');
    return {
      port: server.address().port,
      get clients() {
        return server.clients.size;
      },
      publish: (text) => publish(topic, text),
    };
  },
  listen({ url, heartbeat, onListening, onMessage, onDoubt }) {
    const news = connectPush(url, { ...(heartbeat && { heartbeat }) }).topic(topic);
    news.on('caught-up', () => onListening());
    news.on('message', (text) => onMessage(text));
    news.on('gap', () => onDoubt());
  },
  BareListener: class {
    #socket;
    #epoch;
    #cursor;
    #onMessage;
    #onCaughtUp;
    open;
    heard = new Promise((resolve) => {
      this.#onMessage = (frame) => {
        const [, at] = decoder.decode(frame).split(' ', 2);
        this.#cursor = `${this.#epoch}.${at}`;
        resolve();
      };
    });

    constructor(url) {
      this.#socket = new WebSocket(url, { perMessageDeflate: false });
      this.open = once(this.#socket, 'message'); // the welcome
      this.#socket.on('message', (frame) => {
        if (isMessage(frame)) this.#onMessage(frame);
        else if (isWord(frame, 'o')) [, , this.#epoch] = decoder.decode(frame).split(' ');
        else if (isWord(frame, '=')) this.#onCaughtUp?.();
      });
    }

    listen() {
      this.#socket.send(`~s ${JSON.stringify([[topic, null, null]])}`);
      return new Promise((resolve) => {
        this.#onCaughtUp = resolve;
      });
    }

    resume(gone, count) {
      this.#socket.send(`~s ${JSON.stringify([[topic, gone.#cursor, 1_000]])}`);
      return new Promise((resolve) => {
        let left = count;
        this.#onMessage = () => {
          left -= 1;
          if (left === 0) resolve();
        };
      });
    }

    leave() {
      this.#socket.terminate();
    }
  },
};
