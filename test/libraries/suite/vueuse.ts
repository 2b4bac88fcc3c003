import { plain } from '../../../adapters/protocols/plain.ts';
import { besideWindow } from '../beside-window.ts';
import type { Library } from '../library.ts';
import { standIn } from '../stand-in.ts';

export const vueuse: Library = {
  packages: ['@vueuse/core', 'vue'],
  server: () => import('../servers/plain.ts'),
  dialect: plain,
  async use({ url, WebSocket, redial, keepAlive, hear, onEnd }) {
    standIn(url, WebSocket);
    await besideWindow();
    const [{ useWebSocket }, { effectScope }] = await Promise.all([import('@vueuse/core'), import('vue')]);
    const scope = effectScope();
    scope.run(() =>
      useWebSocket<string>(url, {
        autoReconnect: redial === undefined || { delay: redial },
        ...(keepAlive !== undefined && {
          heartbeat: {
            responseMessage: 'pong',
            scheduler: (beat) => {
              const beats = setInterval(() => beat(), keepAlive);
              return { isActive: { value: true }, pause: () => clearInterval(beats), resume: () => {} } as never;
            },
          },
        }),
        onConnected: (socket) => socket.send('"subscribe"'),
        onMessage: (_, { data }) => hear(Number(data)),
      }),
    );
    onEnd(() => scope.stop());
  },
};
