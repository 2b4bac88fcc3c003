/**
 * A library's clients, each behind a link of its own, and their server: `node deadline.mjs SETTINGS`, with `{ peer, onSystole, heartbeat, links }`: so many of
 * each kind. Says `open` when all are in the room, with what the library has. For `cut` the links of a kind go silent, one after the other in the time of a
 * beat, while both ends of each stay open; those of kind `sending` have sent for a second then, and go on. Says `back` for each client that is in the room
 * again, with the ms since its cut.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { faultProxy } from 'systole/testing';

import { now, onCommand, say } from '../../test/helpers/children/say.mjs';
import { peerOf } from '../peers/index.mjs';
import { oursBeneath } from '../peers/ours.mjs';

const { peer: name, onSystole, heartbeat, links } = JSON.parse(process.argv[2]);
/** From one message to the next, ms. */
const every = 100;

const peer = await peerOf(name);
const server = await peer.serve({ heartbeat });

class Link {
  #proxy;
  #client;
  #sending;
  #onOpen;

  async dial() {
    this.#proxy = await faultProxy(server.port);
    const opened = new Promise((resolve) => {
      this.#onOpen = resolve;
    });
    this.#client = await peer.dial({
      url: `ws://127.0.0.1:${this.#proxy.port}`,
      heartbeat,
      ...(onSystole && { WebSocket: oursBeneath(heartbeat) }),
      onOpen: () => this.#onOpen(),
    });
    await opened;
  }

  startSending() {
    this.#sending = setInterval(() => this.#client.send('a small message'), every);
  }

  /** A connection that is made from now on passes. */
  cut(kind) {
    const cutAt = now();
    for (const link of this.#proxy.links) link.silence();
    this.#onOpen = () => {
      this.#onOpen = () => {};
      clearInterval(this.#sending);
      say('back', { kind, after: now() - cutAt });
    };
  }
}

const kinds = { quiet: [], sending: [] };
// At the same time, so that their beats are, as far as each has its own: then cuts meet every part of one.
for (const kind of Object.values(kinds)) {
  for (let i = 0; i < links; i += 1) kind.push(new Link());
}
await Promise.all(Object.values(kinds).flatMap((kind) => kind.map((link) => link.dial())));

onCommand({
  async cut({ kind }) {
    if (kind === 'sending') {
      for (const link of kinds.sending) {
        link.startSending();
        // Not all at once, as no app's clients do.
        await sleep(every / links);
      }
      await sleep(1_000);
    }
    for (const link of kinds[kind]) {
      link.cut(kind);
      await sleep(heartbeat.interval / links);
    }
    say('cut', { kind });
  },
});
say('open', { hasHeart: peer.hasHeart, takesClass: peer.takesClass });
