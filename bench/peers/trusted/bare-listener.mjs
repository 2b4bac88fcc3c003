/** What listeners over bare `ws` have in common, whatever they speak (`way.d.ts`). */
import { once } from 'node:events';

import { WebSocket } from 'ws';

export class BareListener {
  socket;
  open;
  onMessage;
  heard = new Promise((resolve) => {
    this.onMessage = (frame) => {
      this.keep(frame);
      resolve();
    };
  });

  /** @param {(frame: Buffer) => void} keep what is to be known of the first message, to ask for what follows */
  constructor(url, keep) {
    this.keep = keep;
    this.socket = new WebSocket(url, { perMessageDeflate: false });
    // The server speaks first: a handshake, a welcome.
    this.open = once(this.socket, 'message');
  }

  /** Asks. Resolves when it has heard so many. */
  hearAfter(request, count) {
    this.socket.send(request);
    return new Promise((resolve) => {
      let left = count;
      this.onMessage = () => {
        left -= 1;
        if (left === 0) resolve();
      };
    });
  }

  leave() {
    this.socket.terminate();
  }
}
