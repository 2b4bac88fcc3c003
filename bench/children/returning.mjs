/**
 * Many who come back at once: `node returning.mjs URL CLIENTS`. Says `open` when all have been welcomed; for `return` each asks for what follows the cursor, and when
 * the last one is caught up it says how long that took since the first one asked, ms, and how many messages each has heard; for `leave` all do, and dial anew.
 */
import { WebSocket } from 'ws';

import { now, onCommand, say } from '../../test/helpers/children/say.mjs';
import { isMessage, isWord } from './frames.mjs';

const [url, count] = process.argv.slice(2);
let clients = [];

/** Bare, so that what is measured is the server's. */
class Client {
  #socket = new WebSocket(url, { perMessageDeflate: false });
  #heard = 0;
  open = new Promise((resolve) => {
    this.#socket.once('message', resolve);
  });

  ask(topic, cursor) {
    this.#socket.send(`~s ${JSON.stringify([[topic, cursor, 1_000]])}`);
    return new Promise((resolve) => {
      this.#socket.on('message', (frame) => {
        if (isMessage(frame)) this.#heard += 1;
        else if (isWord(frame, '=')) resolve(this.#heard);
      });
    });
  }

  leave() {
    this.#socket.terminate();
  }
}

/** One after the other: to dial is not what is measured. */
async function dial() {
  clients = [];
  for (let i = 0; i < Number(count); i += 1) {
    const client = new Client();
    clients.push(client);
    await client.open;
  }
}

onCommand({
  async return({ topic, cursor }) {
    const since = now();
    const heard = await Promise.all(clients.map((client) => client.ask(topic, cursor)));
    say('done: return', { took: now() - since, heard });
  },
  async leave() {
    for (const client of clients) client.leave();
    await dial();
    say('done: leave');
  },
});
await dial();
say('open');
