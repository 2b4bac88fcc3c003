import { HttpTransportType, HubConnectionBuilder, type IHttpConnectionOptions, LogLevel } from '@microsoft/signalr';

import type { Library } from '../library.ts';

export const signalr: Library = {
  packages: ['@microsoft/signalr'],
  server: () => import('../servers/signalr.ts'),
  remark: 'both ends beat, every 15 s',
  async use({ url, WebSocket, redial, keepAlive, hear, onEnd }) {
    const connection = new HubConnectionBuilder()
      .withUrl(url.replace(/^ws/, 'http'), {
        transport: HttpTransportType.WebSockets,
        skipNegotiation: true,
        // Its types keep the option to themselves.
        WebSocket,
      } as IHttpConnectionOptions)
      // By default at once, then after 2, 10 and 30 s, and never again.
      .withAutomaticReconnect({
        nextRetryDelayInMilliseconds: ({ previousRetryCount }) =>
          redial ?? [0, 2_000, 10_000, 30_000][previousRetryCount] ?? 30_000,
      })
      .configureLogging(LogLevel.None)
      .build();
    if (keepAlive !== undefined) connection.keepAliveIntervalInMilliseconds = keepAlive;
    connection.on('news', hear);
    await connection.start();
    onEnd(() => connection.stop());
  },
};
