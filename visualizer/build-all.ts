/** Builds all of the visualizer that is shipped, while it is imported: what runs it is gone afterwards. */
import { fileURLToPath } from 'node:url';

import { buildPage } from './build-page.ts';
import { buildBridge } from './build.ts';

const dist = (path: string) => fileURLToPath(new URL(`../dist/visualizer/${path}`, import.meta.url));

await buildBridge(dist('.'));
await buildPage(dist('page'));
