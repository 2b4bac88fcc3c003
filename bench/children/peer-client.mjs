/**
 * Clients of a library in a process of their own: `node peer-client.mjs PEER URL HEARTBEAT COUNT [systole]`, HEARTBEAT as JSON; `systole`: on
 * `HeartbeatWebSocket`. They dial one after the other, so that their beats are spread evenly. Says each time that one of them is in the room. The
 * server is `peer-server.mjs`.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { say } from '../../test/helpers/children/say.mjs';
import { peerOf } from '../peers/index.mjs';
import { oursBeneath } from '../peers/ours.mjs';

const [name, url, json, count, onSystole] = process.argv.slice(2);
const heartbeat = JSON.parse(json);
const peer = await peerOf(name);
const options = onSystole ? { WebSocket: oursBeneath(heartbeat) } : {};

for (let client = 0; client < Number(count); client += 1) {
  await peer.dial({ url, heartbeat, ...options, onOpen: () => say('open', { client }) });
  await sleep(heartbeat.interval / Number(count));
}
