/**
 * What stands in front of several nodes, as a balancer of TCP does: each link is led to where links are led when it comes.
 */
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

const options = { allowHalfOpen: true, noDelay: true };

export class Front {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: () => number | undefined) {
    this.#server = createServer(options, (client) => {
      const port = target();
      if (port === undefined) client.resetAndDestroy();
      else this.#lead(client, port);
    });
  }

  /** @param target a port of this machine; undefined: nobody is there */
  static async open(target: () => number | undefined): Promise<Front> {
    const front = new Front(target);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #lead(client: Socket, port: number): void {
    const node = createConnection({ ...options, port, host: '127.0.0.1' });
    this.#join(client, node);
    this.#join(node, client);
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => this.#sockets.delete(from));
  }
}
