/** Where results are shown: between markers of the README and of `docs/BENCH.md`, from `results/*.json`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { figures, type Findings } from './figures.ts';
import type { Kept } from './report.ts';
import { markdown } from './text.ts';

const root = new URL('..', import.meta.url);
const documents = ['README.md', 'docs/BENCH.md'] as const;

/** What stands between `<!-- results: NAME -->` and `<!-- end of NAME -->`. */
const place = /(<!-- results: (\S+) -->).*?(<!-- end of \2 -->)/gs;

/** Of the README, which is short. */
const few = 5;

export function writeDocuments(): void {
  const findings = kept();
  for (const document of documents) {
    writeFileSync(new URL(document, root), withResults(document, findings));
  }
}

/** What there is in `results/`, for the places that `docs/BENCH.md` has. */
export function kept(): Findings {
  const page = readFileSync(new URL('docs/BENCH.md', root), 'utf8');
  const found = placesIn(page).flatMap((question): [string, Kept][] => {
    const file = new URL(`bench/results/${question}.json`, root);
    return existsSync(file) ? [[question, JSON.parse(readFileSync(file, 'utf8')) as Kept]] : [];
  });
  return new Map(found);
}

/** The names of a text's places. */
export function placesIn(text: string): string[] {
  return [...text.matchAll(place)].map(([, , name]) => name!);
}

/** A document as it has to be. What has not been measured leaves its place as it is. */
export function withResults(document: (typeof documents)[number], findings: Findings): string {
  const text = readFileSync(new URL(document, root), 'utf8');
  const folder = document.includes('/') ? '../bench/results' : 'bench/results';
  return text.replaceAll(place, (whole, begin: string, name: string, end: string) => {
    const said = contentOf(name, findings, folder);
    return said === undefined ? whole : `${begin}\n${said}\n${end}`;
  });
}

function contentOf(name: string, findings: Findings, folder: string): string | undefined {
  if (name === 'few' && findings.size > 0)
    return [pictureOf('alarms', folder), figures(findings, few)].filter((part) => part !== undefined).join('\n\n');
  if (name === 'figures' && findings.size > 0) return figures(findings);
  const results = findings.get(name);
  if (results === undefined) return undefined;
  const { question, how, measured } = results;
  return [pictureOf(question, folder), how, markdown(results), circumstances(measured)]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

/** Undefined: nobody has drawn one. */
function pictureOf(question: string, folder: string): string | undefined {
  const file = new URL(`bench/results/${question}-light.svg`, root);
  if (!existsSync(file)) return undefined;
  const [, alt] = /aria-label="([^"]*)"/.exec(readFileSync(file, 'utf8'))!;
  const [dark, light] = ['dark', 'light'].map((theme) => `${folder}/${question}-${theme}.svg`);
  return `<picture><source media="(prefers-color-scheme: dark)" srcset="${dark}"><img alt="${alt}" src="${light}"></picture>`;
}

function circumstances({ date, machine, versions }: Kept['measured']): string {
  const { systole, node, ws, ...others } = versions;
  const named = Object.entries(others).map(([name, version]) => `${name} ${version}`);
  return `${date}; ${machine}; ${[`Node ${node}`, `systole ${systole}`, `ws ${ws}`, ...named].join(', ')}.`;
}
