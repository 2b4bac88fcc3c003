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
import { type DataPlane, Line } from './line.ts';

/** The machine's actor `socket`: one visit. */
export const webSocketActor = fromCallback<Order, MachineLine, Fact>(({ input, sendBack, receive }) => {
  const line = lineIn(input);
  const visit = line.visit(sendBack);
  const undo = line.watchWorld(sendBack);
  receive((order) => visit.obey(order));
  return () => {
    visit.end();
    undo();
  };
});

/** An actor of `connectionMachine`, or anything that shows its snapshots. */
export interface ConnectionActor {
  getSnapshot(): { context?: { line?: unknown } };
}

/**
 * The data plane of an actor of `connectionMachine`, for as long as the actor lives.
 * @throws {TypeError} for an actor of another machine, or one whose input was not made by `connectionInput()`
 */
export function lineOf(actor: ConnectionActor): DataPlane {
  return lineIn(actor.getSnapshot().context?.line);
}

function lineIn(value: unknown): Line {
  if (value instanceof Line) return value;
  throw new TypeError(
    'there is no line here: start connectionMachine with the input that connectionInput(url, options) makes',
  );
}
