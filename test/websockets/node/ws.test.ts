import { WebSocket } from 'ws';

import { adapterSuite } from '../suite.ts';
import { uncaughtInNode } from './uncaught-node.ts';

adapterSuite({
  name: 'npm ws',
  WebSocket,
  shows: { upgrades: true, controlFrames: true },
  terminates: true,
  uncaught: uncaughtInNode,
});
