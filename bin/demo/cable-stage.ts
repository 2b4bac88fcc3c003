/**
 * What the demo is played on, all of it on loopback: a push server, a cable that can be pulled in front of it, and a client that dials
 * through the cable.
 */
import { WebSocket } from 'ws';

import { connect, type Connection, type ConnectOptions, detectionBound } from '../../adapters/index.ts';
import { type FaultProxy, faultProxy } from '../../test/kit/index.ts';
import { PushServer } from '../push-server.ts';

export interface Stage {
  readonly heartbeat: { interval: number; timeout: number };
  readonly cable: Omit<FaultProxy, 'links' | 'accepted' | 'close'>;
  readonly server: Omit<PushServer, 'close'>;
  /** Close events that the client's sockets have fired so far. */
  readonly closeEvents: number;
  /** Called when clients come and go; the answer undoes it. */
  onClients(listener: () => void): () => void;
  dial(): Connection;
  close(): Promise<void>;
}

/**
 * @param port of the cable; 0: any free one
 * @param inspect hears the machines of all connections that are dialled
 */
export async function openStage(
  heartbeat: Stage['heartbeat'],
  port: number,
  inspect?: ConnectOptions['inspect'],
): Promise<Stage> {
  const listeners = new Set<() => void>();
  let closeEvents = 0;
  let clients = 0;
  class WitnessedWebSocket extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      this.on('close', () => (closeEvents += 1));
    }
  }
  const server = await PushServer.open({
    port: 0,
    silence: 3 * detectionBound(heartbeat),
    nextId: () => `client-${(clients += 1)}`,
    hear: () => {
      for (const listener of listeners) listener();
    },
  });
  const cable = await faultProxy(server.port, port).catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  return {
    heartbeat,
    cable,
    server,
    get closeEvents() {
      return closeEvents;
    },
    onClients(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dial: () => connect(`ws://127.0.0.1:${cable.port}`, { heartbeat, WebSocket: WitnessedWebSocket, inspect }),
    async close() {
      await cable.close();
      await server.close();
    },
  };
}
