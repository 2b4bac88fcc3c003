/** What TypeDoc is told of the pages: how they are called, how they begin, and where what they link to is. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

import { Comment, Converter, IndexEvent, KindRouter, MinimalSourceFile, PageEvent, ReflectionKind } from 'typedoc';

/**
 * A module is called as it is imported, and described as its file begins; a document is called as its heading says.
 * @param {Map<string, string>} entries as `entriesOf()` answers
 */
export function namePages(app, entries) {
  const names = new Map([...entries].map(([name, source]) => [source, name]));
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const text = document.content.map((part) => part.text).join('');
    document.name = text.match(/^# (.+)$/m)?.[1].replaceAll(/[`*]/g, '') ?? document.name;
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
      const source = project.files.getReflectionPath(module);
      const name = names.get(source);
      if (name === undefined) throw new Error(`no entry point is known of ${source}`);
      module.name = name;
      module.comment = commentOf(app, project, source);
    }
  });
}

/** What is linked to and copied, a file or a folder, by the name that it has among the pages. */
function foldersIn(project) {
  const linked = [...project.files.getNameToAbsoluteMap()];
  return linked.filter(([, path]) => isFolder(path)).map(([name]) => name);
}

function isFolder(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** TypeDoc takes for a module's only what has a tag. */
function commentOf(app, project, source) {
  const [, said] =
    /^\/\*\*\n?((?:(?!\*\/)[^])*)\*\/\n(?!export (?!type \{|\{|\*))/m.exec(readFileSync(source, 'utf8')) ?? [];
  if (said === undefined) return new Comment();
  const text = said.replaceAll(/^ ?\*? ?/gm, '').trim();
  return new Comment(app.converter.parseRawComment(new MinimalSourceFile(text, source), project.files).content);
}

/** What is thrown is said in the same line as why. */
export function joinThrows(app) {
  app.converter.on(Converter.EVENT_RESOLVE, (_, { comment }) => {
    for (const tag of comment?.blockTags ?? []) {
      if (tag.tag !== '@throws' || tag.typeAnnotation === undefined) continue;
      const type = tag.typeAnnotation.replaceAll(/[{}]/g, '');
      tag.content.unshift({ kind: 'code', text: `\`${type}\`` }, { kind: 'text', text: ' ' });
      delete tag.typeAnnotation;
    }
  });
}

/** The address of a document is the name of its file, whatever its heading is. */
export class Router extends KindRouter {
  getIdealBaseName(reflection) {
    if (!reflection.isDocument()) return super.getIdealBaseName(reflection);
    return `docs/${basename(reflection.project.files.getReflectionPath(reflection), '.md')}`;
  }
}

/** What has no name is not looked for, and has no place that a search could lead to. */
export function leaveOutNameless(app) {
  app.renderer.on(IndexEvent.PREPARE_INDEX, (index) => {
    for (let at = index.searchResults.length - 1; at >= 0; at -= 1) {
      if (index.searchResults[at].name.startsWith('__')) index.removeResult(at);
    }
  });
}

/** Links that open from a disk and on any server: a page by its name, and a source as a text. A folder has no page, and no link. */
export function mendLinks(app) {
  app.renderer.on(PageEvent.END, (page) => {
    for (const folder of foldersIn(page.project)) {
      page.contents = page.contents?.replaceAll(new RegExp(`<a href="[^":]*media/${folder}">(.*?)</a>`, 'g'), '$1');
    }
    page.contents = page.contents
      ?.replaceAll(/(<a [^>]*href="(?:\.\.?\/)+)(?=["#])/g, '$1index.html')
      .replaceAll(/(href="[^":]*media\/[^"#]+\.(?:tsx?|m?js|vue|svelte|json))(?=["#])/g, '$1.txt');
  });
}

/** TypeDoc passes over the code in a heading when it makes its anchor, and its place in the contents: as GitHub has it, that is its text. */
export function nameHeadings(parser) {
  parser.core.ruler.push('code_in_headings', ({ tokens, Token }) => {
    for (const [index, { type }] of tokens.entries()) {
      if (type !== 'heading_open') continue;
      for (const child of tokens[index + 1].children.filter((each) => each.type === 'code_inline')) {
        const text = new Token('text', '', 0);
        text.content = child.content;
        child.children = [text];
      }
    }
  });
}
