import { plain } from '../../../adapters/protocols/plain.ts';
import { besideWindow } from '../beside-window.ts';
import type { Library } from '../library.ts';
import { standIn } from '../stand-in.ts';

export const reactUseWebSocket: Library = {
  packages: ['react-use-websocket', 'react'],
  server: () => import('../servers/plain.ts'),
  dialect: plain,
  async use({ url, WebSocket, redial, keepAlive, hear, onEnd }) {
    standIn(url, WebSocket);
    await besideWindow();
    const [{ createElement }, { createRoot }, library] = await Promise.all([
      import('react'),
      import('react-dom/client'),
      import('react-use-websocket'),
    ]);
    // Of a CommonJS package Node and bundlers make different things.
    const useWebSocket: typeof library.default = Object(library.default).default ?? library.default;
    const root = createRoot(document.createElement('div'));
    const News = () => {
      const { sendMessage } = useWebSocket(url, {
        onOpen: () => sendMessage('"subscribe"'),
        onMessage: ({ data }) => hear(Number(data)),
        shouldReconnect: () => true,
        retryOnError: true,
        reconnectAttempts: Infinity,
        ...(redial !== undefined && { reconnectInterval: redial }),
        ...(keepAlive !== undefined && {
          heartbeat: { message: 'ping', returnMessage: 'pong', interval: keepAlive, timeout: 2_000 },
        }),
      });
      return null;
    };
    root.render(createElement(News));
    onEnd(() => root.unmount());
  },
};
