/**
 * An app's own machine that runs a connection: it signs in, invokes the chart with its token, and signs in again when the server takes that no more.
 *
 *     node examples/embedding.mjs ws://127.0.0.1:8080
 */
import { connectionMachine } from 'systole/machine';
import { connectionInput, lineOf, webSocketActor } from 'systole/websocket';
import { assign, createActor, fromPromise, sendTo, setup } from 'xstate';

const url = process.argv[2] ?? 'ws://127.0.0.1:8080';
const interval = Number(process.env.HEARTBEAT ?? 25_000);

// Once per module, however many connections there will be.
const connection = connectionMachine.provide({ actors: { socket: webSocketActor } });

const signIn = fromPromise(async ({ signal }) => {
  const response = await fetch(new URL('/login', url.replace(/^ws/, 'http')), { method: 'POST', signal });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.text();
});

const app = setup({
  actors: { connection, signIn },
  guards: {
    // 3000 (unauthorized) is how a server ends a line whose token has run out; 401 is how it answers a dial with such a token.
    isSentAway: (_, { code, status }) => code === 3000 || status === 401,
  },
  actions: { say: (_, words) => console.log(words) },
}).createMachine({
  context: { token: '' }, // in this machine, which is yours: ours shows it to no inspector
  initial: 'signingIn',
  on: { 'user.signedOut': '.signedOut' },
  states: {
    signingIn: {
      invoke: {
        src: 'signIn',
        onDone: { target: 'online', actions: [assign({ token: ({ event }) => event.output }), say(() => 'signed in')] },
        onError: { target: 'signedOut', actions: say(({ event }) => `not signed in: ${event.error.message}`) },
      },
    },
    online: {
      invoke: {
        id: 'push',
        src: 'connection',
        // A new line each time the app gets here.
        input: ({ context: { token } }) =>
          connectionInput(url, {
            headers: { authorization: `Bearer ${token}` },
            heartbeat: { interval, timeout: interval / 2 },
          }),
        onDone: [
          {
            guard: { type: 'isSentAway', params: ({ event }) => event.output },
            target: 'expired',
            actions: say(({ event }) => `sent away: ${event.output.reason}`),
          },
          { target: 'signedOut', actions: say(({ event }) => `closed: ${event.output.cause}`) },
        ],
      },
      // Says goodbye, and then it is done.
      on: { 'user.signedOut': { actions: sendTo('push', { type: 'user.closed' }) } },
    },
    // A server that takes none of its own tokens is not to be asked for one on and on.
    expired: { after: { 1_000: 'signingIn' } },
    signedOut: { type: 'final' },
  },
});

function say(params) {
  return { type: 'say', params };
}

let heard;
const actor = createActor(app);
actor.subscribe(({ children: { push } }) => {
  if (push === undefined || push === heard) return;
  heard = push; // another one each time the app is online
  push.on('open', ({ id }) => console.log('open:', id));
  push.on('lost', ({ cause }) => console.log('lost:', cause));
  push.on('restored', () => console.log('back'));
  const line = lineOf(push);
  line.onMessage((data) => console.log('message:', data));
  line.send('hello'); // buffered until the line is alive
});
actor.start();

process.once('SIGINT', () => actor.send({ type: 'user.signedOut' }));
