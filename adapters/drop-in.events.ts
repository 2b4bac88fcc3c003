/**
 * What `HeartbeatWebSocket` dispatches, and how it is listened to.
 */
import type { Cause } from '../machines/events.ts';
import type { Dropped } from './buffer.ts';
import type { ConnectionEvents } from './connect.ts';
import { noHandshake } from './socket.ts';

/** `reconnecting`: the line will be dialled again, and this is not the end. */
export interface HeartbeatCloseEvent extends CloseEvent {
  readonly reconnecting: boolean;
  readonly cause: Cause;
}

export interface HeartbeatWebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: Event;
  close: HeartbeatCloseEvent;
  lost: CustomEvent<ConnectionEvents['lost']>;
  restored: CustomEvent<ConnectionEvents['restored']>;
  dropped: CustomEvent<Dropped>;
  state: CustomEvent<ConnectionEvents['state']>;
}

/** How a line ended, as `close` tells it. */
export type Ending = Pick<HeartbeatCloseEvent, 'code' | 'reason' | 'wasClean' | 'cause' | 'reconnecting'>;

/** Where no close frame came there is no reason in it; what there is to say, `lost` has said. */
export function closeEvent({ code, reason, wasClean, cause, reconnecting }: Ending): HeartbeatCloseEvent {
  const event = new CloseEventClass('close', { code, reason: code === noHandshake ? '' : reason, wasClean });
  return Object.assign(event, { cause, reconnecting });
}

/** Node 20 and 22 have none. */
const CloseEventClass: typeof CloseEvent =
  globalThis.CloseEvent ??
  class CloseEvent extends Event {
    readonly code: number;
    readonly reason: string;
    readonly wasClean: boolean;

    constructor(type: string, { code = 0, reason = '', wasClean = false, ...init }: CloseEventInit = {}) {
      super(type, init);
      this.code = code;
      this.reason = reason;
      this.wasClean = wasClean;
    }
  };

export const readyStates = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;

type HandlerOf<E extends Event> = ((this: WebSocket, event: E) => unknown) | null;

/** What there is without a line of ours, with its types: what `EventTarget` implements, and what is put onto the prototype. */
export interface WebSocketBase extends Readonly<typeof readyStates> {
  onopen: HandlerOf<Event>;
  onmessage: HandlerOf<MessageEvent>;
  onerror: HandlerOf<Event>;
  onclose: HandlerOf<CloseEvent>;
  dispatchEvent(event: Event): boolean;
  addEventListener<T extends keyof HeartbeatWebSocketEventMap>(
    type: T,
    listener: (this: WebSocket, event: HeartbeatWebSocketEventMap[T]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<T extends keyof HeartbeatWebSocketEventMap>(
    type: T,
    listener: (this: WebSocket, event: HeartbeatWebSocketEventMap[T]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

export const WebSocketBase = EventTarget as unknown as (new () => WebSocketBase) & typeof readyStates;
