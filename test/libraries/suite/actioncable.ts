import { actionCable as dialect } from '../../../adapters/protocols/actioncable.ts';
import { besideWindow } from '../beside-window.ts';
import type { Library } from '../library.ts';
import { standIn } from '../stand-in.ts';

export const actionCable: Library = {
  packages: ['@rails/actioncable'],
  server: () => import('../servers/actioncable.ts'),
  dialect,
  mustNotBeRefused: true,
  isSlower: true,
  remark:
    'loses: by itself it dials at once when it has missed its pings, but after any `close` it waits six seconds first',
  async use({ url, WebSocket, hear, onEnd }) {
    await besideWindow();
    const { adapters, createConsumer } = await import('@rails/actioncable');
    standIn(url, WebSocket);
    adapters.WebSocket = globalThis.WebSocket;
    const consumer = createConsumer(url);
    consumer.subscriptions.create('News', { received: hear });
    onEnd(() => consumer.disconnect());
  },
};
