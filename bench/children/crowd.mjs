/**
 * Many who listen and do nothing else: `node crowd.mjs LISTENERS MESSAGES BARE_URL PUSH_URL`, so many at each server; at the second to the topic `crowd`. Says
 * `ready` when all of them listen, and `heard` after so many messages to all of them together, which are `x…`. Ends with the server.
 */
import { WebSocket } from 'ws';

import { isMessage, isWord } from './frames.mjs';

const [listeners, messages, bareUrl, pushUrl] = process.argv.slice(2);
const letterX = 'x'.charCodeAt(0);

let left = Number(messages);

function hear(socket) {
  left -= 1;
  if (left > 0) return;
  left = Number(messages);
  socket.send('heard');
}

/** Once they listen. */
const ways = {
  [bareUrl]: (socket, listens) => {
    socket.on('open', listens);
    socket.on('message', (frame) => {
      if (frame[0] === letterX) hear(socket);
    });
  },
  [pushUrl]: (socket, listens) => {
    socket.on('open', () => socket.send('~s [["crowd",null,null]]'));
    socket.on('message', (frame) => {
      if (isMessage(frame)) hear(socket);
      else if (isWord(frame, '=')) listens();
    });
  },
};

let last;
for (const [url, listen] of Object.entries(ways)) {
  for (let i = 0; i < Number(listeners); i += 1) {
    last = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true });
    await new Promise((resolve) => {
      listen(last, resolve);
    });
  }
}
last.send('ready');
