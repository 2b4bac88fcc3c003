/**
 * A TCP proxy on loopback, and what can befall a line: it goes silent while both ends stay open, it is slow or narrow, it hands over piece by piece,
 * it breaks, it cannot be had.
 *
 * ```ts
 * const proxy = await faultProxy(server.port);
 * const connection = connect(`ws://127.0.0.1:${proxy.port}`);
 * proxy.silence(); // the cable is pulled: no socket fires `close`
 * proxy.heal();
 * proxy.links[0]?.delay(200); // the first client's line alone
 * await proxy.close();
 * ```
 */
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

import { check, type Rule } from '../../adapters/check.ts';
import {
  anyPort,
  type DelayOptions,
  type Direction,
  type Faults,
  FaultyLine,
  fromOne,
  healthy,
  isSilenced,
  type FaultSettings,
} from './faults.ts';

/** What else can be done to a line of TCP. */
export interface TcpFaults extends Faults {
  /**
   * From now on nothing passes in that direction: no byte, no FIN, no RST. Both ends stay open; what they send is held back, and when the buffers of
   * the system are full, they feel it. A dial is accepted and hangs, as behind a dead router, until neither direction is silenced: a handshake takes
   * both. `none`: what was held back passes, in order, as TCP would send it again; all other faults stay. Default `both`.
   */
  silence(direction?: Direction | 'none'): void;
  /**
   * From now on it takes `ms` from one end to the other: a round trip takes twice that, a dial no time. What is under way already arrives when it would
   * have; without delay or jitter, at once. No more than 16 MiB are under way in each direction: whoever sends more feels it.
   */
  delay(ms: number, options?: DelayOptions): void;
  /**
   * From now on all that passes is written in pieces of at most so many bytes, one in each turn of the event loop. Nothing keeps a reader in another
   * process, or one that is busy, from reading several at once. Infinity: as it comes.
   */
  slice(bytes: number): void;
  /** Ends the line, at both ends, with an RST. Neither silence nor delay holds it back; what is under way is lost. */
  reset(): void;
}

/** All links, those that are there and those to come; what is done to one link holds for it until the same is done to all. */
export interface FaultProxy extends TcpFaults {
  /** The port on 127.0.0.1 at which the proxy listens. */
  readonly port: number;
  /** Connections that have been accepted and not gone on both sides, oldest first. */
  readonly links: readonly FaultLink[];
  /** Connections accepted so far, refused and closed ones included. */
  readonly accepted: number;
  /**
   * From now on dials are refused: accepted by TCP, and reset before a byte was read. It is not ECONNREFUSED, for which the proxy would have to give up
   * its port, and could lose it. Links stay as they are. A dial that hangs in silence is refused when that is over.
   */
  refuse(): void;
  /** From now on dials are accepted and ended at once with a FIN; what they send is dropped. Links stay as they are. */
  acceptAndClose(): void;
  /** Dials reach the server, as in the beginning. */
  accept(): void;
  /** There is no fault any more, of any link, nor for dials. What was held back passes at once, in order. */
  heal(): void;
  /** Stops listening and resets every link. No socket and no timer is left. */
  close(): Promise<void>;
}

