/** A `HeartbeatWebSocket` that redials quickly and is gone with the test, and what is waited for of it. */
import { onTestFinished } from 'vitest';

import type { ProtocolsOption, UrlOption } from '../../adapters/dial.ts';
import type { HeartbeatWebSocketOptions } from '../../adapters/drop-in.options.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';

export const quick: HeartbeatWebSocketOptions = { backoff: { initial: 20, spread: 0 }, closeTimeout: 200 };

export function make(
  url: UrlOption,
  options: HeartbeatWebSocketOptions = {},
  protocols?: ProtocolsOption,
): HeartbeatWebSocket {
  const socket = new HeartbeatWebSocket(url, protocols, { ...quick, ...options });
  onTestFinished(() => socket.close());
  return socket;
}

/** The next event of a type. */
export function heard<E extends Event = Event>(socket: EventTarget, type: string): Promise<E> {
  return new Promise((resolve) => socket.addEventListener(type, (event) => resolve(event as E), { once: true }));
}
