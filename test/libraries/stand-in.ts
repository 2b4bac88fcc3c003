/**
 * For libraries that take no class but the global one, and some at import: it is `globalThis.WebSocket`, and for each port the class that was chosen.
 * Everybody else is given what was there.
 */
import type { StandardClass } from './library.ts';
// Before its place is taken: the class looks there for the platform's.
export { HeartbeatWebSocket } from '../../adapters/drop-in.ts';

/** The platform's, where it has one. */
export const platforms = globalThis.WebSocket as StandardClass | undefined;

const chosen = new Map<string, StandardClass>();

/** Whoever dials the port of `url` by the global class is given that one. */
export function standIn(url: string, WebSocket: StandardClass): void {
  chosen.set(new URL(url).port, WebSocket);
}

class StandIn {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;

  constructor(...args: ConstructorParameters<StandardClass>) {
    const Chosen = chosen.get(new URL(args[0]).port) ?? platforms;
    if (Chosen === undefined) throw new Error('no class was chosen for that port');
    return new Chosen(...args);
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return [...chosen.values(), platforms].some((each) => each !== undefined && value instanceof each);
  }
}

globalThis.WebSocket = StandIn as unknown as StandardClass;
