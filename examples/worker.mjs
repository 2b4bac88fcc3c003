/**
 * A worker that consumes a feed for hours: one loop over its messages, and one signal that ends it.
 *
 *     node examples/worker.mjs ws://127.0.0.1:8080
 */
import { connect } from 'systole';

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => ending.abort());

const interval = Number(process.env.HEARTBEAT ?? 25_000);
const connection = connect(process.argv[2] ?? 'ws://127.0.0.1:8080', {
  heartbeat: { interval, timeout: interval / 2 },
  // A reader who is behind by more ends with an error, rather than with all of the memory.
  buffer: { messages: 100_000, bytes: 16_777_216 },
  signal: ending.signal,
});

connection.on('open', () => console.log('listening'));
connection.on('lost', ({ cause }) => console.log(`lost (${cause}): what was pushed from now on is missed`));
connection.on('retry', ({ cause, nextDialIn }) => console.log(`no way through (${cause}), again in ${nextDialIn} ms`));
connection.on('restored', ({ downFor }) => console.log(`back after ${downFor} ms`));
connection.on('closed', ({ cause }) => {
  // Whoever looks after this process learns whether to start it again.
  process.exitCode = cause === 'aborted' ? 0 : 1;
});

let count = 0;
for await (const message of connection) {
  count += 1;
  await work(message);
}
console.log(`ended after ${count} messages`);

/** What takes as long as it takes: meanwhile messages wait, in order. */
async function work(message) {
  console.log('message:', message);
}
