import mqtt from 'mqtt';

import { mqtt as dialect } from '../../../adapters/protocols/mqtt.ts';
import type { Library } from '../library.ts';

export const mqttJs: Library = {
  packages: ['mqtt'],
  server: () => import('../servers/mqtt.ts'),
  dialect,
  use({ url, WebSocket, redial, keepAlive, hear, onEnd }) {
    const client = mqtt.connect(url, {
      // On Node it would want the streams of npm `ws`.
      forceNativeWebSocket: true,
      createWebsocket: (address, protocols) => new WebSocket(address, protocols),
      ...(redial !== undefined && { reconnectPeriod: redial }),
      // Whole seconds.
      ...(keepAlive !== undefined && { keepalive: Math.ceil(keepAlive / 1_000) }),
    });
    client.on('error', () => {});
    client.on('connect', () => client.subscribe('news'));
    client.on('message', (_, payload) => hear(Number(payload.toString())));
    onEnd(() => client.endAsync(true));
  },
};
