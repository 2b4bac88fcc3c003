/** Every block of the documents is what it says it is: a file of ours, a module that compiles, a command that there is. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { type Block, blocksIn, documents, sourcesOf } from './blocks.ts';
import { diagram } from './diagram.ts';
import { link, packed } from './packed.ts';

/** What is the app's, in blocks that show something else. */
const theApps: Readonly<Record<string, string>> = {
  apply: 'any',
  db: 'any',
  doc: 'any',
  Inbox: 'any',
  login: '() => Promise<void>',
  push: 'any',
  render: 'any',
  room: 'string',
  show: 'any',
  showLogin: '() => void',
  token: '() => Promise<string>',
  url: 'string',
  // Svelte's own.
  $state: 'any',
};

/** Packages of others that are not here: what they answer is anything. */
const elsewhere: readonly string[] = [
  '@angular/core',
  '@rails/actioncable',
  '@trpc/client',
  'react-use-websocket',
  'websocket-heartbeat-js',
  'y-websocket',
];

/** Commands that are not ours. */
const theirs: readonly string[] = [];

/** Who judges what no compiler reads. */
const judgedElsewhere: Readonly<Record<string, string>> = {
  abnf: 'nobody: it is read',
  mermaid: 'whoever draws it, and for the machine itself the file that it names',
  nginx: 'nobody: it is read',
  text: 'nobody: it is read',
  transcript: 'test/push/protocol.test.ts, which plays it',
};

const blocks = documents.flatMap(blocksIn);
const { folder, installed, remove } = packed(['ws', 'xstate']);
afterAll(remove);

test('there are blocks, each of a kind that is known', () => {
  expect(blocks.length).toBeGreaterThan(40);
  const known = new Set([
    'js',
    'ts',
    'tsx',
    'vue',
    'svelte',
    'html',
    'json',
    'console',
    ...Object.keys(judgedElsewhere),
  ]);
  expect(blocks.filter(({ language }) => !known.has(language)).map((block) => placeOf(block))).toEqual([]);
});

/** A block that is called as a file of the repository is that file; others have a name for who copies them. */
const isCopy = ({ name }: Block) => name !== undefined && existsSync(name);
const copies = blocks.filter(isCopy);

test.each(copies.map((block) => ({ ...block, place: placeOf(block) })))('$place is $name', ({ name, text }) => {
  expect(text).toBe(name === 'test/package/diagram.ts' ? diagram() : readFileSync(name!, 'utf8'));
});

/** Those that have to be shown, and how many lines they may have, empty ones aside. */
test.each([
  ['docs/MACHINE.md', 'test/package/diagram.ts', Infinity],
  ['README.md', 'examples/push.mjs', 19],
  ['docs/TESTING.md', 'examples/check-server.test.mjs', 35],
  ['docs/PUSH.md', 'examples/trusted-server.mjs', 12],
  ['docs/PUSH.md', 'examples/trusted-client.mjs', 8],
])('%s shows %s, of %i lines at most', (document, name, most) => {
  const shown = copies.find((block) => block.document === document && block.name === name);
  const lines = shown?.text.split('\n').filter((line) => line.trim() !== '');
  expect(lines?.length).toBeLessThanOrEqual(most);
});

test('a block is called as a file of the repository only where there is one', () => {
  const missing = blocks.filter(({ name }) => name?.includes('/') === true && !existsSync(name));
  expect(missing.map((block) => `${placeOf(block)}: ${block.name}`)).toEqual([]);
});

/** What is a file of ours is run where it is. */
const sources = blocks.filter((block) => !isCopy(block)).flatMap(sourcesOf);

test('every other module compiles', () => {
  install();
  for (const { path, text } of sources) write(path, text);
  const declared = Object.entries(theApps).map(([name, type]) => `declare var ${name}: ${type};`);
  write('the-apps.d.ts', [...declared, ...elsewhere.map((name) => `declare module '${name}';`)].join('\n'));
  write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['.'] }));
  const tsc = resolve('node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '--pretty', 'false'], { cwd: folder, encoding: 'utf8' });
  expect(faultsIn(stdout)).toEqual([]);
});

const compilerOptions = {
  noEmit: true,
  strict: true,
  allowJs: true,
  checkJs: true,
  skipLibCheck: true,
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable', 'dom', 'dom.iterable', 'dom.asynciterable'],
  types: ['node'],
  // As bundlers have it: for what is shown of pages, and of packages whose types are not those of a module.
  module: 'preserve',
  moduleDetection: 'force',
  allowImportingTsExtensions: true,
  // What one document names is there for the others.
  rootDirs: documents.map((document) => `./${document.replace(/\.md$/, '')}`),
  jsx: 'react-jsx',
};

