/**
 * What `HeartbeatWebSocket` dispatches, and how it is listened to.
 */
import type { Cause, CloseInfo } from '../machines/events.ts';
import type { Dropped } from './buffer.ts';
import type { ConnectionEvents } from './connect.ts';
import type * as Dom from './dom.ts';
import { CloseEvent, Event, EventTarget } from './event-family.ts';
import { noHandshake } from './socket.ts';

/** `reconnecting`: the line will be dialled again, and this is not the end. */
export interface HeartbeatCloseEvent extends Dom.CloseEvent {
  readonly reconnecting: boolean;
  readonly cause: Cause;
}

/** `message`: what went wrong, as far as the platform tells, such as ECONNREFUSED. */
export interface HeartbeatErrorEvent extends Dom.Event {
  readonly message: string;
}

export interface HeartbeatWebSocketEventMap {
  open: Dom.Event;
  message: Dom.MessageEvent;
  error: HeartbeatErrorEvent;
  close: HeartbeatCloseEvent;
  lost: Dom.CustomEvent<ConnectionEvents['lost']>;
  restored: Dom.CustomEvent<ConnectionEvents['restored']>;
  dropped: Dom.CustomEvent<Dropped>;
  state: Dom.CustomEvent<ConnectionEvents['state']>;
}

/** How a line ended, as `close` tells it. */
export type Ending = Pick<HeartbeatCloseEvent, 'code' | 'reason' | 'wasClean' | 'cause' | 'reconnecting'> &
  Pick<CloseInfo, 'failed'>;

/** Where no close frame came there is no reason in it; what there is to say, `lost` has said. */
export function closeEvent({ code, reason, wasClean, cause, reconnecting }: Ending): HeartbeatCloseEvent {
  const event = new CloseEvent('close', { code, reason: code === noHandshake ? '' : reason, wasClean });
  return Object.assign(event, { cause, reconnecting });
}

export function errorEvent(message: string): HeartbeatErrorEvent {
  return Object.assign(new Event('error'), { message });
}

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
