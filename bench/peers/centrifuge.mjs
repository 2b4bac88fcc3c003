import { Centrifuge } from 'centrifuge';

import { PlainWebSocket } from './global-class.mjs';
import { serveCentrifuge } from './servers/centrifuge.mjs';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'centrifuge',
  hasHeart: true,
  takesClass: true,
  carries: ['text'],
  remark: 'its server beats, in whole seconds',
  serve: serveCentrifuge,
  async dial({ url, heartbeat, WebSocket = PlainWebSocket, onOpen, onMessage }) {
    const client = new Centrifuge(url, {
      websocket: WebSocket,
      ...(heartbeat && { maxServerPingDelay: heartbeat.timeout }),
    });
    const room = client.newSubscription('room');
    room.on('subscribed', () => onOpen?.());
    room.on('publication', ({ data }) => onMessage?.(data));
    room.subscribe();
    client.connect();
    return {
      // It waits five seconds for a line.
      send: (text) => void client.send(text).catch(() => {}),
      end: () => client.disconnect(),
    };
  },
};
