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
  remark: 'loses: when it has missed two of the pings it dials at once, but after a `close` it first waits six seconds',
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
