/** The shape of a WebSocket, and of those who are told what it does. Types only. */
import type { CloseInfo } from '../machines/events.ts';
import type { DialContext } from './asked.ts';
import type { Frame } from './protocols/protocol.ts';

/** What we use of a WebSocket, be it the platform's, npm `ws`, or anything alike. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly url?: string;
  readonly protocol?: string;
  readonly extensions?: string;
  binaryType: string;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: never): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketClass = new (url: string, protocols?: string[], ...more: never[]) => WebSocketLike;

export type HeadersLike = Readonly<Record<string, string>> | Iterable<readonly [name: string, value: string]>;

/** HTTP headers of the upgrade request: an object, `Headers`, a `Map` or pairs; or a function that is asked before every dial, for a fresh token. */
export type HeadersOption = HeadersLike | ((context: DialContext) => HeadersLike | Promise<HeadersLike>);

/** How a socket ended. Without a code: it failed before it opened. */
export interface SocketLoss extends Partial<CloseInfo> {
  reason: string;
  /** HTTP status of a refused upgrade. */
  status?: number | undefined;
  /** The delay the server asked for, ms. */
  retryAfter?: number | undefined;
}

/** Who is told what happens. */
export interface Ears {
  opened(): void;
  heard(frame: Frame): void;
  /** A control frame came: life, but no message. */
  signed(frame: 'ping' | 'pong'): void;
  /** At most once, and the last that is told. */
  lost(loss: SocketLoss): void;
}

/** Who listens to a class that has more. */
export interface Listener {
  readonly ears: Ears | undefined;
  lose(loss: SocketLoss): void;
}

/** What a class has beyond the standard. */
export interface Beyond {
  /** True: it tells of messages by itself, and needs no `onmessage`. */
  readonly tellsMessages: boolean;
  /** True: `bufferedAmount` sinks also where nothing has left, since what waits is compressed. */
  readonly compresses: boolean;
  /** Bytes that have left, and which `bufferedAmount` counts all the same. */
  readonly underWay: number;
  /** From now on there is more to be heard, or less. */
  opened?(): void;
  ping(): void;
  /** Cuts it off, where `close()` would wait for an answer. False: it cannot. */
  terminate(): boolean;
  /** Hears nothing more. */
  detach(): void;
}
