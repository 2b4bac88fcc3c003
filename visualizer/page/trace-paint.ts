/**
 * How the picture of a life is drawn, on the canvas of the trace. Labels have a row above everything: no line reaches into it.
 */
import type uPlot from 'uplot';

import { type Label, labelsOf, type Lane, type Picture, rateOf, type Span } from './picture.ts';
import { heightOf } from './pulse.ts';
import { inkOf, type Tone } from './tone.ts';

/** The wave of one beat: where, as a share of its width, and how high. */
const wave: readonly [number, number][] = [
  [-0.5, 0],
  [-0.32, 0.08],
  [-0.2, 0],
  [-0.1, -0.12],
  [0, 1],
  [0.1, -0.3],
  [0.2, 0],
  [0.36, 0.14],
  [0.5, 0],
];

/** What the heights are measured in: a wave is 1 high, and the row of labels is above it. */
export const heights: [number, number] = [-0.75, 1.75];

/** The row of labels, CSS px. */
const labelRow = 17;

export function ink(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#888';
}

export function toneInk(tone: Tone): string {
  return ink(inkOf[tone]);
}

/** A wave where a heart beats, a flat line where there is a line or was one, nothing where nobody looks. */
export function lineOf({ beats, spans, from, to }: Picture): uPlot.AlignedData {
  const times: number[] = [];
  const line: (number | null)[] = [];
  const point = (at: number, height: number | null) => {
    if (at < (times.at(-1) ?? -Infinity)) return;
    times.push(at);
    line.push(height);
  };
  if (spans.length === 0) return [times, line];
  point(Math.max(from, spans[0]!.from) / 1_000, 0);
  const width = Math.min((to - from) / 45, 1_200);
  for (const { at, trip } of beats) {
    const height = heightOf(trip);
    for (const [where, how] of wave) {
      const moment = at + where * width;
      if (moment <= to) point(moment / 1_000, how * height);
    }
  }
  const end = spans.find(({ word }) => word === 'closed')?.from ?? to;
  point(end / 1_000, 0);
  return [times, line];
}

/** The line changes its colour where the state changes. */
export function strokeOf(u: uPlot, spans: readonly Span[]): CanvasGradient | string {
  const { left, width } = u.bbox;
  const { min = 0, max = 1 } = u.scales['x']!;
  if (width <= 0 || max <= min) return '#888';
  const gradient = u.ctx.createLinearGradient(left, 0, left + width, 0);
  const share = (at: number) => Math.min(1, Math.max(0, (at / 1_000 - min) / (max - min)));
  const inks = new Map<Tone, string>();
  for (const { from, to, tone } of spans) {
    const tint = inks.get(tone) ?? toneInk(tone);
    inks.set(tone, tint);
    gradient.addColorStop(share(from), tint);
    gradient.addColorStop(share(to), tint);
  }
  return gradient;
}

/** What is behind the line. */
export function paintBehind(u: uPlot, picture: Picture): void {
  const { ctx, bbox } = u;
  const top = bbox.top + labelRow * devicePixelRatio;
  const height = bbox.top + bbox.height - top;
  const fill = (from: number, to: number, tint: string, leastWidth = 0) => {
    const left = Math.max(bbox.left, xOf(u, from));
    ctx.fillStyle = tint;
    ctx.fillRect(left, top, Math.max(leastWidth * devicePixelRatio, xOf(u, to) - left), height);
  };
  ctx.save();
  for (const { from, to, tone } of picture.spans) {
    ctx.globalAlpha = tone === 'dead' ? 0.2 : 0.13;
    fill(from, to, toneInk(tone));
  }
  ctx.globalAlpha = 0.22;
  for (const { from, to, received, sent } of picture.floods) {
    fill(from, to, ink(received >= sent ? '--received' : '--sent'), 3);
  }
  ctx.restore();
}

/** What is before it. */
export function paintBefore(u: uPlot, picture: Picture, cursor: number | undefined, hues: Hues): void {
  if (picture.lanes.length > 0) paintLanes(u, picture, hues);
  else {
    paintMessages(u, picture);
    paintLosses(u, picture);
    paintLabels(u, picture);
  }
  if (cursor !== undefined) paintCursor(u, cursor);
}

/** What came hangs below the line, what went stands beside it; a flood is a band, the thicker the more of it there was. */
function paintMessages(u: uPlot, { ticks, floods }: Picture): void {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const ways = [
    { of: 'received', tint: ink('--received'), base: u.valToPos(-0.42, 'y', true), way: 1 },
    { of: 'sent', tint: ink('--sent'), base: u.valToPos(-0.38, 'y', true), way: -1 },
  ] as const;
  ctx.save();
  for (const { of, tint, base, way } of ways) {
    ctx.strokeStyle = tint;
    ctx.lineWidth = ratio;
    ctx.beginPath();
    for (const tick of ticks) {
      if (tick[of] === 0) continue;
      const x = xOf(u, tick.at);
      ctx.moveTo(x, base);
      ctx.lineTo(x, base + way * ratio * lengthOf(tick[of]));
    }
    ctx.stroke();
    ctx.fillStyle = tint;
    for (const flood of floods) {
      const rate = rateOf(flood, flood[of]);
      if (rate === 0) continue;
      const x = xOf(u, flood.from);
      const height = ratio * lengthOf(rate);
      ctx.fillRect(x, way > 0 ? base : base - height, Math.max(3 * ratio, xOf(u, flood.to) - x), height);
    }
  }
  ctx.restore();
}

