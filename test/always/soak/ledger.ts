/**
 * What became of every message, by both ends' word: `Account` is one client's. It holds what is not settled yet, and sums of the rest.
 *
 * What systole promises is "nothing is sent twice" and "in the order in which it was handed over", each for what is *written*; what arrives is TCP's
 * doing. A line that was given up may still have data under way (Node's built-in class cannot be terminated), which then arrives after that of its
 * successor. So order is not told by the time of arrival, but where each can be held to its own word:
 *
 * - Numbers only grow from write to write, over all dials of a client. So none is written twice, and what a newer line carries is never lower than
 *   the highest number written on an older one.
 * - What arrives on a line is a prefix of what was written on it. So nothing arrives twice, in another order, or with a gap.
 * - All that was written on a line and is not reported as `unconfirmed` has arrived by the time of the report.
 * - What was accepted was written, reported as dropped, or taken back with `drain()`: one of them, once.
 *
 * Pushes of the server are numbered for each line: those that are heard of one are its first ones, without a gap.
 */
import type { Amount, Dropped, Sendable } from '../../../adapters/buffer.ts';

/** What was written on one line, and how much of it has arrived. */
interface DialAccount {
  readonly writes: { number: number; bytes: number }[];
  arrived: number;
  /** Pushes of the server, and those heard. */
  pushed: number;
  heard: number;
  /** The server has answered what nobody asked. Its answers confirm what it has not seen: they do not say to which question they belong. */
  isLied: boolean;
  isOver: boolean;
}

export const noFates = {
  offered: 0,
  refused: 0,
  accepted: 0,
  written: 0,
  'dropped: overflow': 0,
  'dropped: expired': 0,
  'dropped: closed': 0,
  'dropped: unsendable': 0,
  'taken back': 0,
  delivered: 0,
  unconfirmed: 0,
  'confirmed by a lie, and gone': 0,
  pushed: 0,
  heard: 0,
  duplicated: 0,
  misordered: 0,
};
export type Fates = typeof noFates;

export class Account {
  readonly fates: Fates = { ...noFates };
  /** The last dial's number; the first is 1. */
  dialled = 0;
  readonly #client: number;
  readonly #complain: (what: string) => void;
  /** Accepted, and nothing is known of it yet: number → bytes. */
  readonly #open = new Map<number, number>();
  readonly #dials = new Map<number, DialAccount>();
  /** A Blob's content cannot be read at once. */
  readonly #blobs = new WeakMap<object, number>();
  #number = 0;
  #lastWritten = 0;
  #lastHeardDial = 0;

  constructor(client: number, complain: (what: string) => void) {
    this.#client = client;
    this.#complain = complain;
  }

  // The client's end.

