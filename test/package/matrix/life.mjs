/** A process that lives and ends: `life.mjs URL connect|HeartbeatWebSocket default|own`. */
import { live } from './live.mjs';

const [url, door, which] = process.argv.slice(2);

void live(door, url, console.log, which === 'own' ? { WebSocket: globalThis.WebSocket } : {});