/** Of so many messages, px. */
function lengthOf(count: number): number {
  return 3 + Math.min(6, 2 * Math.log10(count));
}

function paintLosses(u: uPlot, { losses }: Picture): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = toneInk('dead');
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (const at of losses) {
    const x = xOf(u, at);
    ctx.moveTo(x, bbox.top + labelRow * devicePixelRatio);
    ctx.lineTo(x, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}

function paintLabels(u: uPlot, picture: Picture): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const padding = 4;
  ctx.save();
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  const widthOf = measureIn(ctx);
  const box = { left: bbox.left / ratio, right: (bbox.left + bbox.width) / ratio };
  const labels = labelsOf(
    picture.sayings,
    (at) => xOf(u, at) / ratio,
    (text) => widthOf(text) + 2 * padding,
    box,
  );
  for (const { kind, text, x, width } of labels) {
    const tint = kind === 'loss' ? toneInk('dead') : ink('--ink');
    ctx.globalAlpha = 0.16;
    ctx.fillStyle = tint;
    ctx.fillRect(x * ratio, bbox.top, width * ratio, (labelRow - 2) * ratio);
    ctx.globalAlpha = 1;
    ctx.fillStyle = kind === 'loss' ? ink('--ink') : tint;
    ctx.fillText(text, (x + padding) * ratio, bbox.top + ((labelRow - 1) / 2) * ratio);
  }
  tellPlaces(u, labels);
  ctx.restore();
}

/** Where the labels stand, for tests. */
function tellPlaces(u: uPlot, labels: readonly Label[]): void {
  u.root.dataset['labels'] = JSON.stringify(labels);
}

/** How the states of another machine are told apart: its hue, 0–360, by what a lane says. */
export type Hues = (word: string) => number;

/** By its place among all that can be said; what is none of them has a hue of its own as well. */
export function huesOf(words: readonly string[]): Hues {
  const places = new Map(words.map((word, i) => [word, i]));
  return (word) => {
    const place = places.get(word) ?? sumOf(word);
    // By the golden angle, neighbours are far from each other, however many there are.
    return (place * 137.508 + 200) % 360;
  };
}

function sumOf(word: string): number {
  let sum = 7;
  for (let i = 0; i < word.length; i += 1) sum = (sum * 31 + word.charCodeAt(i)) % 9_973;
  return sum;
}

/** Of a band, and of the words in it. */
export function bandInks(hue: number, isDark: boolean): { fill: string; text: string } {
  return isDark
    ? { fill: `hsl(${hue.toFixed(0)} 45% 26%)`, text: '#ffffff' }
    : { fill: `hsl(${hue.toFixed(0)} 65% 82%)`, text: '#101722' };
}

function paintLanes(u: uPlot, { lanes, folded }: Picture, hues: Hues): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const isDark = getComputedStyle(document.documentElement).colorScheme === 'dark';
  ctx.save();
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  const widthOf = measureIn(ctx);
  const free = folded.length > 0 ? labelRow * ratio : 2 * ratio;
  const each = Math.min(24 * ratio, (bbox.height - free) / lanes.length);
  for (const [i, lane] of lanes.entries()) {
    const top = bbox.top + free + i * each;
    for (const { from, to, word } of lane.spans) {
      const left = xOf(u, from);
      const width = Math.max(ratio, xOf(u, to) - left - ratio);
      const inks = bandInks(hues(word), isDark);
      ctx.fillStyle = inks.fill;
      ctx.fillRect(left, top, width, each - 2 * ratio);
      const text = nameIn(lane, word, (said) => widthOf(said) * ratio + 8 * ratio <= width);
      if (text === undefined) continue;
      ctx.fillStyle = inks.text;
      ctx.fillText(text, left + 4 * ratio, top + (each - ratio) / 2);
    }
  }
  if (folded.length > 0) {
    ctx.fillStyle = ink('--ink-soft');
    ctx.textAlign = 'right';
    const names = folded.join(', ');
    const text = [`+${folded.length} more: ${names}`, `+${folded.length}`].find(
      (said) => widthOf(said) * ratio <= bbox.width / 2,
    );
    ctx.fillText(text ?? '', bbox.left + bbox.width - 2 * ratio, bbox.top + free / 2);
  }
  ctx.restore();
}

function nameIn({ name }: Lane, word: string, fits: (text: string) => boolean): string | undefined {
  const texts = [...(name === '' ? [] : [`${name}: ${word}`]), word, word.split(' · ').at(-1)!];
  return texts.find(fits);
}

function paintCursor(u: uPlot, cursor: number): void {
  const { ctx, bbox } = u;
  const x = xOf(u, cursor);
  ctx.save();
  ctx.strokeStyle = ink('--ink');
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top + labelRow * devicePixelRatio);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

/** Canvas px. */
function xOf(u: uPlot, at: number): number {
  return u.valToPos(at / 1_000, 'x', true);
}

const widths = new Map<string, number>();

/** Texts are measured once, CSS px: asked ten times a second, the canvas would do it anew. */
function measureIn(ctx: CanvasRenderingContext2D): (text: string) => number {
  const font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.font = font;
  return (text) => {
    const key = `${font} ${text}`;
    if (widths.size > 1_000) widths.clear();
    const width = widths.get(key) ?? ctx.measureText(text).width;
    widths.set(key, width);
    return width / devicePixelRatio;
  };
}