/** What the modules import, of what is here. */
function install(): void {
  const imported = sources.flatMap(({ text }) =>
    [...text.matchAll(/\bfrom '((?:@[\w-]+\/)?[\w-]+)(?:\/[^']*)?'|\bimport '((?:@[\w-]+\/)?[\w-]+)/g)].map(
      ([, from, bare]) => from ?? bare!,
    ),
  );
  const typed = imported.map((name) => `@types/${name}`);
  const needed = new Set(['@types/ws', '@types/node', 'undici-types', ...imported, ...typed]);
  for (const name of needed) {
    const isThere = existsSync(join(folder, 'node_modules', name));
    if (!isThere && existsSync(join('node_modules', name))) link(folder, name);
  }
}

/** Each with its place in the document. JavaScript says no types, so none are missed of its parameters. */
function faultsIn(output: string): string[] {
  return output
    .split(/\n(?! )/)
    .filter((fault) => fault !== '' && !/\.m?js\(\d+,\d+\): error TS70\d\d:/.test(fault))
    .map((fault) => {
      const [, path, line, said] = /^(.+?)\((\d+),\d+\): ([^]*)$/.exec(fault) ?? [];
      const source = sources.find((each) => each.path === path);
      return source === undefined ? fault : `${placeOf(source.block, Number(line))}: ${said}`;
    });
}

test('nothing is excepted in vain', () => {
  const uses = (name: string) => sources.some(({ text }) => isFree(name, text));
  expect(Object.keys(theApps).filter((name) => !uses(name))).toEqual([]);
  const imports = (name: string) => sources.some(({ text }) => text.includes(`'${name}'`));
  expect(elsewhere.filter((name) => !imports(name) || existsSync(join('node_modules', name)))).toEqual([]);
  expect(theirs.filter((name) => !commands.some(({ words }) => words[0] === name))).toEqual([]);
});

/** Whether a module means somebody else's by a name. */
function isFree(name: string, text: string): boolean {
  const code = text.replaceAll(/\/\/.*$/gm, '');
  const literally = name.replace('$', '\\$');
  const declares = new RegExp(
    `\\b(?:const|let|var|function|class) ${literally}\\b|import [^;]*\\b${literally}\\b[^;]* from`,
  );
  return new RegExp(`(?<![.\\w$'])${literally}\\b(?!')`).test(code) && !declares.test(code);
}

test('what is called JSON is', () => {
  const data = blocks.filter(({ language }) => language === 'json');
  expect(data.filter(({ text }) => !isJson(text)).map((block) => placeOf(block))).toEqual([]);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const commands = blocks
  .filter(({ language }) => language === 'console')
  .flatMap((block) => block.text.split('\n').map((line, index) => ({ line, place: placeOf(block, index + 1), block })))
  .filter(({ line }) => line.startsWith('$ '))
  .flatMap(({ line, ...where }) =>
    line
      .slice('$ '.length)
      .replace(/ +#.*$/, '')
      .split(/ && | \| /)
      .map((command) => ({ command, words: wordsOf(command), ...where })),
  );

test.each(commands)('$place: $command', ({ words, block }) => {
  const [program, ...args] = words;
  if (program === 'npm') expectNpm(args);
  else if (program === 'npx' && args[0] === 'systole') expectSystole(args.slice(1));
  else if (program === 'node') expectFile(args[0]!, block);
  else expect(theirs).toContain(program);
});

function expectNpm([command, name = '']: string[]): void {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  if (command === 'run') expect(Object.keys(scripts)).toContain(name);
  else if (command === 'start' || command === 'test') expect(Object.keys(scripts)).toContain(command);
  else expect(['ci', 'install']).toContain(command);
}

/** It is typed as it is shown, and asked for no more than its help, which it gives where it has understood all before it. */
function expectSystole(args: string[]): void {
  const command = join(installed, 'dist/bin/systole.js');
  const { status, stderr } = spawnSync(process.execPath, [command, ...args, '--help'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

/** One of ours, or one that the document shows. */
function expectFile(file: string, { document }: Block): void {
  const shown = blocks.filter((block) => block.document === document).map(({ name = '' }) => basename(name));
  if (!existsSync(file)) expect(shown).toContain(file);
}

/** As a shell has them. */
function wordsOf(command: string): string[] {
  const words = command.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return words.map((word) => word.replaceAll(/['"]/g, '')).filter((word) => !/^[A-Z_]+=/.test(word));
}

function placeOf({ document, line }: Block, at = 1): string {
  return `${document}:${line + at - 1}`;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
