/**
 * What is bundled into the bridge and the page, by whom it is, and under which licence: all of it in one file, which ships beside them.
 *
 * A package without a licence text fails the build: what cannot be given credit is not given away.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Plugin } from 'vite';

interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));

/** Of what a bundler adds itself, by the beginning of the module's name. */
const helpers: readonly (readonly [prefix: string, folder: string])[] = [
  ['\0vite/', join(root, 'node_modules/vite')],
  ['\0rolldown/', join(root, 'node_modules/rolldown')],
];

/** `@xstate/inspect` comes without a text; it is developed in the repository of XState, under the licence of that (github.com/statelyai/xstate). */
const textsElsewhere: Readonly<Record<string, string>> = {
  '@xstate/inspect': join(root, 'visualizer/node_modules/xstate/LICENSE'),
};

/** EPL-2.0 section 3.1: who distributes it in another form than its source says where that can be had. */
const sources: Readonly<Record<string, string>> = {
  elkjs:
    'It is distributed here under EPL-2.0, minified and otherwise unchanged. Its source code can be had at <https://github.com/kieler/elkjs>, under the tag of this version, and in the npm package of this name and version; that of the Eclipse Layout Kernel, which it is made of, at <https://github.com/eclipse-elk/elk>.',
};

/** What is compiled into a package and is not under its licence, with the text that it has to come with. */
const within: Readonly<Record<string, { what: string; text: string }>> = {
  elkjs: {
    what: 'Compiled into it are parts of GWT (<https://github.com/gwtproject/gwt>) and of Guava (<https://github.com/google/guava>), under the Apache License 2.0:',
    // The same text, for another of those that are under it.
    text: join(root, 'node_modules/typescript/LICENSE'),
  },
};

export class Notices {
  readonly #packages = new Map<string, BundledPackage>();

  /** For each build: notes what is in its output. */
  plugin(): Plugin {
    return {
      name: 'systole:notices',
      generateBundle: (_, bundle) => {
        for (const file of Object.values(bundle)) {
          if (file.type === 'chunk') for (const module of file.moduleIds) this.#note(module);
        }
      },
    };
  }

  toString(): string {
    const all = [...this.#packages.values()].toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
    return `# What is bundled here, and its licences\n\n${all.map(sectionOf).join('').trimEnd()}\n`;
  }

  #note(module: string): void {
    const folder = folderOf(module);
    if (folder === undefined) return;
    const found = packageIn(folder);
    this.#packages.set(idOf(found), found);
  }
}

function sectionOf(found: BundledPackage): string {
  const source = sources[found.name];
  const more = within[found.name];
  return [
    `## ${idOf(found)} (${found.license})`,
    ...(source === undefined ? [] : [source]),
    quoted(found.text),
    ...(more === undefined ? [] : [more.what, quoted(readFileSync(more.text, 'utf8').trim())]),
    '',
  ].join('\n\n');
}

function quoted(text: string): string {
  return `~~~text\n${text}\n~~~`;
}

function idOf({ name, version }: BundledPackage): string {
  return `${name} ${version}`;
}

/** Undefined: it is of our own. */
function folderOf(module: string): string | undefined {
  const helper = helpers.find(([prefix]) => module.startsWith(prefix));
  if (helper !== undefined) return helper[1];
  const [path = ''] = module.replace(/^\0/, '').split('?');
  if (!path.includes(`${sep}node_modules${sep}`)) return undefined;
  let folder = dirname(path);
  // A folder within a package may have a `package.json` of its own, which says no more than how it is read.
  while (!(existsSync(join(folder, 'package.json')) && manifestIn(folder).version)) folder = dirname(folder);
  return folder;
}

function packageIn(folder: string): BundledPackage {
  const { name = '', version = '', license = '' } = manifestIn(folder);
  const file = readdirSync(folder).find((each) => /^(?:licen[cs]e|copying)(?:\.(?:md|txt))?$/i.test(each));
  const path = file === undefined ? textsElsewhere[name] : join(folder, file);
  if (license === '' || path === undefined)
    throw new Error(
      `${name} ${version} is bundled, and comes without a licence: name its text in visualizer/notices.ts`,
    );
  // Vite's goes on with those of what it bundles itself, of which nothing is here.
  const [text = ''] = readFileSync(path, 'utf8').split(/^# Licenses of bundled dependencies$/m);
  return { name, version, license, text: text.trim() };
}

function manifestIn(folder: string): { name?: string; version?: string; license?: string } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as object;
}
