/** Builds all of the visualizer that is shipped, while it is imported: what runs it is gone afterwards. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { buildPage } from './build-page.ts';
import { buildBridge } from './build.ts';
import { Notices } from './notices.ts';

const dist = (path: string) => fileURLToPath(new URL(`../dist/visualizer/${path}`, import.meta.url));

const notices = new Notices();
await buildBridge(dist('.'), notices);
await buildPage(dist('page'), notices);
await writeFile(dist('LICENSES.md'), String(notices));
