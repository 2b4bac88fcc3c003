/** `systole/react`: a connection for as long as a component is mounted, and what it renders of it. */
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';

import type { CodecOptions, Connection, ConnectOptions } from './connect.ts';
import type { UrlOption } from './dial.ts';
import { dialSoon, isConnection, lineOf, slot, type Source, unconnected, type View } from './view.ts';

export type { View };

/**
 * Dials once the component is mounted, renders it at every change of the snapshot and for no message, and closes when it is unmounted. Another URL is
 * another connection. A function is asked before every dial, and `options` are read when a connection is made: neither has to be the same in every render.
 *
 * A connection that is made elsewhere is rendered, and never closed. Undefined: none yet, such as before a login; its state is `closed`.
 * @throws what `connect()` throws, to the error boundary
 */
export function useConnection<Receive, Send = Receive>(
  url: UrlOption | undefined,
  options: CodecOptions<Receive, Send>,
): View<Receive, Send>;
export function useConnection(url: UrlOption | undefined, options?: ConnectOptions): View;
export function useConnection<Receive, Send>(shared: Connection<Receive, Send> | undefined): View<Receive, Send>;
export function useConnection(source: Source<any, any>, options?: any): View<any, any> {
  const [own] = useState(slot);
  const given = useRef({ source, options });
  useEffect(() => void (given.current = { source, options }));

  const line = lineOf(source);
  const dialled = useSyncExternalStore(own.subscribe, () => own.of(line), nobody);
  useEffect(() => {
    if (line === undefined || isConnection(given.current.source)) return undefined;
    const undo = dialSoon(
      () => given.current.source,
      given.current.options,
      // What is thrown there reaches the error boundary.
      (made) => own.put(line, made),
    );
    return () => {
      undo();
      own.put(undefined);
    };
  }, [line, own]);

  const connection = isConnection(source) ? source : dialled;
  const without = () => unconnected(source);
  const snapshot = useSyncExternalStore(
    connection?.subscribe ?? never,
    () => connection?.snapshot ?? without(),
    without,
  );
  return useMemo(() => ({ ...snapshot, connection }), [snapshot, connection]);
}

const nobody = () => undefined;
const never = () => nobody;