/** Whom a proxy stands before. */
export interface FaultTarget {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** One connection through the proxy. */
export interface FaultLink extends TcpFaults {
  /** Fulfilled when it is gone, on both sides. */
  readonly gone: Promise<void>;
}

/**
 * A proxy to `target`, a port on 127.0.0.1, or on another host. Where nobody listens there, links are reset.
 * @param port where to listen; default any free one
 * @throws {RangeError} for what is no port @throws {Error} where the port cannot be had
 */
export async function faultProxy(target: number | FaultTarget, port = 0): Promise<FaultProxy> {
  const far = typeof target === 'number' ? { host: '127.0.0.1', port: target } : target;
  const rules = { target: fromOne(65_535), host: hostName, port: anyPort };
  check({ target: far?.port ?? null, host: far?.host ?? null, port }, rules, 'faultProxy: ');
  const proxy = new LoopbackProxy(far);
  await proxy.listen(port);
  return proxy;
}

abstract class TcpLine extends FaultyLine implements TcpFaults {
  slice(bytes: number): void {
    check({ bytes: bytes ?? null }, { bytes: fromOne(Infinity) }, 'slice: ');
    this.adjust({ pieceSize: bytes });
  }
}

const hostName: Rule = (value) => (typeof value === 'string' && value !== '' ? undefined : 'a name or an address');

/** What becomes of a dial. */
type Welcome = 'accept' | 'refuse' | 'accept-and-close';

class LoopbackProxy extends TcpLine implements FaultProxy {
  readonly #links = new Set<Link>();
  readonly #server: Server;
  #welcome: Welcome = 'accept';
  #accepted = 0;
  #port = 0;

