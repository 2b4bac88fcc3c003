declare module 'phoenix' {
  export class Socket {
    constructor(url: string, options: object);
    connect(): void;
    disconnect(): void;
    channel(topic: string): Channel;
    onMessage(hear: (message: Record<string, unknown>) => void): void;
  }

  interface Channel {
    on<T>(event: string, hear: (payload: T) => void): void;
    join(): { receive(status: string, hear: () => void): unknown };
  }
}
