/**
 * Closes a connection in a state that it has come to, when it is told to, and leaves it to Node to exit: `node closing.mjs URL STATE OPTIONS`.
 */
import { connect } from 'systole';

import { say } from './say.mjs';

const [url, state, json] = process.argv.slice(2);
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
const before = timers();

const connection = connect(url, JSON.parse(json));
const come = () => {
  if (connection.state === state) say('come', { timers: timers() - before });
};
/** Behind what the step has still to do, `stableAfter: 0`, and what a socket does when it is destroyed; not within a timer, which would count. */
function settled(then) {
  setTimeout(() => {
    setImmediate(() => then());
  }, 50);
}
connection.on('state', (change) => {
  say('state', change);
  if (change.state === state) settled(come);
});
connection.on('closed', (detail) => {
  say('closed', detail);
  settled(() => say('settled', { timers: timers() - before }));
});
if (connection.state === state) settled(come);

process.stdin.once('data', () => {
  // It would hold the process up.
  process.stdin.destroy();
  say('closing', { state: connection.state });
  connection.close();
});
