/**
 * A library's server, its clients, and a line of its own for each of them: `node alarms.mjs PEER HEARTBEAT`, HEARTBEAT as JSON. `open`: so many, over good
 * lines. `silence`: these go silent one after the other, within `over` ms; says after how many ms each client was in the room again, null where it was not
 * within `patience`. `bear`: they are as `line` has it, for so many seconds; says how often a client came back, which none of them needed to. Both say
 * how late timers were at worst, ms: a machine that is too busy is no fault of a library.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { faultProxy } from 'systole/testing';

import { chance } from '../../dist/test/kit/schedule.js';
import { lateness, now, onCommand, say } from '../../test/helpers/children/say.mjs';
import { peerOf } from '../peers/index.mjs';

const [name, json] = process.argv.slice(2);
const heartbeat = JSON.parse(json);

/** What a line does to each piece, each way; for the same seed the same. None overtakes another: what is behind a late one is late as well, as with TCP. */
const lines = {
  /** Ms, evenly spread. */
  jitter: ({ most }, random) => ({ jitter: most, random }),
  /** A share of them, by so many ms; all others at once. */
  late: ({ share, ms }, random) => ({ jitter: ms, random: () => (random() < share ? 1 - Number.EPSILON : 0) }),
};

class Client {
  #proxy;
  #client;
  #isOpen = () => {};

  async dial() {
    this.#proxy = await faultProxy(server.port);
    const open = this.#nextOpen();
    const onOpen = () => this.#isOpen();
    this.#client = await peer.dial({ url: `ws://127.0.0.1:${this.#proxy.port}`, heartbeat, onOpen });
    await open;
  }

  /** @returns {Promise<number | null>} ms until it is in the room again */
  async silence(patience) {
    const open = this.#nextOpen();
    const since = now();
    // Those that it has now. Its next dial finds a way.
    for (const link of this.#proxy.links) link.silence();
    const aborter = new AbortController();
    const took = await Promise.race([
      open.then(() => now() - since),
      sleep(patience, null, { signal: aborter.signal }).catch(() => null),
    ]);
    aborter.abort();
    return took;
  }

  bear({ kind, ...settings }, seed) {
    this.#proxy.delay(0, lines[kind](settings, chance(seed)));
  }

  async leave() {
    this.#client.end();
    await this.#proxy.close();
  }

  #nextOpen() {
    return new Promise((resolve) => {
      this.#isOpen = resolve;
    });
  }
}

const peer = await peerOf(name);
const server = await peer.serve({ heartbeat });
const late = lateness(50);
let clients = [];

onCommand({
  async open({ count }) {
    await Promise.all(clients.map((client) => client.leave()));
    clients = Array.from({ length: count }, () => new Client());
    await Promise.all(clients.map((client) => client.dial()));
    say('done: open');
  },
  async silence({ over, patience }) {
    late.take();
    const took = await Promise.all(
      clients.map(async (client, i) => {
        await sleep((over * i) / clients.length);
        return client.silence(patience);
      }),
    );
    say('done: silence', { took, lateness: late.take() });
  },
  async bear({ line, seconds, seed }) {
    late.take();
    let entries = 0;
    server.onEnter = () => (entries += 1);
    for (const [i, client] of clients.entries()) client.bear(line, 1_000 * seed + i);
    await sleep(seconds * 1_000);
    server.onEnter = () => {};
    say('done: bear', { entries, lateness: late.take() });
  },
});
say('ready');
