import Pusher, { type Options } from 'pusher-js';

import { pusher as dialect } from '../../../adapters/protocols/pusher.ts';
import type { Library } from '../library.ts';
import { standIn } from '../stand-in.ts';

export const pusher: Library = {
  packages: ['pusher-js'],
  server: () => import('../servers/pusher.news.ts'),
  dialect,
  mustNotBeRefused: true,
  remark: 'asks when it has heard nothing for the 120 s that its server states, and waits 30 s for the answer',
  use({ url, WebSocket, keepAlive, hear, onEnd }) {
    standIn(url, WebSocket);
    // On Node it brings a WebSocket of its own.
    Pusher.Runtime.getWebSocketAPI = () => globalThis.WebSocket as never;
    const client = new Pusher('key', {
      ...optionsFor(url),
      ...(keepAlive !== undefined && { activityTimeout: keepAlive, pongTimeout: 2_000 }),
    });
    client.subscribe('room').bind('news', hear);
    onEnd(() => client.disconnect());
  },
};

/** A server of one's own, by WebSocket alone. */
export function optionsFor(url: string): Options {
  const { hostname, port } = new URL(url);
  return {
    cluster: '',
    wsHost: hostname,
    wsPort: Number(port),
    forceTLS: false,
    enabledTransports: ['ws'],
    disableStats: true,
  };
}
