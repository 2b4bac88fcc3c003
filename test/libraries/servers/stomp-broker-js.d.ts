declare module 'stomp-broker-js' {
  import type { EventEmitter } from 'node:events';
  import type { Server } from 'node:http';

  export default class StompServer extends EventEmitter {
    constructor(config: { server: Server; path: string; heartbeat: [number, number] });
    send(topic: string, headers: object, body: string): void;
  }
}
