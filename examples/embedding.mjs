/**
 * An app's own machine that runs a connection: it invokes the chart, reads its tags, hears its reports, and gets its output.
 *
 *     node examples/embedding.mjs ws://127.0.0.1:8080
 */
import { connectionMachine } from 'systole/machine';
import { connectionInput, lineOf, webSocketActor } from 'systole/websocket';
import { createActor, setup } from 'xstate';

// Once per module, however many connections there will be.
const connection = connectionMachine.provide({ actors: { socket: webSocketActor } });

const app = setup({ actors: { connection } }).createMachine({
  initial: 'signedIn',
  states: {
    signedIn: {
      invoke: {
        id: 'push',
        src: 'connection',
        // A new line each time the app gets here.
        input: () => connectionInput(process.argv[2] ?? 'ws://127.0.0.1:8080', { heartbeat: { interval: 25_000 } }),
        onDone: { target: 'signedOut', actions: ({ event }) => console.log('closed:', event.output.cause) },
      },
      on: { 'user.signedOut': { actions: ({ self }) => pushOf(self)?.send({ type: 'user.closed' }) } },
    },
    signedOut: { type: 'final' },
  },
});

const pushOf = (actor) => actor.getSnapshot().children.push;

const actor = createActor(app).start();
const push = pushOf(actor);

push.on('open', ({ id }) => console.log('open:', id));
push.on('lost', ({ cause }) => console.log('lost:', cause));
push.subscribe((snapshot) => {
  if (snapshot.hasTag('stale')) console.log('checking the line …');
});

const line = lineOf(push);
line.onMessage((data) => console.log('message:', data));
line.send('hello'); // buffered until the line is alive

process.on('SIGINT', () => actor.send({ type: 'user.signedOut' }));
