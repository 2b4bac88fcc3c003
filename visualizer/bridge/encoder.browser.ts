/**
 * The real `inspect()` of `@xstate/inspect`, once per page. It is given a window of ours to post to, and none to listen to: it would hear anybody,
 * and an `unload` listener keeps a page out of the back/forward cache.
 */
import { createDevTools, inspect } from '@xstate/inspect';

import type { Entry } from '../entry.ts';
import { encoder, type InspectorFrame, type Inspector } from './services.ts';

let encode: ((entry: Entry) => InspectorFrame[]) | undefined;

export function framesOf(entry: Entry): InspectorFrame[] {
  encode ??= encoder(open());
  return encode(entry);
}

function open(): Inspector {
  const devTools = createDevTools();
  const targetWindow = { postMessage: () => {} } as unknown as Window;
  const inspector = withoutListening(() => inspect({ url: location.href, iframe: false, targetWindow, devTools }));
  return {
    devTools,
    send: (event) => inspector?.send(event as never),
  };
}

function withoutListening<T>(call: () => T): T {
  const own = Object.getOwnPropertyDescriptor(window, 'addEventListener');
  Object.defineProperty(window, 'addEventListener', { value: () => {}, configurable: true, writable: true });
  try {
    return call();
  } finally {
    if (own === undefined) Reflect.deleteProperty(window, 'addEventListener');
    else Object.defineProperty(window, 'addEventListener', own);
  }
}
