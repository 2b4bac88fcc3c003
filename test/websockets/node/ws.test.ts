import { WebSocket } from 'ws';

import { adapterSuite } from '../suite.ts';
import { runtime } from './runtime.ts';
import { uncaughtInNode } from './uncaught-node.ts';

adapterSuite({
  name: `npm ws on ${runtime}`,
  WebSocket,
  shows: { upgrades: true, controlFrames: true },
  terminates: true,
  uncaught: uncaughtInNode,
});
