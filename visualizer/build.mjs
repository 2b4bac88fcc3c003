/** `node visualizer/build.mjs`: bundles what of the visualizer is shipped. Vite runs the TypeScript of it. */
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// Whoever starts this: Vite would otherwise take what it runs here for a development server, and what that builds for development. Such a build names
// the folders of this machine (`jsxDEV`, Vite `config.isProduction`).
process.env.NODE_ENV = 'production';
const { runnerImport } = await import('vite');

await runnerImport(here('build-all.ts'), { configFile: false, logLevel: 'error', root: here('..') });
