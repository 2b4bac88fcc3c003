/**
 * The control: a WebSocket of `ws` with no heart, which tells what it is fired. `node bare-client.mjs URL`.
 */
import { WebSocket } from 'ws';

import { onCommand, say } from './say.mjs';

const socket = new WebSocket(process.argv[2]);
for (const name of ['open', 'close', 'error']) socket.on(name, () => say(name));

onCommand({ ask: () => say('answer', { readyState: socket.readyState }) });
