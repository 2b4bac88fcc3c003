/** A server behind a cable, both gone with the test. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';
import { type ServerOptions, WebSocketServer } from 'ws';

import type { HeartbeatWebSocketOptions } from '../../adapters/drop-in.options.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import type { Protocol } from '../../adapters/protocols/protocol.ts';
import { type FaultProxy, faultProxy } from '../kit/fault-proxy.ts';

export interface Cabled {
  readonly cable: FaultProxy;
  /** `ws://127.0.0.1:PORT`, by way of the cable. */
  readonly url: string;
}

export async function cabled(serve: (server: WebSocketServer) => void, options: ServerOptions = {}): Promise<Cabled> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  server.on('connection', (socket) => socket.on('error', () => {}));
  serve(server);
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  return cableTo((server.address() as AddressInfo).port);
}

export async function cableTo(port: number): Promise<Cabled> {
  const cable = await faultProxy(port);
  onTestFinished(() => cable.close());
  return { cable, url: `ws://127.0.0.1:${cable.port}` };
}

/** For a line that is to be found dead soon. */
export const quick = { interval: 300, timeout: 300 };
/** For one that is asked often, and never given up. */
export const eager = { interval: 100, timeout: 20_000 };

/** The class as a library is given it. */
export function beneath(
  protocol: Protocol,
  heartbeat: NonNullable<HeartbeatWebSocketOptions['heartbeat']>,
): typeof WebSocket {
  return HeartbeatWebSocket.with({ retries: 0, protocol, heartbeat });
}
