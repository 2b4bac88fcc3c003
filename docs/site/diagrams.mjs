/** Mermaid, drawn as the site is built, in the colours of the page. */
import { renderMermaidSVG } from 'beautiful-mermaid';

const colours = {
  bg: 'var(--color-background)',
  fg: 'var(--color-text)',
  muted: 'var(--color-text-aside)',
  line: 'var(--color-text-aside)',
  accent: 'var(--color-text-aside)',
  border: 'var(--color-text-aside)',
  surface: 'var(--color-background-secondary)',
  transparent: true,
};

/** @param parser TypeDoc's, of Markdown */
export function drawDiagrams(parser) {
  const fence = parser.renderer.rules.fence;
  parser.renderer.rules.fence = (tokens, index, ...others) => {
    const { info, content } = tokens[index];
    return info.trim() === 'mermaid' ? drawn(content) : fence(tokens, index, ...others);
  };
}

function drawn(source) {
  const svg = renderMermaidSVG(source, colours)
    // It asks another host for a font.
    .replace(/^\s*@import .*$/m, '')
    .replace(/font-family: 'Inter', system-ui, sans-serif/, 'font-family: inherit')
    // Its rules are for this picture, and not for each one of the page.
    .replaceAll(/^\s*(text|svg)( \{|\.)/gm, '.diagram $1$2');
  return `<figure class="diagram" role="img" aria-label="Diagram">${svg}</figure>`;
}
