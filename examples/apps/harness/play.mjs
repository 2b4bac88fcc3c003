/** One example, from its first line to its last. */
import { faultProxy } from 'systole/testing';

import { startApp } from './app.mjs';
import { hands } from './hands.mjs';
import { startServer } from './server.mjs';

/** Ms between two questions for a sign of life: a line that was cut is given up some seconds later, while you are looking. */
const heartbeat = process.env.HEARTBEAT ?? '2000';

export async function play(example) {
  const hand = hands();
  let server, cable, app;
  try {
    server = await startServer(example, heartbeat);
    cable = await faultProxy(server.port);
    const feed = `ws://127.0.0.1:${cable.port}${example.path}`;
    console.log(`server: ${feed}`);
    app = await startApp(example, { feed, heartbeat });
    if (app.address !== undefined) console.log(`look at ${app.address}`);
    hand.explain();

    const moves = {
      cut: () => (cable.silence(), 'the cable is pulled'),
      heal: () => (cable.heal(), 'the cable is back'),
      reset: () => (cable.reset(), 'the connections are reset'),
    };
    await Promise.race([
      app.ended, // by itself, where it can
      server.ended,
      hand.quits((move) => {
        const done = moves[move]?.();
        if (done !== undefined) console.log(`--- ${done}`);
      }),
    ]);
  } finally {
    hand.close();
    // The cable last: a server has a goodbye to say.
    for (const part of [app, server, cable]) await part?.close();
  }
}
