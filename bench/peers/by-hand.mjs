/** What many write: an interval that pings, and a dial a second after `close`. As careful as fifteen lines are: it does not wait for `close`. */
import { WebSocket } from 'ws';

import { servePlain } from './servers/plain.mjs';

/** @type {import('./peer.d.ts').Peer} */
export const peer = {
  hasHeart: true,
  takesClass: false,
  carries: ['text', 'binary'],
  serve: servePlain,
  async dial({ url, heartbeat: { interval, timeout } = { interval: 25_000, timeout: 10_000 }, onOpen, onMessage }) {
    let socket, beats, doubt, redial;
    function connect() {
      socket = new WebSocket(url, { perMessageDeflate: false });
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => {
        beats = setInterval(() => {
          socket.send('ping');
          doubt ??= setTimeout(() => socket.terminate(), timeout);
        }, interval);
        onOpen?.();
      };
      socket.onmessage = ({ data }) => {
        clearTimeout(doubt);
        doubt = undefined;
        if (data !== 'pong') onMessage?.(data);
      };
      socket.onclose = () => {
        clearInterval(beats);
        clearTimeout(doubt);
        doubt = undefined;
        redial = setTimeout(connect, 1_000);
      };
      socket.onerror = () => {};
    }
    connect();
    return {
      send(payload) {
        if (socket.readyState === WebSocket.OPEN) socket.send(payload);
      },
      end() {
        socket.onclose = null;
        clearInterval(beats);
        clearTimeout(doubt);
        clearTimeout(redial);
        socket.terminate();
      },
    };
  },
};
