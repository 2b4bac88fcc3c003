/** `systole/push`, of the built package. */
import { once } from 'node:events';

import { WebSocketServer } from 'ws';

import { connectPush } from '../../../dist/push/index.js';
import { servePush } from '../../../dist/push/index.server.js';
import { logIn } from '../../children/engine-log.mjs';
import { isMessage, isWord } from '../../children/frames.mjs';
import { BareListener } from './bare-listener.mjs';

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
  BareListener: class extends BareListener {
    #epoch;
    #cursor;
    #onCaughtUp;

    constructor(url) {
      super(url, (frame) => {
        const [, at] = decoder.decode(frame).split(' ', 2);
        this.#cursor = `${this.#epoch}.${at}`;
      });
      this.socket.on('message', (frame) => {
        if (isMessage(frame)) this.onMessage(frame);
        else if (isWord(frame, 'o')) [, , this.#epoch] = decoder.decode(frame).split(' ');
        else if (isWord(frame, '=')) this.#onCaughtUp?.();
      });
    }

    listen() {
      this.socket.send(`~s ${JSON.stringify([[topic, null, null]])}`);
      return new Promise((resolve) => {
        this.#onCaughtUp = resolve;
      });
    }

    resume(gone, count) {
      return this.hearAfter(`~s ${JSON.stringify([[topic, gone.#cursor, 1_000]])}`, count);
    }
  },
};
