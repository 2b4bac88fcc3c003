/** The site as it was built: whole, and by itself. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inflateSync } from 'node:zlib';

import { chromium } from 'playwright';
import { expect, test } from 'vitest';

import { findChromium, quietly } from '../helpers/find-chromium.ts';
import { entries } from '../package/declarations.ts';

const site = 'docs/site/dist';
const executablePath = await findChromium();
const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((file) =>
  statSync(join(site, file)).isFile(),
);
const pages = new Map(
  files.filter((file) => file.endsWith('.html')).map((file) => [file, readFileSync(join(site, file), 'utf8')]),
);
/** A picture of icons has places, too. */
const ids = new Map(
  files.filter((file) => /\.(?:html|svg)$/.test(file)).map((file) => [file, valuesOf(textOf(file), 'id')]),
);

test('it has a page for the README, for every document, and for every entry point', () => {
  const titles = [...pages.values()].map((html) => /<title>(.*?)<\/title>/.exec(html)?.[1]);
  const documents = readdirSync('docs').filter((file) => file.endsWith('.md'));
  const headings = documents.map((file) => /^# (.+)$/m.exec(readFileSync(join('docs', file), 'utf8'))![1]!);
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: object };
  const others = Object.keys(exports).filter((name) => name.startsWith('./') && !/\*|\.json$/.test(name));
  const names = [
    ...headings.map((heading) => heading.replaceAll(/[`*]/g, '')),
    ...entries,
    ...others.map((name) => `systole${name.slice(1)}`),
  ];
  expect(names.length).toBeGreaterThan(20);
  expect(titles).toEqual(expect.arrayContaining(['systole', ...names.map((name) => `${name} | systole`)]));
});

test('every link in it leads somewhere, and every anchor is there', () => {
  const broken = [...pages].flatMap(([file, html]) =>
    [...valuesOf(html, 'href'), ...valuesOf(html, 'src'), ...valuesOf(html, 'srcset')]
      .filter((link) => !/^(?:https?|data):/.test(link) && !leadsSomewhere(file, link))
      .map((link) => `${file}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('so does every link of its navigation, and of its search', () => {
  const navigation = JSON.stringify(packedIn('navigation.js'));
  const search = JSON.stringify(packedIn('search.js'));
  const paths = [...navigation.matchAll(/"path":"(.*?)"/g), ...search.matchAll(/"url":"(.*?)"/g)];
  expect(paths.length).toBeGreaterThan(300);
  expect(paths.map(([, path]) => path!).filter((path) => !leadsSomewhere('index.html', path))).toEqual([]);
});

test('it loads nothing from elsewhere', () => {
  const asked = [...pages].flatMap(([file, html]) =>
    [...html.matchAll(/<(?:script|img|source|iframe|link|video|audio|object|embed)\b[^>]*>/g)]
      .filter(([tag]) => /(?:src|srcset|href|data)="(?:https?:)?\/\//.test(tag))
      .map(([tag]) => `${file}: ${tag}`),
  );
  const styles = [...pages.values(), ...files.filter((file) => file.endsWith('.css')).map(textOf)];
  const imported = styles.flatMap((text) => text.match(/@import[^;]*|url\(\s*["']?(?:https?:)?\/\/[^)]*\)/g) ?? []);
  expect({ asked, imported }).toEqual({ asked: [], imported: [] });
});

test.skipIf(executablePath === undefined)('nor do its scripts, when it is read and searched', async () => {
  const browser = await chromium.launch({ executablePath: executablePath!, args: [...quietly] });
  const page = await browser.newPage();
  const requests: string[] = [];
  const troubles: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => troubles.push(error.message));
  try {
    for (const file of ['index.html', 'modules/systole.html', 'interfaces/systole.ConnectOptions.html'])
      await page.goto(pathToFileURL(join(site, file)).href);
    await page.locator('#tsd-search-trigger').click();
    await page.locator('#tsd-search-input').pressSequentially('detectionBound');
    await page.locator('#tsd-search-results a').first().click();
    await page.getByRole('heading', { name: 'detectionBound' }).first().waitFor();
  } finally {
    await browser.close();
  }
  expect(requests.length).toBeGreaterThan(10);
  expect(requests.filter((url) => !/^(?:file|data|blob):/.test(url))).toEqual([]);
  expect(troubles).toEqual([]);
});

test('every diagram is drawn', () => {
  const source = [readFileSync('README.md', 'utf8'), ...documentsIn('docs')].join('\n');
  const diagrams = [...pages.values()].flatMap((html) => html.match(/<figure class="diagram"[^]*?<\/figure>/g) ?? []);
  expect(diagrams).toHaveLength(source.match(/^```mermaid$/gm)?.length ?? 0);
  for (const diagram of diagrams) expect(diagram).toMatch(/<svg [^]*<text /);
});

function documentsIn(folder: string): string[] {
  const names = readdirSync(folder).filter((file) => file.endsWith('.md'));
  return names.map((file) => readFileSync(join(folder, file), 'utf8'));
}

function leadsSomewhere(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#').map(decodeURIComponent);
  const target = path === '' ? from : relative('.', join(dirname(from), path));
  if (anchor === undefined || anchor === '') return existsSync(join(site, target)) && files.includes(target);
  // A source is shown as a text, which has no anchors.
  return ids.get(target)?.includes(anchor) ?? false;
}

function valuesOf(html: string, attribute: string): string[] {
  return [...html.matchAll(new RegExp(` ${attribute}="([^"]*)"`, 'g'))].map(([, value]) =>
    value!.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#x27;', "'"),
  );
}

function textOf(file: string): string {
  return readFileSync(join(site, file), 'utf8');
}

/** What TypeDoc has packed into a script. */
function packedIn(script: string): unknown {
  const packed = /"([A-Za-z\d+/=]{100,})"/.exec(textOf(`assets/${script}`))?.[1] ?? '';
  return JSON.parse(inflateSync(Buffer.from(packed, 'base64')).toString());
}
