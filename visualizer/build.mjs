/** `node visualizer/build.mjs`: bundles what of the visualizer is shipped. Vite runs the TypeScript of it. */
import { fileURLToPath } from 'node:url';

import { runnerImport } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await runnerImport(here('build-all.ts'), { configFile: false, logLevel: 'error', root: here('..') });
