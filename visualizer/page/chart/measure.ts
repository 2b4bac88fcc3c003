/** How wide words are, without a browser: a little wider than in any of the fonts of `chart.css`, so that nothing ever overlaps. */
import type { Word } from './graph.ts';

export type Role = Word['role'] | 'title' | 'runs';

/** In px at the sizes of {@link fontSizes}. */
export type Measure = (text: string, role: Role) => number;

/** In px; what chart.css says. */
export const fontSizes: Record<Role, number> = {
  title: 13.5,
  runs: 12,
  event: 12,
  delay: 12,
  guard: 12,
  soft: 12,
};

/** Of Helvetica and its metric siblings (Arial, Liberation Sans), in thousandths of the font's size; AFM tables. From the space to the tilde. */
const widths = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
  556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
  722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
  556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
  260, 334, 584,
];

/** Segoe UI, Roboto and San Francisco differ from Helvetica by less. What is wider still is squeezed by `textLength`. */
const slack = 1.03;
const bold = 1.07;

/** Fonts of nearly one width; none is loaded. */
export const fontFamily = '"Segoe UI", "SF Pro Text", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif';

export const measureByTable: Measure = (text, role) => {
  let sum = 0;
  for (const character of text) sum += widths[character.charCodeAt(0) - 32] ?? 1000;
  return (sum / 1000) * fontSizes[role] * slack * (role === 'title' ? bold : 1);
};

/** As the browser draws them. */
export function measureByCanvas(): Measure {
  const pen = document.createElement('canvas').getContext('2d');
  if (pen === null) return measureByTable;
  return (text, role) => {
    pen.font = `${role === 'title' ? 600 : 400} ${fontSizes[role]}px ${fontFamily}`;
    return pen.measureText(text).width;
  };
}
