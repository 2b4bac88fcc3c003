/**
 * One library through all that the benchmarks ask of it: `node contract.mjs LIBRARY ON_SYSTOLE`. Says what the `peer` carries, and whether it takes a class;
 * `opened`; what the server was `told` and what it `heard` of it, each in order; `returned` after its server died; and once more what went both ways. Ends by
 * itself, as everything has to.
 */
import { say } from '../../test/helpers/children/say.mjs';
import { peerOf } from '../peers/index.mjs';
import { oursBeneath } from '../peers/ours.mjs';

const [name, onSystole] = process.argv.slice(2);
const heartbeat = { interval: 1_000, timeout: 500 };
const peer = await peerOf(name);
say('peer', { carries: peer.carries, takesClass: peer.takesClass });
/** More than one write of each kind, and none that could be taken for a beat. */
const payloads = ['one', 'two', 'three'];
if (peer.carries.includes('binary')) payloads.push(Uint8Array.of(0, 255, 1), Uint8Array.of(2));
payloads.push('last');

let wake = () => {};
/** Looks again whenever anything has come. */
async function until(isSo) {
  while (!isSo()) await new Promise((resolve) => void (wake = resolve));
}

const heard = [];
const told = [];
let opened = 0;
let server = await serve();
const client = await peer.dial({
  url: `ws://127.0.0.1:${server.port}`,
  heartbeat,
  ...(onSystole === 'true' && { WebSocket: oursBeneath(heartbeat) }),
  onOpen() {
    opened += 1;
    wake();
  },
  onMessage(payload) {
    heard.push(shown(payload));
    wake();
  },
});

await until(() => opened === 1);
say('opened', { clients: server.clients });
await bothWays();
if (name !== 'ws') {
  const { port } = server;
  await server.stop();
  server = await serve(port);
  await until(() => opened === 2);
  say('returned', { clients: server.clients });
  await bothWays();
}
client.end();
await server.stop();

async function serve(port) {
  const served = await peer.serve({ heartbeat, ...(port && { port }) });
  served.onMessage = (payload) => {
    told.push(shown(payload));
    wake();
  };
  return served;
}

async function bothWays() {
  for (const payload of payloads) client.send(payload);
  await until(() => told.at(-1) === 'last');
  say('told', { payloads: told.splice(0) });
  // Behind what a server answers by itself: some wait for that, with a timer.
  for (const payload of payloads) server.send(payload);
  await until(() => heard.at(-1) === 'last');
  say('heard', { payloads: heard.splice(0) });
}

function shown(payload) {
  return typeof payload === 'string' ? payload : [...new Uint8Array(payload)];
}
