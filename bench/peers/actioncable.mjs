import { adapters, ConnectionMonitor, createConsumer } from '@rails/actioncable';

import { PlainWebSocket } from './global-class.mjs';
import { serveActionCable } from './servers/actioncable.mjs';

// It listens for its page to be shown.
globalThis.addEventListener ??= () => {};
globalThis.removeEventListener ??= () => {};

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: '@rails/actioncable',
  hasHeart: true,
  takesClass: true,
  carries: ['text'],
  remark: 'its server beats; what is sent without a line is lost',
  serve: serveActionCable,
  async dial({ url, heartbeat, WebSocket = PlainWebSocket, onOpen, onMessage }) {
    // Both are the same for all of a process.
    adapters.WebSocket = WebSocket;
    if (heartbeat) ConnectionMonitor.staleThreshold = (heartbeat.interval + heartbeat.timeout) / 1_000;
    const consumer = createConsumer(url);
    const room = consumer.subscriptions.create('Room', {
      connected: () => onOpen?.(),
      received: ({ text }) => onMessage?.(text),
    });
    return { send: (text) => void room.send({ text }), end: () => consumer.disconnect() };
  },
};
