/** `npm run bench -- draw`, and at the end of a run in which everything was measured: pictures and documentation, from `results/*.json`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { runnerImport } from 'vite';

import { themes } from './paper.mjs';
import { pictures } from './pictures.mjs';

const results = new URL('../results/', import.meta.url);
const text = await typeScript('../text.ts');

for (const [question, { alt, by, of }] of Object.entries(pictures)) {
  const file = new URL(`${question}.json`, results);
  if (!existsSync(file)) continue;
  const source = readFileSync(file, 'utf8');
  for (const [name, theme] of Object.entries(themes)) {
    const svg = by(JSON.parse(source), { theme, alt, source, text }, of);
    writeFileSync(new URL(`${question}-${name}.svg`, results), svg);
  }
}

const { writeDocuments } = await typeScript('../documents.ts');
writeDocuments();

async function typeScript(path) {
  const at = (relative) => fileURLToPath(new URL(relative, import.meta.url));
  const { module } = await runnerImport(at(path), { configFile: false, logLevel: 'error', root: at('../..') });
  return module;
}
