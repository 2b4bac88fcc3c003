/** A connection over a socket that does what the test does to it, in stepped time. */
import type { UrlOption } from '../../adapters/dial.ts';
import { connect, type ConnectOptions } from '../../adapters/index.ts';
import { lineOf } from '../../adapters/index.websocket.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import type { WebSocketLike } from '../../adapters/web-socket.ts';
import { steppedClock } from '../kit/clock.ts';

/** A WebSocket that does what the test does to it. */
export class Puppet implements WebSocketLike {
  static made: Puppet[] = [];
  readyState = 0;
  bufferedAmount = 0;
  binaryType = 'blob';
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readonly sent: unknown[] = [];
  readonly closed: unknown[][] = [];

  readonly given: unknown[];

  constructor(...given: unknown[]) {
    this.given = given;
    Puppet.made.push(this);
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(...said: unknown[]): void {
    this.closed.push(said);
    this.readyState = 2;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.({} as never);
  }

  hears(data: string | ArrayBuffer): void {
    this.onmessage?.({ data } as never);
  }

  fails(event: object): void {
    this.onerror?.(event as never);
  }

  ends(code: number, reason = '', wasClean = true): void {
    this.readyState = 3;
    this.onclose?.({ code, reason, wasClean } as never);
  }

  breaks(): void {
    this.ends(1006, '', false);
  }
}

/** Nobody listens here, and nothing here dials it. */
export const nowhere = 'ws://127.0.0.1:9/';

/** A connection that has dialled. */
export function dialled(options: ConnectOptions = {}, url: UrlOption = nowhere) {
  const clock = steppedClock();
  const connection = connect(url, {
    WebSocket: Puppet,
    clock,
    random: () => 0.5,
    protocol: silent(),
    lifecycle: false,
    buffer: { bytes: 100 },
    ...options,
  });
  const told: string[] = [];
  connection.on('drain', () => told.push('drain'));
  const heard: unknown[] = [];
  connection.on('message', (message) => heard.push(message));
  return { connection, clock, told, line: lineOf(connection.actor), socket: () => Puppet.made.at(-1)!, heard };
}

/** One whose peer needs no name. */
export function alive(options: ConnectOptions = {}) {
  const subject = dialled(options);
  subject.socket().opens();
  return subject;
}
