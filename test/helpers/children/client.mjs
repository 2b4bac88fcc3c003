/**
 * A connection in a process of its own that tells all it hears: `node client.mjs URL OPTIONS`, where OPTIONS is JSON of
 * `{ connect, moments }`. Each of the `moments`, `{ state, action, ms, byTimer }`, comes once: when the machine has entered `state`, as in
 * `alive.probing`, the process blocks its loop for `ms`, or stops itself until it is continued. `byTimer`: it is a timer that leads there.
 */
import { connect } from 'systole';
import { WebSocket } from 'ws';

import { block, lateness, now, onCommand, say } from './say.mjs';

const [url, json = '{}'] = process.argv.slice(2);
const { connect: options = {}, moments = [] } = JSON.parse(json);

const late = lateness();
let heardAt = now();
/** What the socket of this visit has fired. */
let fired = [];

/** Sees what the socket fires before anybody hears it, and listens to nothing itself. */
class WatchedWebSocket extends WebSocket {
  constructor(...dial) {
    super(...dial);
    fired = [];
    say('dialled');
  }

  emit(name, ...detail) {
    if (name === 'message') heardAt = now();
    fired.push(name);
    return super.emit(name, ...detail);
  }
}

function comeTo(state) {
  const moment = moments.find((each) => each.state === state && !each.done);
  if (moment === undefined) return;
  moment.done = true;
  const stall = () => {
    say(moment.action, { state });
    if (moment.action === 'block') block(moment.ms);
    else process.kill(process.pid, 'SIGSTOP');
    say('resumed', { state });
  };
  // Behind a timer Node would poll first, and then run timers. The worst place is just before them, and there are those that I/O leads to.
  if (moment.byTimer) setImmediate(stall);
  else stall();
}

const pathOf = (value) =>
  typeof value === 'string'
    ? value
    : Object.entries(value)
        .map(([state, within]) => `${state}.${pathOf(within)}`)
        .join();

const connection = connect(url, { ...options, WebSocket: WatchedWebSocket });
connection.on('open', ({ id }) => say('open', { id }));
connection.on('state', ({ state, previous, cause }) => say('state', { state, previous, cause }));
connection.on('retry', ({ cause, attempt, reason, nextDialIn }) =>
  say('retry', { cause, attempt, reason, nextDialIn }),
);
connection.on('restored', ({ id, previousId }) => say('restored', { id, previousId }));
connection.on('closed', ({ cause }) => say('closed', { cause }));
connection.on('lost', (detail) => {
  say('lost', { ...detail, silentFor: now() - heardAt, lateness: late.take(), fired });
});
connection.on('message', (text) => say('message', { text }));

let path = '';
const follow = (snapshot) => {
  const next = pathOf(snapshot.value);
  if (next === path) return;
  path = next;
  // As in socket.alive.quiet and socket.connecting.dialling.
  const [, state, within] = next.split('.');
  comeTo(state);
  comeTo(`${state}.${within}`);
};
follow(connection.actor.getSnapshot());
connection.actor.subscribe(follow);

onCommand({
  send: ({ text }) => say('sent', { accepted: connection.send(text) }),
  ask: () => say('answer', { state: connection.state, id: connection.id }),
  forgetLateness: () => late.take(),
  close() {
    late.stop();
    connection.close();
    process.stdin.destroy();
  },
});
