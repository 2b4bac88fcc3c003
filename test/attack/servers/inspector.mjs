/** An app that is inspected, with a machine that has much to tell: `node inspector.mjs PORT`. SIGINT ends it. */
import { inspect } from 'systole/inspect';
import { assign, createActor, createMachine } from 'xstate';

const port = Number(process.argv[2]);
const inspection = inspect({ port });
const machine = createMachine({
  id: 'teller',
  context: { count: 0, text: 'x'.repeat(500) },
  on: { tell: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
});
const actor = createActor(machine, { inspect: inspection }).start();
// More than is kept of one machine.
for (let i = 0; i < 3_000; i += 1) actor.send({ type: 'tell' });
const timer = setInterval(() => actor.send({ type: 'tell' }), 20);
// It does not tell when it listens.
setTimeout(() => console.log(`listens at ws://127.0.0.1:${port}/`), 500);

process.once('SIGINT', () => {
  clearInterval(timer);
  actor.stop();
  inspection.stop();
});
