/**
 * What `HeartbeatWebSocket` dispatches, and how it is listened to.
 */
import type { Cause } from '../machines/events.ts';
import type { Dropped } from './buffer.ts';
import type { ConnectionEvents } from './connect.ts';
import type * as Dom from './dom.ts';
import { noHandshake } from './socket.ts';

/** `reconnecting`: the line will be dialled again, and this is not the end. */
export interface HeartbeatCloseEvent extends Dom.CloseEvent {
  readonly reconnecting: boolean;
  readonly cause: Cause;
}

export interface HeartbeatWebSocketEventMap {
  open: Dom.Event;
  message: Dom.MessageEvent;
  error: Dom.Event;
  close: HeartbeatCloseEvent;
  lost: Dom.CustomEvent<ConnectionEvents['lost']>;
  restored: Dom.CustomEvent<ConnectionEvents['restored']>;
  dropped: Dom.CustomEvent<Dropped>;
  state: Dom.CustomEvent<ConnectionEvents['state']>;
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

/** Where the platform has a WebSocket, handlers are called as it calls them. */
type This = Dom.WebSocket<WebSocketBase>;
type HandlerOf<E> = ((this: This, event: E) => unknown) | null;

/** What there is without a line of ours, with its types: what `EventTarget` implements, and what is put onto the prototype. */
export interface WebSocketBase extends Readonly<typeof readyStates> {
  onopen: HandlerOf<Dom.Event>;
  onmessage: HandlerOf<Dom.MessageEvent>;
  onerror: HandlerOf<Dom.Event>;
  onclose: HandlerOf<Dom.CloseEvent>;
  dispatchEvent(event: Dom.Event): boolean;
  addEventListener<T extends keyof HeartbeatWebSocketEventMap>(
    type: T,
    listener: (this: This, event: HeartbeatWebSocketEventMap[T]) => unknown,
    options?: boolean | Dom.ListenerOptions,
  ): void;
  addEventListener(type: string, listener: Dom.EventListener, options?: boolean | Dom.ListenerOptions): void;
  removeEventListener<T extends keyof HeartbeatWebSocketEventMap>(
    type: T,
    listener: (this: This, event: HeartbeatWebSocketEventMap[T]) => unknown,
    options?: boolean | Dom.ListenerOptions,
  ): void;
  removeEventListener(type: string, listener: Dom.EventListener, options?: boolean | Dom.ListenerOptions): void;
}

export const WebSocketBase = EventTarget as unknown as (new () => WebSocketBase) & typeof readyStates;
