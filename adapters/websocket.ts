/**
 * The thin adapter: what a real WebSocket does becomes the machine's events, what the machine orders is done to the WebSocket.
 *
 * It decides nothing and never asks what state the machine is in. To embed a connection in a machine of your own:
 *
 * ```ts
 * const connection = connectionMachine.provide({ actors: { socket: webSocketActor } });   // once per module
 * // in your machine
 * invoke: { id: 'push', src: connection, input: () => connectionInput('wss://push.example.com') }
 * // and for the messages
 * lineOf(snapshot.children.push).send('hello');
 * ```
 */
import { fromCallback } from 'xstate';

import type { Fact, Line as MachineLine, Order } from '../machines/events.ts';
import type { Amount, Dropped, Sendable } from './buffer.ts';
import { WebSocketLine } from './line.ts';
import type { Frame } from './protocols/protocol.ts';

/** What an actor is given to speak with its machine. */
interface Attendance {
  readonly sendBack: (fact: Fact) => void;
  readonly receive: (hear: (order: Order) => void) => void;
}

/** The machine's actor `socket`: one visit. */
export const webSocketActor = /* @__PURE__ */ fromCallback<Order, MachineLine, Fact>((attendance) => {
  const line = lineIn(attendance.input);
  if (line.isTaken) {
    throw new Error('this line serves a connection already: make one for each, with connectionInput(url, options)');
  }
  return attend(line, attendance);
});

/** The same, of lines that are known to be ours. */
export const lineActor = fromCallback<Order, MachineLine, Fact>((attendance) =>
  attend(attendance.input as WebSocketLine, attendance),
);

function attend(line: WebSocketLine, { sendBack, receive }: Attendance): () => void {
  const visit = line.visit(sendBack);
  receive((order) => visit.obey(order));
  return () => visit.end();
}

export type MessageListener = (data: Frame) => void;

/** What an app does with the messages of a connection, also of one that its own machine invokes. */
export interface DataPlane {
  /**
   * True: handed to the socket, or buffered until there is one. False: refused (no room, or closed), and nothing else happened.
   * @throws {TypeError} for what no WebSocket can send
   */
  send(data: Sendable): boolean;
  /** Hears every message; the answer undoes it. */
  onMessage(listener: MessageListener): () => void;
  /** Hears of every message that was accepted and will not be sent; the answer undoes it. */
  onDropped(listener: (dropped: Dropped) => void): () => void;
  /** Is told when there is room again, after a message was refused; the answer undoes it. */
  onDrain(listener: () => void): () => void;
  /** Takes back what is buffered and was not sent, oldest first. */
  drain(): Sendable[];
  /** Bytes that wait here and in the socket. */
  readonly bufferedAmount: number;
  /** What waits here, without the socket's share; and how much of it there may be. */
  readonly held: Amount;
  readonly room: Amount;
  /** What was handed to sockets since the beginning. */
  readonly sent: Amount;
  /** What was handed to the last socket and is not known to have arrived: a beat's answer confirms all that went before the beat. */
  readonly unconfirmed: Amount;
}

/** An actor of `connectionMachine`, or anything that shows its snapshots. */
export interface ConnectionActor {
  getSnapshot(): { context?: { line?: unknown } };
}

/**
 * The data plane of an actor of `connectionMachine`, for as long as the actor lives.
 * @throws {TypeError} for an actor of another machine, or one whose input was not made by `connectionInput()`
 */
export function lineOf(actor: ConnectionActor): DataPlane {
  return new LinePlane(lineIn(actor.getSnapshot().context?.line));
}

function lineIn(value: unknown): WebSocketLine {
  if (value instanceof WebSocketLine) return value;
  throw new TypeError(
    'there is no line here: start connectionMachine with the input that connectionInput(url, options) makes',
  );
}

class LinePlane implements DataPlane {
  readonly #line: WebSocketLine;

  constructor(line: WebSocketLine) {
    this.#line = line;
  }

  send(data: Sendable): boolean {
    return this.#line.send(data);
  }

  onMessage(listener: MessageListener): () => void {
    return this.#line.events.of('message').add(listener);
  }

  onDropped(listener: (dropped: Dropped) => void): () => void {
    return this.#line.events.of('dropped').add(listener);
  }

  onDrain(listener: () => void): () => void {
    return this.#line.events.of('drain').add(listener);
  }

  drain(): Sendable[] {
    return this.#line.drain();
  }

  get bufferedAmount(): number {
    return this.#line.bufferedAmount;
  }

  get held(): Amount {
    return this.#line.held;
  }

  get room(): Amount {
    return this.#line.room;
  }

  get sent(): Amount {
    return { ...this.#line.handed };
  }

  get unconfirmed(): Amount {
    return this.#line.unconfirmed;
  }
}