  constructor(target: FaultTarget) {
    super(healthy);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
      this.#accepted += 1;
      const link = new Link({ client, target, settings: this.settings, welcome: () => this.#welcome });
      this.#links.add(link);
      void link.gone.then(() => this.#links.delete(link));
    });
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get port(): number {
    return this.#port;
  }

  get links(): readonly FaultLink[] {
    return [...this.#links];
  }

  get accepted(): number {
    return this.#accepted;
  }

  refuse(): void {
    this.#welcome = 'refuse';
  }

  acceptAndClose(): void {
    this.#welcome = 'accept-and-close';
  }

  accept(): void {
    this.#welcome = 'accept';
  }

  override heal(): void {
    this.accept();
    super.heal();
  }

  override adjust(change: Partial<FaultSettings>): void {
    super.adjust(change);
    for (const link of this.#links) link.adjust(change);
  }

  reset(): void {
    for (const link of this.#links) link.reset();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.reset();
    await Promise.all([closed, ...this.links.map(({ gone }) => gone)]);
  }
}

interface LinkInput {
  client: Socket;
  target: FaultTarget;
  settings: FaultSettings;
  welcome: () => Welcome;
}

/** The client's socket, and ours to the target once there is a way to reach it. */
class Link extends TcpLine implements FaultLink {
  readonly gone: Promise<void>;
  readonly #input: LinkInput;
  readonly #sockets = new Set<Socket>();
  #lanes: readonly Lane[] = [];
  #isGone!: () => void;

  constructor(input: LinkInput) {
    super(healthy);
    this.gone = new Promise((resolve) => {
      this.#isGone = resolve;
    });
    this.#input = input;
    this.#hold(input.client);
    this.adjust(input.settings);
  }

  override adjust(change: Partial<FaultSettings>): void {
    super.adjust(change);
    const isNew = this.#lanes.length === 0 && this.#input.client.writable;
    if (isNew && this.silenced === 'none') this.#open();
    for (const lane of this.#lanes) lane.adjust(this.settings);
  }

  reset(): void {
    for (const socket of this.#sockets) cut(socket);
  }

  #open(): void {
    const { client, target, welcome } = this.#input;
    switch (welcome()) {
      case 'refuse':
        return cut(client);
      case 'accept-and-close':
        // What nobody reads would make an RST of the FIN.
        return void client.end().resume();
      case 'accept': {
        const server = createConnection({ ...target, allowHalfOpen: true, noDelay: true });
        this.#hold(server);
        this.#lanes = [new Lane('to-server', client, server), new Lane('to-client', server, client)];
      }
    }
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    // The other end, where there is one, is told by its lane.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#isGone();
    });
  }
}

/** Bytes under way in one direction, and what each piece takes besides its own: when there are more, the sender feels it. */
const mostUnderWay = 16 * 2 ** 20;
const pieceCost = 512;
/** How much a throttled lane passes at once, in ms of what it may; also by how much it makes up for timers that are late. */
const dose = 10;

/** One direction of a link: what happens at one end is told to the other, in the same order, as soon as the faults let it. */
class Lane {
  readonly #way: Direction;
  readonly #from: Socket;
  readonly #to: Socket;
  #settings = healthy;
  #underWay: { due: number; bytes: Buffer; tell: (bytes: Buffer) => void }[] = [];
  #bytesUnderWay = 0;
  #last = { at: 0, size: 0 };
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(way: Direction, from: Socket, to: Socket) {
    this.#way = way;
    this.#from = from;
    this.#to = to;
    from.on('data', (bytes) => this.#carry((piece) => void to.write(piece), bytes));
    from.on('end', () => this.#carry(() => void to.end()));
    from.on('error', () => this.#carry(() => cut(to)));
    to.on('drain', () => this.#schedule());
    to.on('close', () => this.#drop());
  }

  adjust(settings: FaultSettings): void {
    this.#settings = settings;
    this.#schedule();
  }

  #carry(tell: (bytes: Buffer) => void, bytes = Buffer.alloc(0)): void {
    if (this.#to.destroyed) return;
    const { delayed, jitter, random } = this.#settings;
    this.#underWay.push({ due: performance.now() + delayed + jitter * random(), bytes, tell });
    this.#bytesUnderWay += bytes.length;
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    if (this.#isStuck || this.#isFull) this.#from.pause();
    else this.#from.resume();
    const wait = this.#wait();
    if (wait === Infinity) return;
    if (wait > 0) this.#timer = setTimeout(() => this.#schedule(), Math.ceil(wait));
    else this.#turn = setImmediate(() => this.#pass());
  }

  #pass(): void {
    this.#passPiece();
    if (this.#settings.pieceSize === Infinity) while (this.#wait() <= 0) this.#passPiece();
    this.#schedule();
  }

  #passPiece(): void {
    const first = this.#underWay[0]!;
    const piece = first.bytes.subarray(0, Math.min(this.#settings.pieceSize, this.#dose));
    first.bytes = first.bytes.subarray(piece.length);
    if (first.bytes.length === 0) this.#underWay.shift();
    this.#bytesUnderWay -= piece.length;
    this.#last = { at: Math.max(this.#free, performance.now() - dose), size: piece.length };
    first.tell(piece);
  }

  /** Ms until the next piece may pass; Infinity: there is none, or it may not. Nothing overtakes what left before it, though it be due. */
  #wait(): number {
    const [first] = this.#underWay;
    if (first === undefined || this.#isStuck) return Infinity;
    const { delayed, jitter } = this.#settings;
    const due = delayed + jitter > 0 ? first.due : 0;
    return Math.max(due, this.#free) - performance.now();
  }

  /** When the last piece has passed, at the rate that is allowed now; what passed at a higher one counts as no more than a dose. */
  get #free(): number {
    return this.#last.at + (Math.min(this.#last.size, this.#dose) / this.#settings.bytesPerSecond) * 1_000;
  }

  /** The most bytes that pass at once. */
  get #dose(): number {
    return Math.max(1, Math.floor((this.#settings.bytesPerSecond * dose) / 1_000));
  }

  /** Silenced, or the far end does not read. */
  get #isStuck(): boolean {
    return isSilenced(this.#settings, this.#way) || this.#to.writableNeedDrain;
  }

  /** More than a second's worth is waiting for its turn, or more than is kept at all: the sender is to feel it. */
  get #isFull(): boolean {
    const kept = this.#bytesUnderWay + this.#underWay.length * pieceCost;
    return this.#bytesUnderWay > this.#settings.bytesPerSecond || kept > mostUnderWay;
  }

  #drop(): void {
    this.#underWay = [];
    this.#bytesUnderWay = 0;
    this.#schedule();
  }
}

/** Ends it at once, with an RST where there can be one. */
function cut(socket: Socket): void {
  // A reset would wait for a dial; and where a FIN waits to be sent, libuv refuses it, and the handle is never closed.
  const isEnding = socket.writableEnded && !socket.writableFinished;
  if (socket.connecting || isEnding) socket.destroy();
  else socket.resetAndDestroy();
}
