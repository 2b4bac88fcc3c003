/**
 * `npm run docs`: README.md, docs/*.md, and a reference of every entry point from its docstrings, as a site of static pages in `docs/site/dist`.
 * It is whole by itself: no page loads anything from elsewhere. A warning is a failure.
 */
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Application } from 'typedoc';

import { drawDiagrams } from './diagrams.mjs';
import { entriesOf } from './entries.mjs';
import { joinThrows, leaveOutNameless, mendLinks, nameHeadings, namePages, Router } from './pages.mjs';
import { unnamed } from './unnamed.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const root = here('../..');
const dist = here('dist');

/** These come first, in this order; then all others, by the alphabet. */
const order = [
  'WHY OPTIONS NUMBERS USERS VIEWS MESSAGES TOKENS WEBSOCKET COMING-FROM DIALECTS PUSH MACHINE CHECK TESTING SEE CLI LIMITS',
  'BENCH LIBRARIES PROTOCOL',
].flatMap((names) => names.split(' '));

function documents() {
  const place = (file) => (order.indexOf(file.slice(0, -'.md'.length)) + 1000) % 1000;
  const guides = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'));
  return [
    ...guides.toSorted((a, b) => place(a) - place(b)).map((file) => join(root, 'docs', file)),
    join(root, 'CONTRIBUTING.md'),
    join(root, 'CHANGELOG.md'),
  ];
}

const entries = entriesOf(root);
const app = await Application.bootstrap({
  name: 'systole',
  entryPoints: [...entries.values()],
  tsconfig: here('tsconfig.json'),
  basePath: root,
  readme: join(root, 'README.md'),
  projectDocuments: documents(),
  out: dist,
  router: 'by-file',
  customCss: here('style.css'),
  hideGenerator: true,
  includeHierarchySummary: false,
  // Where the sources are read is no business of the pages.
  disableSources: true,
  preservedTypeAnnotationTags: ['@throws'],
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  sort: ['kind', 'source-order'],
  kindSortOrder: [
    'Document',
    'Project',
    'Module',
    'Function',
    'Class',
    'Variable',
    'Interface',
    'TypeAlias',
    'Constructor',
    'Property',
    'Accessor',
    'Method',
    'Reference',
  ],
  sortEntryPoints: false,
  groupOrder: [
    'Functions',
    'Classes',
    'Variables',
    'Interfaces',
    'Type Aliases',
    'Constructors',
    'Properties',
    'Accessors',
    'Methods',
    '*',
  ],
  navigation: { includeGroups: false, includeFolders: false, excludeReferences: true },
  headings: { readme: false, document: false },
  highlightLanguages: [
    'javascript',
    'typescript',
    'tsx',
    'json',
    'html',
    'vue',
    'svelte',
    'console',
    'bash',
    'nginx',
    'css',
  ],
  // Ours, drawn, or just text.
  ignoredHighlightLanguages: ['mermaid', 'abnf', 'transcript', 'text'],
  markdownItLoader(parser) {
    nameHeadings(parser);
    drawDiagrams(parser);
  },
  intentionallyNotExported: unnamed,
  treatWarningsAsErrors: true,
});
app.renderer.defineRouter('by-file', Router);
namePages(app, entries);
joinThrows(app);
leaveOutNameless(app);
mendLinks(app);

rmSync(dist, { recursive: true, force: true });
const project = await app.convert();
if (project === undefined) process.exit(1);
// Paths have been looked for: what is left is folders.
app.options.setValue('validation', { ...app.options.getValue('validation'), invalidPath: false });
app.validate(project);
await app.generateOutputs(project);
for (const file of readdirSync(join(dist, 'media'))) {
  if (/\.(?:tsx?|m?js|vue|svelte|json)$/.test(file))
    renameSync(join(dist, 'media', file), join(dist, 'media', `${file}.txt`));
}
process.exitCode = app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0;
