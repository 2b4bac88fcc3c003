/**
 * A TCP proxy on loopback whose cable can be pulled: both ends stay open and hear nothing. It can also be slow.
 */
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

export interface FaultProxy {
  /** The port on 127.0.0.1 at which the proxy listens. */
  readonly port: number;
  /** Connections that have been accepted and not gone on both sides. */
  readonly links: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  readonly isPulled: boolean;
  /** Ms that bytes take from one end to the other, jitter aside. */
  readonly delayed: number;
  /**
   * From now on nothing passes, in either direction: no byte, no FIN, no RST. New connections are accepted and hang, as behind a dead router.
   */
  pull(): void;
  /** All that was held back passes, as TCP would send it again. */
  plug(): void;
  /**
   * From now on all that passes takes `ms` longer, in each direction, and keeps its order: a round trip takes twice that. What is under way
   * already arrives when it would have. 0: none.
   */
  delay(ms: number, options?: DelayOptions): void;
  /** Ends every link with a reset. */
  reset(): void;
  /** Stops listening and ends every link. */
  close(): Promise<void>;
}

export interface DelayOptions {
  /** Up to so many ms more, for each piece its own. Default 0. */
  jitter?: number;
  /** 0 ≤ x < 1. Default `Math.random`. */
  random?: () => number;
}

/** A proxy to `target`, a port on 127.0.0.1. @param port where to listen; default any free one */
export async function faultProxy(target: number, port = 0): Promise<FaultProxy> {
  const links = new Set<Link>();
  let isPulled = false;
  let accepted = 0;
  let delayed = 0;
  let delay = () => 0;
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    accepted += 1;
    const link = new Link({ client, target, delay: () => delay(), gone: () => links.delete(link) });
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
    get delayed() {
      return delayed;
    },
    delay(ms, { jitter = 0, random = Math.random } = {}) {
      delayed = ms;
      delay = () => ms + jitter * random();
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

interface Ends {
  client: Socket;
  /** A port on 127.0.0.1. */
  target: number;
  /** Ms that what leaves one end now takes to the other. */
  delay: () => number;
  /** Called when neither end is there any more. */
  gone: () => void;
}

/** One connection through the proxy: the client's socket, and ours to the target once there is a cable to reach it. */
class Link {
  readonly #ends: Ends;
  readonly #toServer: Lane;
  readonly #toClient: Lane;
  #server: Socket | undefined;

  constructor(ends: Ends) {
    this.#ends = ends;
    this.#toServer = new Lane(ends.delay);
    this.#toClient = new Lane(ends.delay);
    this.#watch(ends.client, this.#toServer, () => this.#server);
  }

  pull(): void {
    this.#ends.client.pause();
    this.#server?.pause();
    this.#toServer.pull();
    this.#toClient.pull();
  }

  plug(): void {
    const { client, target: port } = this.#ends;
    if (this.#server === undefined) {
      this.#server = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true });
      this.#watch(this.#server, this.#toClient, () => client);
    }
    client.resume();
    this.#server.resume();
    this.#toServer.plug();
    this.#toClient.plug();
  }

  reset(): void {
    this.#ends.client.resetAndDestroy();
    this.#server?.resetAndDestroy();
  }

  #watch(socket: Socket, lane: Lane, other: () => Socket | undefined): void {
    socket.setNoDelay(true);
    socket.on('data', (bytes) => lane.carry(() => void other()?.write(bytes)));
    socket.on('end', () => lane.carry(() => void other()?.end()));
    socket.on('error', () => lane.carry(() => other()?.resetAndDestroy()));
    socket.on('close', () => {
      // An end that went away without a word takes the other with it, once it can be told.
      lane.carry(() => other()?.destroySoon());
      if (!this.#ends.client.destroyed || this.#server?.destroyed === false) return;
      this.#toServer.stop();
      this.#toClient.stop();
      this.#ends.gone();
    });
  }
}

/** One direction of a link: what happens at one end is told to the other later, in the same order, and not while the cable is pulled. */
class Lane {
  readonly #delay: () => number;
  #underWay: { due: number; tell: () => void }[] = [];
  #isPulled = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(delay: () => number) {
    this.#delay = delay;
  }

  carry(tell: () => void): void {
    this.#underWay.push({ due: performance.now() + this.#delay(), tell });
    this.#arrive();
  }

  pull(): void {
    this.#isPulled = true;
    clearTimeout(this.#timer);
  }

  plug(): void {
    this.#isPulled = false;
    this.#arrive();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#underWay = [];
  }

  #arrive(): void {
    clearTimeout(this.#timer);
    if (this.#isPulled) return;
    // Nothing overtakes what left before it, though it be due.
    for (let next = this.#underWay[0]; next !== undefined; next = this.#underWay[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#arrive(), wait);
        return;
      }
      this.#underWay.shift();
      next.tell();
    }
  }
}
