/** The drop-in class in Firefox. */
import { HeartbeatWebSocket } from '../../../adapters/drop-in.ts';
import { uncaughtInPage } from '../browser/uncaught-page.ts';
import { interfaceSuite } from '../interface.ts';
import { standardSuite } from '../standard.ts';

const name = 'HeartbeatWebSocket in Firefox';
const Ours = HeartbeatWebSocket.with({ retries: 0 });

standardSuite({ name, WebSocket: Ours, hasBase: true, uncaught: uncaughtInPage });
interfaceSuite(name, Ours);
