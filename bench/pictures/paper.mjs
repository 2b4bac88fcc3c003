/** What a picture is drawn on: a size, colours in light and dark, and Plot without a browser. */
import { createHash } from 'node:crypto';

import * as Plot from '@observablehq/plot';
import { JSDOM } from 'jsdom';

const { document, XMLSerializer } = new JSDOM('').window;
const svg = 'http://www.w3.org/2000/svg';

/** px. As wide as a README is at the most. */
export const width = 760;
/** px. Nothing is smaller than 11. */
export const fontSize = 12;

/**
 * What is read has a contrast of 4.5 at least with the background (WCAG 2.2, 1.4.3), what is seen one of 3 (1.4.11); ours is blue and all else is not, which
 * everybody can tell apart.
 */
export const themes = {
  light: {
    background: '#ffffff',
    ink: '#1f2328',
    faint: '#59636e',
    grid: '#d8dee4',
    ours: '#0a5cc0',
    oursToo: '#6fa8e6',
    others: '#868e97',
    many: [
      '#b35806',
      '#117733',
      '#882255',
      '#8a6d00',
      '#6a51a3',
      '#44748a',
      '#7f2a10',
      '#5f5f5f',
      '#c2355b',
      '#3f7f00',
    ],
  },
  dark: {
    background: '#0d1117',
    ink: '#e6edf3',
    faint: '#9da7b1',
    grid: '#2d333b',
    ours: '#4ea1ff',
    oursToo: '#2f6db0',
    others: '#6e7681',
    many: [
      '#fdb863',
      '#4fbf6f',
      '#e07a9f',
      '#ddcc77',
      '#b6a4e8',
      '#88ccee',
      '#e58a60',
      '#bbbbbb',
      '#ff8fa0',
      '#a3d65c',
    ],
  },
};

/** One of Plot's, with nothing but what is asked for. */
export function plot(theme, options) {
  const made = Plot.plot({
    document,
    style: { color: theme.ink, background: 'none', fontFamily: 'system-ui, sans-serif', fontSize: `${fontSize}px` },
    ...options,
  });
  // It is for one that stands in a page by itself: there its height follows from its width.
  made.querySelector('style').remove();
  return made;
}

/** @param source what it was drawn from: a picture says which */
export function sheet(theme, { height, alt, source, parts }) {
  const page = element('svg', {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'aria-label': alt,
  });
  page.append(element('metadata', {}, digestOf(source)));
  page.append(element('rect', { width, height, rx: 6, fill: theme.background }));
  for (const { part, x = 0, y = 0 } of parts) {
    part.setAttribute('x', x);
    part.setAttribute('y', y);
    page.append(part);
  }
  return `${new XMLSerializer().serializeToString(page)}\n`;
}

/** A line of text by itself. */
export function words(theme, { text, x, y, colour = theme.ink, weight = 400 }) {
  const font = { 'font-family': 'system-ui, sans-serif', 'font-size': fontSize, 'font-weight': weight };
  return { part: element('text', { fill: colour, ...font }, text), x, y };
}

export function digestOf(source) {
  return createHash('sha256').update(source).digest('hex').slice(0, 16);
}

function element(name, attributes, text) {
  const made = document.createElementNS(svg, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  if (text !== undefined) made.textContent = text;
  return made;
}
