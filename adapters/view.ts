/**
 * What the hooks of views have in common: what they render before there is a connection, and when they need another one.
 */
import type { Sendable } from './buffer.ts';
import { soon } from './clock.ts';
import { connect, type Connection } from './connect.ts';
import type { UrlOption } from './dial.ts';
import type { Frame } from './protocols/protocol.ts';
import type { Snapshot } from './snapshot.ts';

/** Where to dial, as `connect()` takes it; a connection that is made elsewhere, and never closed here; or undefined: there is none yet. */
export type Source<Receive, Send> = UrlOption | Connection<Receive, Send> | undefined;

/** What is rendered without a connection, one object each: on a server, and in a page until it is dialled. */
export function unconnected(source: unknown): Snapshot {
  return source === undefined ? none : awaited;
}

export function isConnection<Receive, Send>(source: Source<Receive, Send>): source is Connection<Receive, Send> {
  return typeof source === 'object' && 'subscribe' in source;
}

/** The same for the same line: a function that is written anew in every render is asked at the next dial, and no reason for one. */
export function lineOf(source: Source<any, any>): unknown {
  if (source === undefined || isConnection(source)) return source;
  return typeof source === 'function' ? lineOf : String(source);
}

/** The fields of the snapshot, and whose they are. `connection`: undefined on a server, until the component is mounted, and where there is none. */
export type View<Receive = Frame, Send = Sendable> = Snapshot & {
  readonly connection: Connection<Receive, Send> | undefined;
};

/**
 * Not at once: what is unmounted in the same breath, as React's StrictMode does with all, has dialled nobody. The answer undoes it.
 * @param made hears once: what answers with the connection, or throws what `connect()` has thrown
 */
export function dialSoon(
  latest: () => Source<any, any>,
  options: any,
  made: (connection: () => Connection<any, any>) => void,
): () => void {
  let isOver = false;
  let undo = () => {};
  soon(() => {
    if (isOver) return;
    try {
      const connection = dial(latest, options);
      undo = connection.close;
      made(() => connection);
    } catch (error) {
      made(() => {
        throw error;
      });
    }
  });
  return () => {
    isOver = true;
    undo();
  };
}

/** A function is asked as it is by then. */
export function dial(latest: () => Source<any, any>, options?: any): Connection<any, any> {
  const url = latest() as UrlOption;
  return connect(typeof url === 'function' ? (context) => (latest() as typeof url)(context) : url, options);
}

/** Of one line's connection, as a store: with React's `setState()` the first message might come before the app's effects listen to it. */
export function slot() {
  let held: unknown[] = [];
  let tell = () => {};
  return {
    /** Another line's is none. */
    of: (line: unknown) => (held[0] === line ? (held[1] as (() => Connection<any, any>) | undefined)?.() : undefined),
    put: (...pair: unknown[]) => ((held = pair), tell()),
    subscribe: (changed: () => void) => ((tell = changed), () => void (tell = () => {})),
  };
}

const awaited: Snapshot = /* @__PURE__ */ Object.freeze({
  state: 'connecting',
  cause: undefined,
  id: undefined,
  since: 0,
  nextDialAt: undefined,
  attempt: 0,
  roundTripTime: undefined,
  clockOffset: undefined,
  unconfirmed: undefined,
});

const none: Snapshot = /* @__PURE__ */ Object.freeze({ ...awaited, state: 'closed' });
