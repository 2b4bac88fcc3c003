/**
 * What `HeartbeatWebSocket` dispatches, and how it is listened to.
 */
import type { Cause, CloseInfo } from '../machines/events.ts';
import type { Dropped } from './buffer.ts';
import type { ConnectionEvents } from './connect.ts';
import { CloseEvent, Event, EventTarget } from './event-family.ts';
import { noHandshake } from './socket.ts';

/** `reconnecting`: the line will be dialled again, and this is not the end. */
export interface HeartbeatCloseEvent extends CloseEvent {
  readonly reconnecting: boolean;
  readonly cause: Cause;
}

/** `message`: what went wrong, as far as the platform tells, such as ECONNREFUSED. */
export interface HeartbeatErrorEvent extends Event {
  readonly message: string;
}

export interface HeartbeatWebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: HeartbeatErrorEvent;
  close: HeartbeatCloseEvent;
  lost: CustomEvent<ConnectionEvents['lost']>;
  restored: CustomEvent<ConnectionEvents['restored']>;
  dropped: CustomEvent<Dropped>;
  state: CustomEvent<ConnectionEvents['state']>;
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
