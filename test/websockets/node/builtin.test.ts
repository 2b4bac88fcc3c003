import { adapterSuite } from '../suite.ts';
import { runtime } from './runtime.ts';
import { uncaughtInNode } from './uncaught-node.ts';

adapterSuite({
  name: `the WebSocket of ${runtime}`,
  WebSocket: globalThis.WebSocket,
  shows: 'bun' in process.versions ? { controlFrames: true } : {},
  terminates: !('deno' in process.versions),
  lingers: !('deno' in process.versions),
  uncaught: uncaughtInNode,
});
