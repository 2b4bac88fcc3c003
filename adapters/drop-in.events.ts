/**
 * What `HeartbeatWebSocket` dispatches, and how it is listened to.
 */
import type { Cause, CloseInfo } from '../machines/events.ts';
import type { Dropped } from './buffer.ts';
import type { ConnectionEvents } from './connect.ts';
import type * as Dom from './dom.ts';
import { CloseEvent, Event, EventTarget } from './event-family.ts';
import { noHandshake } from './socket.ts';
import type { Interface } from './web-idl.ts';

/** `reconnecting`: the line will be dialled again, and this is not the end. */
export interface HeartbeatCloseEvent extends Dom.CloseEvent {
  readonly reconnecting: boolean;
  readonly cause: Cause;
}

/** `message`: what went wrong, as far as the platform tells, such as ECONNREFUSED; TIMEOUT: the dial took too long. */
export interface HeartbeatErrorEvent extends Dom.Event {
  readonly message: string;
  /** Its message is that of the event; its `code`, where there is one, is Node's, such as ECONNREFUSED or ETIMEDOUT. */
  readonly error: Error & { readonly code?: string };
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

/** What reconnecting-websocket and partysocket say of a dial that took too long. */
export const timedOut = 'TIMEOUT';
const errorCode = /^E[A-Z0-9_]+$/;

export function errorEvent(message: string): HeartbeatErrorEvent {
  const code = message === timedOut ? 'ETIMEDOUT' : errorCode.exec(message)?.[0];
  const error = Object.assign(new Error(message), code !== undefined && { code });
  return Object.assign(new Event('error'), { message, error });
}

export const readyStates = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;

/** WHATWG WebSockets §3.1, in the order in which Chromium lists it. */
export const webSocketInterface: Interface = {
  name: 'WebSocket',
  members:
    'url readyState bufferedAmount onopen onerror onclose extensions protocol onmessage binaryType CONNECTING OPEN CLOSING CLOSED close send constructor',
  constants: readyStates,
  lengths: { close: 0, send: 1 },
};

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
