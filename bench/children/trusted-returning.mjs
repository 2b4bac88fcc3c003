/**
 * Many who come back at once: `node trusted-returning.mjs WAY COUNT`. For `listen` they dial a URL and hear one message; for `leave` they are gone; for `dial` they dial
 * a URL again; for `return` each asks for what it has missed, so many messages, and when the last one has them it says how long that took since the first one asked, ms.
 */
import { now, onCommand, say } from '../../test/helpers/children/say.mjs';
import { wayOf } from '../peers/trusted/index.mjs';

const [way, count] = process.argv.slice(2);
const { BareListener } = await wayOf(way);
let clients = [];
let gone = [];

/** So many at once: to dial is not what is measured. */
const dialling = 20;

async function dial(url) {
  clients = [];
  while (clients.length < Number(count)) {
    const some = Array.from({ length: dialling }, () => new BareListener(url));
    clients.push(...some);
    await Promise.all(some.map((client) => client.open));
  }
}

onCommand({
  async listen({ url }) {
    await dial(url);
    await Promise.all(clients.map((client) => client.listen()));
    say('done: listen');
    await Promise.all(clients.map((client) => client.heard));
    say('heard');
  },
  leave() {
    gone = clients;
    for (const client of clients) client.leave();
    say('done: leave');
  },
  async dial({ url }) {
    await dial(url);
    say('done: dial');
  },
  async return({ messages }) {
    const since = now();
    await Promise.all(clients.map((client, i) => client.resume(gone[i], messages)));
    const took = now() - since;
    for (const client of clients) client.leave();
    say('done: return', { took });
  },
});
say('ready');
