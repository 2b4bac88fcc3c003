/**
 * What messages cost a client, with `ws` alone and with a library, by turns:
 * `node --expose-gc exchange.mjs LIBRARY BARE-PORT PORT PAIRS FIGURES`, FIGURES being a list of `{"direction":"in","kind":"text","bytes":64,"count":…,"burst":…}`, of which
 * an `out` has whole bursts. Says the processor time of two messages, in µs, of each pair. The server is `exchange-server.mjs`.
 */
import { say } from '../../test/helpers/children/say.mjs';
import { peerOf } from '../peers/index.mjs';
import { payloadOf } from './payload.mjs';

const [library, barePort, port, pairs, figures] = process.argv.slice(2);

class Side {
  #client;
  #hear = () => {};

  static async open(name, at) {
    const side = new Side();
    const peer = await peerOf(name);
    await new Promise((resolve, reject) => {
      const onMessage = (payload) => side.#hear(payload);
      side.#dial(peer, { url: `ws://127.0.0.1:${at}`, onOpen: resolve, onMessage }).catch(reject);
    });
    return side;
  }

  async #dial(peer, options) {
    this.#client = await peer.dial(options);
  }

  /** µs of processor time for each message. */
  async cost(figure) {
    // Nobody clears up after the other. Not all of the heap: it would begin with little room for what is young, as no process does that is at work.
    globalThis.gc({ type: 'minor' });
    const { user, system } = await (figure.direction === 'in' ? this.#take(figure) : this.#give(figure));
    return (user + system) / figure.count;
  }

  #take({ kind, bytes, count, burst }) {
    return new Promise((resolve) => {
      let left = count;
      this.#hear = () => {
        left -= 1;
        if (left === 0) resolve(process.cpuUsage(since));
      };
      const since = process.cpuUsage();
      this.#client.send(JSON.stringify({ send: count, kind, bytes, burst }));
    });
  }

  /** A burst at a time, and until it is heard: what is not written yet has not cost all it costs, and nobody's buffer is filled. */
  async #give({ kind, bytes, count, burst }) {
    const payload = payloadOf(kind, bytes);
    await this.#heard(() => this.#client.send(JSON.stringify({ expect: count, burst })));
    const since = process.cpuUsage();
    for (let left = count; left > 0; left -= burst) {
      await this.#heard(() => {
        for (let i = 0; i < burst; i += 1) this.#client.send(payload);
      });
    }
    return process.cpuUsage(since);
  }

  #heard(after) {
    return new Promise((resolve) => {
      this.#hear = resolve;
      after();
    });
  }
}

const bare = await Side.open('ws', barePort);
const its = await Side.open(library, port);

for (const [figure, each] of JSON.parse(figures).entries()) {
  for (let i = 0; i < Number(pairs); i += 1) {
    // Each comes once after itself, and once after the other: who does is cheaper, or dearer.
    const costs = [];
    for (const side of [bare, its, its, bare]) costs.push(await side.cost(each));
    say('pair', { figure, bare: costs[0] + costs[3], library: costs[1] + costs[2] });
  }
}
say('done');
process.exit();
