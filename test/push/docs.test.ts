/** What the documents of push say is so: their examples run, and no option is missing; and the links of all documents lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterAll, afterEach, expect, test } from 'vitest';

import { packed } from '../package/packed.ts';
import { freePort, Run } from './docs.ts';

const { installed, remove } = packed([]);
afterAll(remove);

const runs: Run[] = [];
afterEach(async () => {
  for (const run of runs.splice(0)) await run.kill();
});

test('the first two run: what comes is heard, and a server that has forgotten is a gap', async () => {
  const port = await freePort();
  const serve = () => {
    const server = new Run('.', ['examples/trusted-server.mjs', String(port)]);
    runs.push(server);
    return server;
  };
  const first = serve();
  const client = new Run('.', ['examples/trusted-client.mjs', `ws://127.0.0.1:${port}`]);
  runs.push(client);
  await client.until('heard: news ');
  await first.kill();
  serve();
  await client.until('a gap (epoch), nobody knows how many missing');
  const behind = client.said.findIndex((line) => line.startsWith('a gap'));
  await client.until('heard: news ', behind);
  expect(client.said[0]).toBe('there is nothing that was not heard');
});

const documents = readdirSync('docs').filter((name) => name.endsWith('.md'));

test.each(['README.md', 'CONTRIBUTING.md', ...documents.map((name) => `docs/${name}`)])(
  'every link in %s leads somewhere',
  (document) => {
    const text = readFileSync(document, 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(#[^)\s]+)?\)/g)];
    expect(links).not.toEqual([]);
    const broken = links.filter(([, path = '', anchor]) => {
      const target = path === '' ? document : join(dirname(document), path);
      return !existsSync(target) || (anchor !== undefined && !anchorsIn(target).includes(anchor));
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  },
);

/** As GitHub and npm make them of headings. */
function anchorsIn(document: string): string[] {
  const headings = readFileSync(document, 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(
    ([, heading]) =>
      `#${heading!
        .toLowerCase()
        .replaceAll(/[^\p{L}\d _-]/gu, '')
        .replaceAll(' ', '-')}`,
  );
}

test('the documents are in the package', () => {
  for (const name of documents) expect(existsSync(join(installed, 'docs', name))).toBe(true);
});

test('docs/PUSH.md names every option', () => {
  const text = readFileSync('docs/PUSH.md', 'utf8');
  const missing = ['server', 'index', 'topic', 'memory', 'redis', 'nats'].flatMap((file) => {
    const source = readFileSync(`push/${file}.ts`, 'utf8');
    const interfaces = [...source.matchAll(/^export interface \w+Options\b[^{]*\{\n([^]*?)^\}/gm)];
    expect(interfaces).not.toEqual([]);
    return interfaces
      .flatMap(([, body]) => [...body!.matchAll(/^ {2}(\w+)\??:/gm)])
      .map(([, name]) => name!)
      .filter((name) => !text.includes(`\`${name}`) && !text.includes(` ${name}`));
  });
  expect(missing).toEqual([]);
});

test('its defaults are the defaults', () => {
  const rows = readFileSync('docs/PUSH.md', 'utf8').match(/^\| `.*$/gm)!;
  const sources = ['push/server', 'push/topic', 'push/memory', 'push/redis', 'push/nats', 'adapters/server'];
  const defaults = sources.flatMap((file) => [
    ...readFileSync(`${file}.ts`, 'utf8').matchAll(/\/\*\*(?:(?!\*\/)[^])*?Default ([\d,]{3,})[^]*?\*\/\s+(\w+)\?:/g),
  ]);
  expect(defaults.length).toBeGreaterThanOrEqual(11);
  for (const [, value, name] of defaults) {
    const said = rows.some((row) => row.startsWith(`| \`${name}\``) && row.includes(` ${value!.replace(/,$/, '')}`));
    expect(said, `${name}: ${value}`).toBe(true);
  }
});
