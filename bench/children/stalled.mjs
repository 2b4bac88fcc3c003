/** Asks for a topic and then does not read: `node stalled.mjs URL TOPIC`. Says when it has stopped. */
import { WebSocket } from 'ws';

import { say } from '../../test/helpers/children/say.mjs';
import { isWord } from './frames.mjs';

const [url, topic] = process.argv.slice(2);
const socket = new WebSocket(url, { perMessageDeflate: false });
socket.on('open', () => socket.send(`~s ${JSON.stringify([[topic, null, null]])}`));
socket.on('message', (frame) => {
  if (!isWord(frame, '=')) return;
  socket.pause();
  say('stalled');
});
// A socket that is paused holds nothing up.
setInterval(() => {}, 1_000);
