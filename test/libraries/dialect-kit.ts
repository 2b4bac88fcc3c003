/**
 * What the tests of dialects beneath libraries share: a server behind a cable, the class with a dialect, and what is counted of both.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { onTestFinished } from 'vitest';
import { type ServerOptions, WebSocketServer } from 'ws';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import type { Protocol } from '../../adapters/protocols/protocol.ts';
import { type FaultProxy, faultProxy } from '../kit/fault-proxy.ts';

export interface Stage {
  /** By way of the cable. */
  readonly url: string;
  readonly cable: FaultProxy;
}

/** A server behind a cable, both gone with the test. */
export async function setUp(serve: (server: WebSocketServer) => void, options: ServerOptions = {}): Promise<Stage> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  server.on('connection', (socket) => socket.on('error', () => {}));
  serve(server);
  await once(server, 'listening');
  const cable = await faultProxy((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await cable.close();
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `ws://127.0.0.1:${cable.port}`, cable };
}

export interface Heart {
  /** For a library that makes its own sockets. */
  readonly Class: typeof WebSocket;
  /** How often the dialect has asked. */
  readonly asked: number;
}

/** The class with a dialect, as libraries get it. */
export function heartWith(dialect: Protocol, heartbeat = { interval: 500, timeout: 1_500 }): Heart {
  let asked = 0;
  const session: Protocol['session'] = (visitor) => {
    const its = dialect.session(visitor);
    const probe = its.probe?.bind(its);
    return Object.assign(its, {
      probe(again?: boolean) {
        const answer = probe?.(again);
        if (answer?.write !== undefined) asked += 1;
        return answer;
      },
    });
  };
  return {
    Class: HeartbeatWebSocket.with({
      retries: 0,
      protocol: { ...dialect, session },
      heartbeat,
    }),
    get asked() {
      return asked;
    },
  };
}

/** Asks less often than the library does, and is never the one to leave. */
export const patient = { interval: 250, timeout: 10_000 };
/** How often a library has to have been answered above a healthy line, and how long it waits for each, ms: longer altogether than it would have waited. */
export const healthy = { beats: 140, pause: 100, patience: 3_000 };
