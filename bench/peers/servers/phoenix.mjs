/**
 * As much of Phoenix channels as a client of one channel needs, as version 2.0.0 of its serializer has it
 * (https://hexdocs.pm/phoenix/writing_a_channels_client.html, and `Phoenix.Socket.V2.JSONSerializer` for what is binary).
 */
import { overWs, payloadOf } from './over.mjs';

/** The first byte of what is binary. */
const kinds = { push: 0, broadcast: 2 };

/** @param {import('../peer.d.ts').ServeOptions} options */
export const servePhoenix = (options) =>
  overWs((room, server) => {
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => {
        const { joinRef, ref, topic, event, payload } = isBinary ? pushIn(data) : messageIn(data);
        if (event === 'say') room.onMessage(isBinary ? payload : payload.text);
        socket.send(JSON.stringify([joinRef, ref, topic, 'phx_reply', { status: 'ok', response: {} }]));
        if (event !== 'phx_join') return;
        socket.on(
          'close',
          room.enter((said) => socket.send(broadcastOf(topic, 'said', said))),
        );
      });
    });
  }, options);

function messageIn(data) {
  const [joinRef, ref, topic, event, payload] = JSON.parse(payloadOf(data, false));
  return { joinRef, ref, topic, event, payload };
}

function pushIn(data) {
  let at = 5;
  const word = (length) => data.toString('utf8', at, (at += length));
  if (data[0] !== kinds.push) throw new Error(`no client sends what begins with ${data[0]}`);
  const [joinRef, ref, topic, event] = [...data.subarray(1, 5)].map(word);
  return { joinRef, ref, topic, event, payload: data.subarray(at) };
}

function broadcastOf(topic, event, said) {
  if (typeof said === 'string') return JSON.stringify([null, null, topic, event, { text: said }]);
  return Buffer.concat([Buffer.of(kinds.broadcast, topic.length, event.length), Buffer.from(topic + event), said]);
}
