import { adapterSuite } from '../suite.ts';
import { uncaughtInNode } from './uncaught-node.ts';

adapterSuite({
  name: `the WebSocket of Node ${process.versions.node}`,
  WebSocket: globalThis.WebSocket,
  shows: {},
  terminates: true,
  uncaught: uncaughtInNode,
});
