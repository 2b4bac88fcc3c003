/** Apps on Node: on npm `ws`, and on our class above it, which asks with RFC 6455 pings. */
import { WebSocket as Ws } from 'ws';

import { openApp } from './app.ts';
import type { StandardClass } from './library.ts';
import type { OpenApp } from './stories.ts';
import { libraries } from './suite/index.ts';

export const openOnNode: OpenApp = async (name, settings) => {
  const library = libraries[name];
  if (library === undefined) throw new Error(`there is no ${name}`);
  const app = await openApp(library, settings, Ws as unknown as StandardClass);
  return { look: () => ({ ...app.seen }), end: () => app.end() };
};
