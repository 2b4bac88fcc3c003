/** What is bundled into the package: built for those who install it, with nothing of the machine that built it, and each part with its licence. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { build } from 'vite';
import { expect, onTestFinished, test } from 'vitest';

interface Packed {
  files: { path: string }[];
}

/** By their paths in the tarball. What is packed has been built before the tests. */
function packed(): Map<string, string> {
  const told = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' });
  const [{ files }] = JSON.parse(told) as [Packed];
  return new Map(files.map(({ path }) => [path, readFileSync(path, 'utf8')]));
}

/** Of the machine that builds. */
const folders = [resolve('.'), homedir(), process.execPath].filter((path) => path.length > 1);

/** What only builds for development have. */
const development = [
  /\bjsxDEV\b/,
  /_jsxFileName/,
  // Preact's own code has the name, and a value for it in none but those.
  /\b__source:/,
  /\blineNumber:/,
  /["'`]\/\S*\/(?:visualizer|node_modules)\/\S*["'`]/,
  /\.tsx["'`]/,
  /process\.env\.NODE_ENV/,
  /import\.meta\.(?:hot|env)\b/,
  /sourceMappingURL/,
];

test('nothing of the machine that built it, and nothing that is for development, is in what is packed', () => {
  const files = packed();
  const bundles = [...files].filter(([path]) => /^dist\/visualizer\/.*\.(?:js|css|html)$/.test(path));
  expect(bundles.length).toBeGreaterThan(3);
  const found = [
    ...[...files].flatMap(([path, text]) =>
      folders.filter((folder) => text.includes(folder)).map((each) => [path, each]),
    ),
    ...bundles.flatMap(([path, text]) =>
      development.flatMap((sign) => (sign.exec(text) ?? []).map((each) => [path, each])),
    ),
  ];
  expect(found).toEqual([]);
  expect([...files.keys()].filter((path) => path.endsWith('.map'))).toEqual([]);
});

/** Of the packages whose files the bundler has read for this entry, as its source map names them. */
async function bundledInto(entry: string, external: (string | RegExp)[] = []): Promise<Set<string>> {
  const outDir = mkdtempSync(join(tmpdir(), 'systole-bundled-'));
  onTestFinished(() => rmSync(outDir, { recursive: true }));
  const output = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { alias: { '#platform': resolve('adapters/platform.ts') } },
    plugins: [
      {
        name: 'no-layout',
        resolveId: (id) => (id === 'virtual:own-layout' ? `\0${id}` : undefined),
        load: (id) =>
          id === '\0virtual:own-layout' ? 'export const definition = {}; export const layout = {};' : undefined,
      },
    ],
    build: { outDir, write: false, sourcemap: true, minify: false, rollupOptions: { input: resolve(entry), external } },
  });
  const chunks = [output].flat().flatMap((each) => ('output' in each ? each.output : []));
  const modules = chunks.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []));
  return new Set(modules.flatMap((module) => packageOf(module) ?? []));
}

function packageOf(module: string): string | undefined {
  if (module.startsWith('\0vite/')) return 'vite';
  if (module.startsWith('\0rolldown/')) return 'rolldown';
  const [, ...within] = module.split('/node_modules/');
  const found = /^(?:@[^/]+\/)?[^/]+/.exec(within.at(-1) ?? '')?.[0];
  if (found === undefined) return undefined;
  const folder = module.slice(0, module.lastIndexOf('/node_modules/')).replace(/^\0/, '');
  const { version } = JSON.parse(readFileSync(join(folder, 'node_modules', found, 'package.json'), 'utf8')) as {
    version: string;
  };
  return `${found} ${version}`;
}

test('every package that is bundled is named, with its licence; where the source of what asks for it can be had is said', async () => {
  const notices = packed().get('dist/visualizer/LICENSES.md') ?? '';
  const sections = new Map(
    notices
      .split(/^## (?=.* \d+\.\d+\.\d+ \()/m)
      .slice(1)
      .map((section) => [/^(.*) \(/.exec(section)?.[1] ?? '', section]),
  );
  const ws = ['ws', /^node:/];
  const bundled = new Set([
    ...(await bundledInto('visualizer/page/index.html')),
    ...(await bundledInto('visualizer/bridge/inspect.node.ts', ws)),
    ...(await bundledInto('visualizer/bridge/inspect.browser.ts', ws)),
  ]);
  const named = [...sections.keys()];
  expect(bundled.size).toBeGreaterThan(8);
  expect([...bundled].filter((each) => !named.some((name) => name === each || name.startsWith(`${each} `)))).toEqual(
    [],
  );
  const lean = [...sections].filter(
    ([, text]) => !/copyright|licensed under|public license/i.test(text) || text.length < 900,
  );
  expect(lean.map(([name]) => name)).toEqual([]);
  const elk = [...sections].find(([name]) => name.startsWith('elkjs '))?.[1] ?? '';
  expect(elk).toContain('https://github.com/kieler/elkjs');
  for (const license of ['Eclipse Public License - v 2.0', 'Apache License']) expect(elk).toContain(license);
  expect(readFileSync('README.md', 'utf8')).toContain('dist/visualizer/LICENSES.md');
});
