/** Our class, as it is put beneath a library (docs/WEBSOCKET.md), which dials again by itself. Of the built package. */
import { HeartbeatWebSocket } from '../../dist/adapters/index.websocket.js';

/** @param {import('./peer.d.ts').Heartbeat | undefined} heartbeat default: the class's own */
export const oursBeneath = (heartbeat) => HeartbeatWebSocket.with({ retries: 0, ...(heartbeat && { heartbeat }) });
