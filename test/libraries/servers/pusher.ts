/**
 * Pusher Channels as a server speaks it, protocol 7 (https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/), with public channels.
 */
import type { WebSocket, WebSocketServer } from 'ws';

export interface PusherServerOptions {
  /** Seconds. */
  activityTimeout?: number;
  /** True: nobody is let in; the code says so. */
  refuse?: { code: number; message: string };
}

export class PusherServer {
  readonly #channels = new Map<WebSocket, Set<string>>();
  readonly #options: PusherServerOptions;
  #count = 0;
  /** Pings that were answered, and pongs that came. */
  pings = 0;
  pongs = 0;

  constructor(options: PusherServerOptions = {}) {
    this.#options = options;
  }

  readonly serve = (server: WebSocketServer): void => {
    server.on('connection', (socket) => {
      const { activityTimeout = 120, refuse } = this.#options;
      if (refuse !== undefined) {
        say(socket, 'pusher:error', refuse);
        socket.close(refuse.code, refuse.message);
        return;
      }
      const channels = new Set<string>();
      this.#channels.set(socket, channels);
      socket.on('close', () => this.#channels.delete(socket));
      socket.on('message', (data) => this.#hear(socket, channels, JSON.parse((data as Buffer).toString()) as Said));
      const socketId = `${process.pid}.${(this.#count += 1)}`;
      const established = { socket_id: socketId, activity_timeout: activityTimeout };
      say(socket, 'pusher:connection_established', JSON.stringify(established));
    });
  };

  /** To all that have subscribed to it. */
  trigger(channel: string, event: string, data: unknown): void {
    for (const [socket, channels] of this.#channels) {
      if (channels.has(channel)) say(socket, event, JSON.stringify(data), channel);
    }
  }

  /** Asks every client. */
  ping(): void {
    for (const socket of this.#channels.keys()) say(socket, 'pusher:ping', {});
  }

  #hear(socket: WebSocket, channels: Set<string>, { event, data }: Said): void {
    switch (event) {
      case 'pusher:ping':
        this.pings += 1;
        return say(socket, 'pusher:pong', {});
      case 'pusher:pong':
        this.pongs += 1;
        return;
      case 'pusher:subscribe':
        channels.add(data.channel);
        return say(socket, 'pusher_internal:subscription_succeeded', '{}', data.channel);
      case 'pusher:unsubscribe':
        channels.delete(data.channel);
    }
  }
}

interface Said {
  event: string;
  data: { channel: string };
}

function say(socket: WebSocket, event: string, data: unknown, channel?: string): void {
  socket.send(JSON.stringify({ event, channel, data }));
}
