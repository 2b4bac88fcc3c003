/**
 * The real `@xstate/inspect/lib/server.js`, once per process: it keeps its services for the whole of it. It is given a server without clients and a
 * client of ours, since its own would tell every page what one has asked for, and throw for what is no JSON.
 */
import { inspect } from '@xstate/inspect/lib/server.js';

import type { Entry } from '../entry.ts';
import { encoder, type InspectorFrame, type Inspector } from './services.ts';

let encode: ((entry: Entry) => InspectorFrame[]) | undefined;

export function framesOf(entry: Entry): InspectorFrame[] {
  encode ??= encoder(open());
  return encode(entry);
}

function open(): Inspector {
  const global = globalThis as { __xstate__?: unknown };
  const before = Object.getOwnPropertyDescriptor(global, '__xstate__');
  const server = { clients: new Set(), on: () => {} };
  const inspector = inspect({ server: server as never });
  const devTools = global.__xstate__ as Inspector['devTools'];
  // It belongs to the app's own XState 4, if to anyone.
  if (before === undefined) delete global.__xstate__;
  else Object.defineProperty(global, '__xstate__', before);
  return { devTools, send: (event) => inspector.send(event as never) };
}
