declare module 'phoenix' {
  export class Socket {
    constructor(url: string, options: object);
    connect(): void;
    disconnect(): void;
    channel(topic: string): Channel;
    onMessage(hear: (message: Record<string, unknown>) => void): void;
  }

  interface Channel {
    on(event: string, hear: (payload: { news: number }) => void): void;
    join(): { receive(status: string, hear: () => void): unknown };
  }
}

declare module '@rails/actioncable' {
  export const adapters: { WebSocket: typeof WebSocket };
  export const ConnectionMonitor: { staleThreshold: number };
  export function createConsumer(url: string): {
    connection: { monitor: { pingedAt: number; reconnectAttempts: number; isRunning(): boolean } };
    subscriptions: { create(channel: string, hear: object): unknown };
    disconnect(): void;
  };
}
