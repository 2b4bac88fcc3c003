/**
 * Dial, id, loss, thousands of times, and what is left of it: `node --expose-gc cycles.mjs URL CYCLES`. The server is `cycle-server.mjs`.
 * Exits by itself, when it has been told to close.
 */
import { getEventListeners, once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapSnapshot } from 'node:v8';

import { connect } from 'systole';
import { WebSocket } from 'ws';

import { now, say } from './say.mjs';

const [url, count] = process.argv.slice(2);
const cycles = Number(count);
/** After each of them the heap is measured; after the first all code has run, and all caches are filled. */
const rounds = [cycles / 5, cycles - cycles / 5];
const stableAfter = 200;

function resources() {
  const all = process.getActiveResourcesInfo();
  const countOf = (name) => all.filter((each) => each === name).length;
  return { timers: countOf('Timeout'), sockets: countOf('TCPSocketWrap') };
}

/**
 * Bytes of everything that is reachable and was made by JavaScript: objects, closures, arrays, strings, numbers. Compiled code is left out: it
 * grows by some 20 bytes a cycle for as long as the compiler is at it, with `ws` alone as well.
 */
async function heap() {
  // What a finalizer lets go of is collected the next time.
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc();
    await sleep(20);
  }
  const { snapshot, nodes } = JSON.parse(await text(getHeapSnapshot()));
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, size] = [fields.indexOf('type'), fields.indexOf('self_size')];
  let bytes = 0;
  for (let i = 0; i < nodes.length; i += fields.length) {
    if (!notOurs.has(types[type][nodes[i + type]])) bytes += nodes[i + size];
  }
  return bytes;
}
const notOurs = new Set(['code', 'hidden', 'native', 'synthetic']);

let dials = 0;
let overlaps = 0;
/** Sockets that nobody refers to any more, and that have been collected. */
let collected = 0;
const registry = new FinalizationRegistry(() => (collected += 1));
let last;
class CountedWebSocket extends WebSocket {
  constructor(...dial) {
    const previous = last?.deref();
    if (previous !== undefined && previous.readyState < WebSocket.CLOSING) overlaps += 1;
    super(...dial);
    dials += 1;
    last = new WeakRef(this);
    registry.register(this);
  }
}

/** `leave`: it is us who leave. */
const ways = ['close', 'cut', 'refuse', 'leave'];
let left = 0;
let turn = 0;
let way = 'stay';
let settled = () => {};
const tally = { lost: 0, retry: 0 };

const before = resources();
const aborter = new AbortController();
const connection = connect(
  () => {
    way = left === 0 ? 'stay' : ways[turn % ways.length];
    if (way !== 'stay') {
      turn += 1;
      left -= 1;
    }
    return `${url}/${way}`;
  },
  {
    WebSocket: CountedWebSocket,
    signal: aborter.signal,
    backoff: () => 0,
    stableAfter,
    heartbeat: { interval: 60_000, timeout: 1_000 },
  },
);
connection.on('lost', () => (tally.lost += 1));
connection.on('retry', () => (tally.retry += 1));
connection.on('state', ({ state }) => {
  if (state !== 'alive') return;
  if (way === 'leave') connection.reconnect();
  if (way === 'stay') settled();
});

const stays = () =>
  new Promise((resolve) => {
    settled = resolve;
  });

await stays();
// What taking a snapshot leaves behind itself is not to be measured.
await heap();
const heaps = [];
const startedAt = now();
for (const round of rounds) {
  left = round;
  const done = stays();
  connection.reconnect();
  await done;
  await sleep(stableAfter + 50);
  heaps.push(await heap());
}
const ms = now() - startedAt;

say('cycled', {
  ms,
  dials,
  overlaps,
  tally,
  heaps,
  cyclesBetween: rounds[1],
  uncollected: dials - collected,
  signalListeners: getEventListeners(aborter.signal, 'abort').length,
  before,
  after: resources(),
});

// The server is to count its connections first.
await once(process.stdin, 'data');
process.stdin.destroy();

const socket = last.deref();
connection.on('closed', () => {
  setImmediate(() => {
    const names = ['open', 'message', 'close', 'error'];
    say('closed', {
      after: resources(),
      signalListeners: getEventListeners(aborter.signal, 'abort').length,
      readyState: socket.readyState,
      socketListeners: names.filter((name) => socket.listenerCount(name) > 0),
    });
  });
});
connection.close();
