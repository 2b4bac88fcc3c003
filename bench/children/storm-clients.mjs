/**
 * Clients that never stop sending: `node storm-clients.mjs LIBRARY URL COUNT`. Each sends `CLIENT NUMBER` every 100 to 200 ms, whether there is a line or not. Says
 * `all in` when all are in the room, again when they all are since `await`; for `stop` when each message was sent, when each client entered the room, and when this
 * process had heard of all connections that they were gone.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { now, onCommand, say } from '../../test/helpers/children/say.mjs';
import { peerOf } from '../peers/index.mjs';

const [library, url, count] = process.argv.slice(2);
const peer = await peerOf(library);

/** By client: ms of each message, and of each time that it entered. */
const sent = [];
const entered = [];
let since = 0;
let missing = new Set();
let isOver = false;
let heardAt;

function enter(i) {
  entered[i].push(now());
  if (missing.delete(i) && missing.size === 0) say('all in');
}

function send(i, client) {
  if (isOver) return;
  // What was not taken is not forgotten: it counts as sent.
  const number = sent[i].push(now()) - 1;
  try {
    client.send(`${i} ${number}`);
  } catch {}
  setTimeout(send, 100 + 100 * Math.random(), i, client);
}

/** A connection beside each client's that says nothing, and is hung up on as that one is. */
function witness() {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {}).resume();
  socket.on('close', () => (heardAt = now()));
}

onCommand({
  /** All of them are out since then. */
  await(detail) {
    since = detail.since;
    missing = new Set(entered.keys());
    for (const [i, times] of entered.entries()) if (times.some((at) => at > since)) missing.delete(i);
    if (missing.size === 0) say('all in');
  },
  stop() {
    isOver = true;
    say('stopped', { sent, entered, heardAt });
  },
});

missing = new Set(Array.from({ length: Number(count) }, (_, i) => i));
for (let i = 0; i < Number(count); i += 1) {
  sent[i] = [];
  entered[i] = [];
  const client = await peer.dial({ url, onOpen: () => enter(i) });
  setTimeout(send, 1_000, i, client);
  witness();
  await sleep(3);
}
