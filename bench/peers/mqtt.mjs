import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import { createWebSocketStream } from 'ws';

import { overWs } from './servers/over.mjs';

/** A payload is bytes; which of both they were is told by the topic. */
const topicOf = (way, payload) => `${way}/${typeof payload === 'string' ? 'text' : 'binary'}`;
const payloadAt = (topic, bytes) => (topic.endsWith('/text') ? bytes.toString() : bytes);

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  package: 'mqtt',
  hasHeart: true,
  takesClass: true,
  carries: ['text', 'binary'],
  remark: 'beats in whole seconds, and gives up after one and a half of them',
  serve: (options) =>
    overWs(
      async (room, server) => {
        const broker = await Aedes.createBroker();
        const leave = new Map();
        broker.on('subscribe', (_, client) => {
          const tell = (payload) => client.publish({ topic: topicOf('down', payload), payload, qos: 0 }, () => {});
          leave.set(client, room.enter(tell));
        });
        broker.on('clientDisconnect', (client) => {
          leave.get(client)?.();
          leave.delete(client);
        });
        broker.on('publish', ({ topic, payload }, client) => {
          if (client) room.onMessage(payloadAt(topic, payload));
        });
        server.on('connection', (socket) => {
          const stream = createWebSocketStream(socket);
          stream.on('error', () => {});
          broker.handle(stream);
        });
        return () => new Promise((resolve) => broker.close(resolve));
      },
      options,
      { handleProtocols: () => 'mqtt' },
    ),
  async dial({ url, heartbeat, WebSocket, onOpen, onMessage }) {
    const client = mqtt.connect(url, {
      // Done below, to know when it is.
      resubscribe: false,
      ...(heartbeat && { keepalive: Math.ceil(heartbeat.interval / 1_000) }),
      // On Node it stands on the streams of npm `ws`, unless told otherwise.
      ...(WebSocket && {
        forceNativeWebSocket: true,
        createWebsocket: (address, protocols) => new WebSocket(address, protocols),
      }),
    });
    client.on('error', () => {});
    client.on('connect', () => {
      client.subscribe('down/#', (error) => {
        if (!error) onOpen?.();
      });
    });
    client.on('message', (topic, bytes) => onMessage?.(payloadAt(topic, bytes)));
    return {
      send(payload) {
        client.publish(topicOf('up', payload), typeof payload === 'string' ? payload : Buffer.from(payload));
      },
      end: () => void client.end(true),
    };
  },
};
