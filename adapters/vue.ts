/** `systole/vue`: a connection for as long as a component, or a scope, and what is rendered of it. */
import { getCurrentInstance, type MaybeRef, onMounted, type ShallowRef, shallowRef, unref, watch } from 'vue';

import type { Sendable } from './buffer.ts';
import type { CodecOptions, Connection, ConnectOptions } from './connect.ts';
import type { UrlOption } from './dial.ts';
import type { Frame } from './protocols/protocol.ts';
import type { Snapshot } from './snapshot.ts';
import { dial, isConnection, lineOf, type Source, unconnected } from './view.ts';

export interface View<Receive = Frame, Send = Sendable> {
  /** Another object at every change; no message changes it. */
  readonly snapshot: Readonly<ShallowRef<Snapshot>>;
  /** Undefined on a server, until the component is mounted, and where there is none. */
  readonly connection: Readonly<ShallowRef<Connection<Receive, Send> | undefined>>;
}

/**
 * Dials once the component is mounted (in a scope without a component: at once), and closes with it. What stands in a ref may change: another URL is
 * another connection. A function is no getter but the one that `connect()` takes, asked before every dial; of what is reactive make a `computed()`. `options`
 * are read when a connection is made.
 *
 * A connection that is made elsewhere is rendered, and never closed. Undefined: none yet, such as before a login; its state is `closed`.
 * @throws what `connect()` throws, to Vue's error handler
 */
export function useConnection<Receive, Send = Receive>(
  url: MaybeRef<UrlOption | undefined>,
  options: CodecOptions<Receive, Send>,
): View<Receive, Send>;
export function useConnection(url: MaybeRef<UrlOption | undefined>, options?: ConnectOptions): View;
export function useConnection<Receive, Send>(
  shared: MaybeRef<Connection<Receive, Send> | undefined>,
): View<Receive, Send>;
export function useConnection(given: MaybeRef<Source<any, any>>, options?: any): View<any, any> {
  const connection = shallowRef<Connection<any, any>>();
  const snapshot = shallowRef(unconnected(unref(given)));
  const isMounted = shallowRef(getCurrentInstance() === null);
  if (!isMounted.value) onMounted(() => (isMounted.value = true));

  watch(
    () => isMounted.value && lineOf(unref(given)),
    (_line, _last, onCleanup) => {
      const source = unref(given);
      snapshot.value = unconnected(source);
      connection.value = undefined;
      if (!isMounted.value || source === undefined) return;
      const isShared = isConnection(source);
      const current = isShared ? source : dial(() => unref(given), options);
      connection.value = current;
      const unsubscribe = current.subscribe((next: Snapshot) => (snapshot.value = next));
      onCleanup(() => {
        unsubscribe();
        if (!isShared) current.close();
      });
    },
    { immediate: true },
  );
  return { snapshot, connection };
}
