import { once } from 'node:events';
/**
 * A TCP proxy on loopback whose cable can be pulled: both ends stay open and hear nothing.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';

export interface FaultProxy {
  /** The port on 127.0.0.1 at which the proxy listens. */
  readonly port: number;
  /** Connections that have been accepted and not gone on both sides. */
  readonly links: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  readonly isPulled: boolean;
  /**
   * From now on nothing passes, in either direction: no byte, no FIN, no RST. New connections are accepted and hang, as behind a dead router.
   */
  pull(): void;
  /** All that was held back passes, as TCP would send it again. */
  plug(): void;
  /** Ends every link with a reset. */
  reset(): void;
  /** Stops listening and ends every link. */
  close(): Promise<void>;
}

/** A proxy to `target`, a port on 127.0.0.1. @param port where to listen; default any free one */
export async function faultProxy(target: number, port = 0): Promise<FaultProxy> {
  const links = new Set<Link>();
  let isPulled = false;
  let accepted = 0;
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    accepted += 1;
    const link = new Link(client, target, () => links.delete(link));
    links.add(link);
    if (!isPulled) link.plug();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    get links() {
      return links.size;
    },
    get accepted() {
      return accepted;
    },
    get isPulled() {
      return isPulled;
    },
    pull() {
      isPulled = true;
      for (const link of links) link.pull();
    },
    plug() {
      isPulled = false;
      for (const link of links) link.plug();
    },
    reset() {
      for (const link of links) link.reset();
    },
    async close() {
      server.close();
      for (const link of links) link.reset();
      await once(server, 'close');
    },
  };
}

/** One connection through the proxy: the client's socket, and ours to the target once there is a cable to reach it. */
class Link {
  readonly #client: Socket;
  readonly #target: number;
  readonly #gone: () => void;
  #server: Socket | undefined;
  #isPulled = true;
  /** What happened at one end while the cable was pulled, to be told to the other when it is plugged. */
  #late: (() => void)[] = [];

  constructor(client: Socket, target: number, gone: () => void) {
    this.#client = client;
    this.#target = target;
    this.#gone = gone;
    this.#watch(client, () => this.#server);
  }

  pull(): void {
    this.#isPulled = true;
    this.#client.pause();
    this.#server?.pause();
  }

  plug(): void {
    this.#isPulled = false;
    if (this.#server === undefined) {
      this.#server = createConnection({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true });
      this.#watch(this.#server, () => this.#client);
    }
    this.#client.resume();
    this.#server.resume();
    const late = this.#late;
    this.#late = [];
    for (const tell of late) tell();
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server?.resetAndDestroy();
  }

  #watch(socket: Socket, other: () => Socket | undefined): void {
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#tell(() => void other()?.write(bytes)));
    socket.on('end', () => this.#tell(() => void other()?.end()));
    socket.on('error', () => this.#tell(() => other()?.resetAndDestroy()));
    socket.on('close', () => {
      // An end that went away without a word takes the other with it, once it can be told.
      this.#tell(() => other()?.destroySoon());
      if (this.#client.destroyed && (this.#server?.destroyed ?? true)) this.#gone();
    });
  }

  #tell(what: () => void): void {
    if (this.#isPulled) this.#late.push(what);
    else what();
  }
}
