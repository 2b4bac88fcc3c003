/** A balancer, as it stands before nodes: whoever dials is handed to one of them by turns, and to the next one where that is gone. */
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

export interface Balancer {
  /** On 127.0.0.1. */
  readonly port: number;
  /** All lines break, and only the clients are told: at the nodes nothing comes any more, and what they say leads nowhere. */
  breakAtClients(): void;
  /** With all its lines. */
  close(): Promise<void>;
}

/** @param nodes their ports on 127.0.0.1 */
export async function balancer(nodes: readonly number[]): Promise<Balancer> {
  const living = [...nodes];
  const sockets = new Set<Socket>();
  const breaks = new Map<Socket, () => void>();

  function hand(client: Socket): void {
    const port = living.shift();
    if (port === undefined) return void client.destroy();
    living.push(port);
    const node = createConnection({ host: '127.0.0.1', port, noDelay: true });
    hold(node);
    node.once('connect', () => {
      node.off('error', next);
      join(client, node);
    });
    node.once('error', next);

    function next(): void {
      living.splice(living.indexOf(port!), 1);
      hand(client);
    }
  }

  function join(client: Socket, node: Socket): void {
    const hangUp = () => void node.destroy();
    client.pipe(node, { end: false });
    node.pipe(client);
    client.once('close', hangUp);
    node.once('close', () => client.destroy());
    breaks.set(client, () => {
      client.off('close', hangUp);
      node.unpipe(client);
      node.resume();
      client.resetAndDestroy();
    });
    client.once('close', () => breaks.delete(client));
  }

  function hold(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  }

  const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
    hold(client);
    hand(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    breakAtClients() {
      for (const each of breaks.values()) each();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
