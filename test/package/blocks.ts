/** The fenced blocks of a document, and what of them a compiler can read. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Block {
  document: string;
  /** Of the document, from 1, on which its first line is. */
  line: number;
  /** '': none was said. */
  language: string;
  /** What the comment before it says: a file of the repository that it is, or how a reader is to call it. */
  name: string | undefined;
  text: string;
}

/** What our readers are shown. */
export const documents: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

/** @throws {Error} for one that does not end */
export function blocksIn(document: string): Block[] {
  const lines = readFileSync(document, 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const [, indent, fence, language] = /^(\s*)(`{3,}|~{3,})\s*(\S*)/.exec(lines[at]!) ?? [];
    if (fence === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence);
    if (end < 0) throw new Error(`${document}:${at + 1}: a block that does not end`);
    const text = lines.slice(at + 1, end).map((line) => line.replace(indent!, ''));
    blocks.push({
      document,
      line: at + 2,
      language: language!,
      name: /^\s*<!-- (\S+) -->$/.exec(lines[at - 1] ?? '')?.[1],
      text: `${text.join('\n')}\n`,
    });
    at = end;
  }
  return blocks;
}

export interface Source {
  block: Block;
  /** In a folder of its document, under the name that others import it by. */
  path: string;
  text: string;
}

/** The modules of a block, each line where it is in the block: all of it, or its scripts. */
export function sourcesOf(block: Block): Source[] {
  const path = `${block.document.replace(/\.md$/, '')}/${block.name ?? `${block.line}.${block.language}`}`;
  switch (block.language) {
    case 'js':
    case 'ts':
      return [{ block, path, text: block.text }];
    case 'tsx':
      // React's is the compiler's own choice; what a project says once, a module says in its first line.
      return [{ block, path, text: (isSolid(block) ? '/** @jsxImportSource solid-js */ ' : '') + block.text }];
    case 'vue':
    case 'svelte':
      return scriptsOf(block, path, /<script\b([^>]*)>([^]*?)<\/script>/g);
    case 'html':
      return scriptsOf(block, path, /<script\b([^>]*\btype="module"[^>]*)>([^]*?)<\/script>/g);
    default:
      return [];
  }
}

function isSolid({ text }: Block): boolean {
  return text.includes(" from 'solid-js'");
}

function scriptsOf(block: Block, path: string, pattern: RegExp): Source[] {
  return [...block.text.matchAll(pattern)].map(({ 1: attributes = '', 2: script = '', index }, place) => ({
    block,
    path: `${path}.${place}.${attributes.includes('lang="ts"') ? 'ts' : 'js'}`,
    text: block.text.slice(0, index).replaceAll(/[^\n]/g, '') + script,
  }));
}
