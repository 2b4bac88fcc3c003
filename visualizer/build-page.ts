/** Builds the page. Our own machine is laid out here, so that the page shows it without the layout engine. */
import { fileURLToPath } from 'node:url';

import { build, type Plugin } from 'vite';

import { connectionMachine } from '../machines/connection.ts';
import { translate } from './bridge/translate.ts';
import type { Notices } from './notices.ts';
import { connectionArrangement } from './page/chart/connection.ts';
import { layoutOf } from './page/chart/layout.ts';
import { measureByTable } from './page/chart/measure.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export async function buildPage(outDir: string, notices: Notices): Promise<void> {
  await build({
    root: here('page'),
    base: './',
    configFile: false,
    logLevel: 'warn',
    resolve: { alias: { '#platform': here('../adapters/platform.ts') } },
    plugins: [ownLayout(), notices.plugin()],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      chunkSizeWarningLimit: 2_000,
      modulePreload: false,
      // Laying our chart out takes its time, and is no plugin gone astray.
      rollupOptions: { checks: { pluginTimings: false } },
    },
  });
}

/** What `layouts.ts` imports: the chart of a connection, and where everything in it is. */
function ownLayout(): Plugin {
  const name = 'virtual:own-layout';
  return {
    name: 'systole:own-layout',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    async load(id) {
      if (id !== `\0${name}`) return undefined;
      const definition = translate(connectionMachine);
      const layout = await layoutOf(definition, measureByTable, { arrangement: connectionArrangement });
      return `export const definition = ${JSON.stringify(definition)}; export const layout = ${JSON.stringify(layout)};`;
    },
  };
}
