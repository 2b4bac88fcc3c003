/**
 * Builds what ships of the visualizer. `@xstate/inspect` and its XState 4 are bundled into it, so that neither reaches those who install systole.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'vite';

import type { Notices } from './notices.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** `inspect.node.js`, `inspect.browser.js` and their types. @param outDir `dist/visualizer` of a package that has its `adapters/` beside */
export async function buildBridge(outDir: string, notices: Notices): Promise<void> {
  for (const platform of ['node', 'browser']) await bundle(platform, outDir, notices);
  await writeFile(join(outDir, 'entry.d.ts'), await readFile(here('entry.ts')));
  const types = await readFile(here('bridge/inspect.types.ts'), 'utf8');
  await writeFile(
    join(outDir, 'inspect.d.ts'),
    types.replace("'../../adapters/connect.ts'", "'../adapters/connect.js'").replace("'../entry.ts'", "'./entry.js'"),
  );
}

async function bundle(platform: string, outDir: string, notices: Notices): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    plugins: [notices.plugin()],
    // XState 4 asks for it, also where there is no `process`.
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2022',
      minify: false,
      lib: { entry: here(`bridge/inspect.${platform}.ts`), formats: ['es'], fileName: () => `inspect.${platform}.js` },
      rollupOptions: { external: ['ws', /^node:/] },
    },
  });
}
