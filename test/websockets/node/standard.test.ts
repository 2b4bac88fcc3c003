/** The drop-in class above npm `ws`, and above the class built into Node. */
import { HeartbeatWebSocket } from '../../../adapters/drop-in.ts';
import { interfaceSuite } from '../interface.ts';
import { standardSuite } from '../standard.ts';
import { runtime } from './runtime.ts';
import { uncaughtInNode } from './uncaught-node.ts';

standardSuite({
  name: `HeartbeatWebSocket on npm ws on ${runtime}`,
  WebSocket: HeartbeatWebSocket.with({ retries: 0 }),
  hasBase: false,
  uncaught: uncaughtInNode,
});
standardSuite({
  name: `HeartbeatWebSocket on the WebSocket of ${runtime}`,
  WebSocket: HeartbeatWebSocket.with({ retries: 0, WebSocket: globalThis.WebSocket }),
  hasBase: false,
  namesUser: !('deno' in process.versions),
  uncaught: uncaughtInNode,
});

interfaceSuite(`HeartbeatWebSocket on ${runtime}`, HeartbeatWebSocket, true);
interfaceSuite(`HeartbeatWebSocket.with({ retries: 0 }) on ${runtime}`, HeartbeatWebSocket.with({ retries: 0 }));
interfaceSuite(
  `HeartbeatWebSocket.with({ retries: 0 }) on the WebSocket of ${runtime}`,
  HeartbeatWebSocket.with({ retries: 0, WebSocket: globalThis.WebSocket }),
);
