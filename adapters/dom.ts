/**
 * The DOM's types where there are any, for those of our declarations that users compile: some have the DOM's, some Node's, some neither. What their
 * platform has of a name is told as the platform's own, so that it fits wherever they use it; what it has not is told by shape. Types only.
 */

/** What `new` of that name makes here. */
type Made<Name extends string, Otherwise> =
  typeof globalThis extends Record<Name, { prototype: infer Instance }> ? Instance : Otherwise;

export type AbortSignal = Made<'AbortSignal', { readonly aborted: boolean; readonly reason: unknown }>;
export type Blob = Made<'Blob', { readonly size: number; readonly type: string }>;
export type URL = Made<'URL', { readonly href: string }>;

interface EventShape {
  readonly type: string;
  readonly target: unknown;
  readonly timeStamp: number;
}

interface MessageEventShape extends EventShape {
  readonly data: unknown;
  readonly origin: string;
}

interface CloseEventShape extends EventShape {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

export type Event = Made<'Event', EventShape>;
export type MessageEvent = Made<'MessageEvent', Event & MessageEventShape>;
export type CloseEvent = Made<'CloseEvent', Event & CloseEventShape>;
export type CustomEvent<Detail> = Omit<Made<'CustomEvent', Event>, 'detail'> & { readonly detail: Detail };

export type EventListener = ((event: Event) => void) | { handleEvent(event: Event): void };

export interface ListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignal;
}

interface EventTargetShape {
  addEventListener(type: string, listener: EventListener | null, options?: boolean | ListenerOptions): void;
  removeEventListener(type: string, listener: EventListener | null, options?: boolean | ListenerOptions): void;
}

export type EventTarget = Made<'EventTarget', EventTargetShape>;
/** @typeParam Otherwise what stands for it where there is none */
export type WebSocket<Otherwise> = Made<'WebSocket', Otherwise>;

/** `await using`, where the lib has it: a member by the name of `Symbol.asyncDispose`, or none. */
export type AsyncDisposable = SymbolConstructor extends { readonly asyncDispose: infer Name extends symbol }
  ? { [K in Name]: () => Promise<void> }
  : object;