  /** Numbers a message of at least so many bytes and offers it. Answers with its number if it was accepted. */
  offer(
    bytes: number,
    form: 'text' | 'bytes' | 'blob',
    send: (data: string | Uint8Array<ArrayBuffer> | Blob) => boolean,
  ): number | undefined {
    const number = (this.#number += 1);
    const text = `m${this.#client}.${number} `.padEnd(bytes, 'x');
    const data = form === 'text' ? text : form === 'bytes' ? new TextEncoder().encode(text) : new Blob([text]);
    if (typeof data === 'object') this.#blobs.set(data, number);
    this.#open.set(number, text.length);
    this.fates.offered += 1;
    if (send(data)) {
      this.fates.accepted += 1;
      return number;
    }
    this.fates.refused += 1;
    if (!this.#open.delete(number))
      this.#complain(`message ${number} was refused, and written or dropped all the same`);
    return undefined;
  }

  /** A WebSocket has been made. */
  dials(dial: number): void {
    if (dial <= this.dialled) this.#complain(`dial ${dial} came after dial ${this.dialled}`);
    this.dialled = dial;
    this.#dials.set(dial, { writes: [], arrived: 0, pushed: 0, heard: 0, isLied: false, isOver: false });
  }

  wrote(dial: number, data: unknown): void {
    const number = this.#numberOf(data);
    if (number === undefined) return;
    const bytes = this.#open.get(number);
    if (dial !== this.dialled)
      this.#complain(`message ${number} was written on dial ${dial}, and the last is ${this.dialled}`);
    if (bytes === undefined || number <= this.#lastWritten) {
      this.#complain(
        `message ${number} was written after ${this.#lastWritten}${bytes === undefined ? ', and not for the first time' : ''}`,
      );
    }
    this.#open.delete(number);
    this.#lastWritten = number;
    this.fates.written += 1;
    this.#dials.get(dial)!.writes.push({ number, bytes: bytes ?? 0 });
  }

  dropped(data: Sendable, reason: Dropped['reason']): void {
    this.#settle(data, `dropped: ${reason}`);
  }

  takenBack(data: Sendable): void {
    this.#settle(data, 'taken back');
  }

  /** A dial came to nothing. */
  failed(): void {
    const dial = this.#dials.get(this.dialled);
    if (dial === undefined || dial.isOver) return;
    if (dial.writes.length > 0)
      this.#complain(`${dial.writes.length} messages were written before the session had a name`);
    this.#dials.delete(this.dialled);
  }

  /** The line is left, or the connection closed, and so much is reported of its last dial. */
  left(unconfirmed: Amount): void {
    const dial = this.#dials.get(this.dialled);
    if (dial === undefined || dial.isOver) return;
    dial.isOver = true;
    const { writes } = dial;
    const confirmed = writes.length - unconfirmed.messages;
    const bytes = writes.slice(Math.max(0, confirmed)).reduce((sum, each) => sum + each.bytes, 0);
    if (confirmed < 0 || bytes !== unconfirmed.bytes) {
      this.#complain(
        `unconfirmed ${JSON.stringify(unconfirmed)}, of ${writes.length} messages whose last ones are ${bytes} bytes`,
      );
    }
    this.fates.unconfirmed += unconfirmed.messages;
    const gone = Math.max(0, confirmed - dial.arrived);
    if (gone > 0 && !dial.isLied) {
      this.#complain(
        `${gone} of ${writes.length} messages on dial ${this.dialled} were confirmed and have not arrived`,
      );
    }
    this.fates['confirmed by a lie, and gone'] += gone;
    this.#forget(this.dialled);
  }

  hears(text: string): void {
    const [, dialText, indexText] = /^p(\d+)\.(\d+)/.exec(text) ?? [];
    if (indexText === undefined) return;
    const [number, index] = [Number(dialText), Number(indexText)];
    const dial = this.#dials.get(number);
    // Of a dial that is over nothing is known any more. HeartbeatWebSocket tells late what came in time.
    if (number < this.#lastHeardDial)
      this.#complain(`push ${index} of dial ${number} came after one of ${this.#lastHeardDial}`);
    this.#lastHeardDial = number;
    if (dial !== undefined && index !== dial.heard + 1) {
      this.fates[index <= dial.heard ? 'duplicated' : 'misordered'] += 1;
      this.#complain(`push ${index} of dial ${number} came after ${dial.heard}`);
    }
    if (dial !== undefined) dial.heard = index;
    this.fates.heard += 1;
  }

  // The server's end.

  arrived(number: number, data: unknown): number | undefined {
    const message = this.#numberOf(data);
    if (message === undefined) return undefined;
    const dial = this.#dials.get(number);
    const due = dial?.writes[dial.arrived]?.number;
    if (dial === undefined || due !== message) {
      const isSecond = dial === undefined || dial.writes.slice(0, dial.arrived).some((each) => each.number === message);
      this.fates[isSecond ? 'duplicated' : 'misordered'] += 1;
      this.#complain(`message ${message} arrived on dial ${number}, where ${due ?? 'none'} was the next`);
      return message;
    }
    dial.arrived += 1;
    this.fates.delivered += 1;
    this.#forget(number);
    return message;
  }

  /** The number for the next push on a line. */
  pushes(number: number): number {
    this.fates.pushed += 1;
    const dial = this.#dials.get(number);
    return dial === undefined ? 0 : (dial.pushed += 1);
  }

  lies(number: number): void {
    const dial = this.#dials.get(number);
    if (dial !== undefined) dial.isLied = true;
  }

  // In the end.

  /** Accepted, and not heard of again. */
  get lost(): number {
    return this.#open.size;
  }

  /** Why the last line is not whole, though all went well on it; undefined: it is. */
  get want(): string | undefined {
    const dial = this.#dials.get(this.dialled);
    if (dial === undefined) return undefined;
    const { writes, arrived, pushed, heard } = dial;
    if (writes.length === arrived && pushed === heard) return undefined;
    return `on the last line ${arrived} of ${writes.length} messages arrived, ${heard} of ${pushed} pushes were heard`;
  }

  #settle(data: Sendable, fate: keyof Fates): void {
    const number = this.#numberOf(data)!;
    this.fates[fate] += 1;
    if (!this.#open.delete(number))
      this.#complain(`message ${number} was ${fate}, and it had been written, dropped or taken back`);
  }

  #numberOf(data: unknown): number | undefined {
    if (typeof data === 'object' && data !== null && this.#blobs.has(data)) return this.#blobs.get(data);
    const text =
      typeof data === 'string'
        ? data.slice(0, 24)
        : String.fromCharCode(...new Uint8Array(bytesOf(data)).subarray(0, 24));
    const [, client, number] = /^m(\d+)\.(\d+) /.exec(text) ?? [];
    if (number === undefined) return undefined;
    if (Number(client) !== this.#client) this.#complain(`it was given message ${number} of client ${client}`);
    return Number(number);
  }

  /** Nothing of it is open any more. What comes all the same has come before. */
  #forget(number: number): void {
    const dial = this.#dials.get(number);
    if (dial?.isOver === true && dial.arrived === dial.writes.length) this.#dials.delete(number);
  }
}

function bytesOf(data: unknown): ArrayBuffer {
  if (data instanceof ArrayBuffer) return data;
  if (!ArrayBuffer.isView(data)) return new ArrayBuffer(0);
  return new Uint8Array(data.buffer, data.byteOffset, Math.min(24, data.byteLength)).slice().buffer;
}
