/**
 * The heart trace: time runs along it. A heartbeat that is answered is a pulse as high as its round trip was long, messages are ticks, doubt is amber, a
 * dead line is flat.
 */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

import type { Entry } from '../entry.ts';
import { clockOf, milliseconds, roundTripIn, seconds } from './figures.ts';
import { type LifeStory, stateWord } from './life.ts';
import { cursor, look, news, now, shown, time } from './store.ts';

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

/** A round trip this long, ms, is a pulse of full height; those beyond are no higher. */
const tallest = 500;
const least = 0.35;

interface Span {
  from: number;
  to: number;
  word: string;
}

interface Mark {
  at: number;
  text: string;
}

interface Picture {
  spans: Span[];
  marks: Mark[];
  beats: { at: number; trip: number }[];
  /** Messages that came or went. */
  ticks: { at: number; received: number; sent: number }[];
}

export function Trace({ span }: { span: number }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const drawn = useRef<Picture>({ spans: [], marks: [], beats: [], ticks: [] });

  useEffect(() => {
    const element = place.current!;
    const options: uPlot.Options = {
      width: element.clientWidth || 600,
      height: element.clientHeight || 140,
      padding: [6, 0, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: true, auto: false }, y: { auto: false, range: [-0.75, 1.35] } },
      axes: [
        {
          stroke: () => ink('--ink-soft'),
          grid: { show: false },
          ticks: { show: false },
          font: '11px system-ui',
          size: 20,
          gap: 2,
          values: (_, times) => times.map((each) => clockOf(each * 1_000).slice(0, 8)),
        },
        { show: false },
      ],
      series: [
        {},
        { stroke: (u) => strokeOf(u, drawn.current.spans), width: 2, spanGaps: false, points: { show: false } },
      ],
      hooks: {
        drawClear: [(u) => drawBands(u, drawn.current.spans)],
        draw: [(u) => drawTicks(u, drawn.current), (u) => drawMarks(u, drawn.current.marks), drawCursor],
      },
    };
    const made = new uPlot(options, [[], []], element);
    plot.current = made;
    const press = (event: MouseEvent) => {
      const { left } = made.over.getBoundingClientRect();
      look(made.posToVal(event.clientX - left, 'x') * 1_000);
    };
    made.over.addEventListener('click', press);
    const resized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, []);

  // Live, it moves with the clock; looking back, it stays around the cursor.
  const machine = shown.value;
  void news.value;
  const at = time.value;
  const isPast = cursor.value !== undefined;
  const newest = Math.max(now.peek(), machine?.life.last.at ?? 0);
  const to = isPast ? Math.min(newest, at + span / 2) : newest;
  const from = to - span;
  if (machine !== undefined) drawn.current = pictureOf(machine.life, from, to);
  useEffect(() => {
    const u = plot.current;
    if (u === undefined || machine === undefined) return;
    u.batch(() => {
      u.setData(lineOf(drawn.current, from, to, span), false);
      u.setScale('x', { min: from / 1_000, max: to / 1_000 });
    });
  });

  return <div class="trace" ref={place} role="img" aria-label={describe(drawn.current)} />;
}

function pictureOf(life: LifeStory, from: number, to: number): Picture {
  const picture: Picture = { spans: [], marks: [], beats: [], ticks: [] };
  const { entries } = life;
  const start = Math.max(0, life.indexAt(from) - 1);
  let counted: Extract<Entry, { type: 'counted' }> | undefined;
  let word = stateWord(life.momentAt(from).value);
  let since = Math.max(from, entries[0]!.at);
  const turn = (at: number, next: string) => {
    if (next === word) return;
    picture.spans.push({ from: since, to: at, word });
    since = Math.max(from, at);
    word = next;
  };
  for (let i = start; i < entries.length; i += 1) {
    const entry = entries[i]!;
    if (entry.at > to) break;
    const trip = roundTripIn(entry);
    // More of them than can be told apart are one.
    if (trip !== undefined && entry.at - (picture.beats.at(-1)?.at ?? -Infinity) >= (to - from) / 300) {
      picture.beats.push({ at: entry.at, trip });
    }
    if (entry.type === 'counted') {
      if (counted !== undefined) {
        const received = entry.received.messages - counted.received.messages;
        const sent = entry.sent.messages - counted.sent.messages;
        if (received > 0 || sent > 0) picture.ticks.push({ at: entry.at, received, sent });
      }
      counted = entry;
    } else if (entry.type === 'changed') {
      const next = stateWord(entry.value);
      if (next === 'reconnecting' && word !== next && entry.at >= from) picture.marks.push(markOf(entry));
      turn(entry.at, next);
    } else if (entry.type === 'stopped') turn(entry.at, 'closed');
  }
  picture.spans.push({ from: since, to, word });
  return picture;
}

function markOf({ at, context }: Extract<Entry, { type: 'changed' }>): Mark {
  const { cause, wait } = (context ?? {}) as { cause?: unknown; wait?: unknown };
  const after = typeof wait === 'number' ? (wait < 1 ? ', at once' : `, in ${seconds(wait)}`) : '';
  return { at, text: `${typeof cause === 'string' ? cause : 'lost'}${after}` };
}

/** A wave where a heart beats, a flat line where there is a line or was one, nothing where nobody looks. */
function lineOf({ beats, spans: states }: Picture, from: number, to: number, span: number): uPlot.AlignedData {
  const times: number[] = [];
  const heights: (number | null)[] = [];
  const point = (at: number, height: number | null) => {
    if (at < (times.at(-1) ?? -Infinity)) return;
    times.push(at);
    heights.push(height);
  };
  const start = Math.max(from, states[0]?.from ?? from);
  point(start / 1_000, 0);
  const width = Math.min(span / 45, 1_200);
  for (const { at, trip } of beats) {
    const height = least + (1 - least) * Math.min(1, trip / tallest);
    for (const [where, how] of wave) {
      const moment = at + where * width;
      if (moment <= to) point(moment / 1_000, how * height);
    }
  }
  const end = states.find(({ word }) => word === 'closed')?.from ?? to;
  point(end / 1_000, 0);
  return [times, heights];
}

const tints: Record<string, string> = {
  alive: '--alive',
  stale: '--doubt',
  reconnecting: '--dead',
  closed: '--ink-soft',
  closing: '--ink-soft',
};

function tintOf(word: string): string {
  return ink(tints[word] ?? '--dialling');
}

function ink(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#888';
}

/** The line changes its colour where the state changes. */
function strokeOf(u: uPlot, states: readonly Span[]): CanvasGradient | string {
  const { left, width } = u.bbox;
  const { min = 0, max = 1 } = u.scales['x']!;
  if (width <= 0 || max <= min) return '#888';
  const gradient = u.ctx.createLinearGradient(left, 0, left + width, 0);
  const share = (at: number) => Math.min(1, Math.max(0, (at / 1_000 - min) / (max - min)));
  for (const { from, to, word } of states) {
    const tint = tintOf(word);
    gradient.addColorStop(share(from), tint);
    gradient.addColorStop(share(to), tint);
  }
  return gradient;
}

function drawBands(u: uPlot, states: readonly Span[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.globalAlpha = 0.13;
  for (const { from, to, word } of states) {
    const left = u.valToPos(from / 1_000, 'x', true);
    const right = u.valToPos(to / 1_000, 'x', true);
    ctx.fillStyle = tintOf(word);
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

/** What came hangs below the line, what went stands beside it. */
function drawTicks(u: uPlot, { ticks }: Picture): void {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = ratio;
  const inks = [ink('--received'), ink('--sent')] as const;
  for (const { at, received, sent } of ticks) {
    const x = u.valToPos(at / 1_000, 'x', true);
    for (const [count, tint, base, way] of [
      [received, inks[0], -0.42, -1],
      [sent, inks[1], -0.38, 1],
    ] as const) {
      if (count === 0) continue;
      const y = u.valToPos(base, 'y', true);
      ctx.strokeStyle = tint;
      ctx.beginPath();
      ctx.moveTo(x, y);
      ctx.lineTo(x, y - way * ratio * (4 + Math.min(8, 3 * Math.log10(count))));
      ctx.stroke();
    }
  }
  ctx.restore();
}

function drawMarks(u: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * ratio}px system-ui`;
  ctx.strokeStyle = ink('--dead');
  ctx.fillStyle = ink('--dead');
  ctx.lineWidth = ratio;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  let free = -Infinity;
  for (const { at, text } of marks) {
    const x = u.valToPos(at / 1_000, 'x', true);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    // A text that would run into the one before, or out of the picture, is left to the log.
    const width = ctx.measureText(text).width;
    if (x + 5 * ratio < free || x + width + 10 * ratio > bbox.left + bbox.width) continue;
    ctx.fillText(text, x + 5 * ratio, bbox.top + 2 * ratio);
    free = x + width + 12 * ratio;
  }
  ctx.restore();
}

function drawCursor(u: uPlot): void {
  if (cursor.peek() === undefined) return;
  const { ctx, bbox } = u;
  const x = u.valToPos(cursor.peek()! / 1_000, 'x', true);
  ctx.save();
  ctx.strokeStyle = ink('--ink');
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

function describe({ beats, marks, spans: states }: Picture): string {
  const worst =
    beats.length > 0 ? `, the slowest after ${milliseconds(Math.max(...beats.map(({ trip }) => trip)))}` : '';
  const losses = marks.map(({ text }) => text).join('; ');
  return `Heart trace: ${beats.length} beats answered${worst}. Now ${states.at(-1)?.word ?? 'unknown'}.${losses && ` Losses: ${losses}.`}`;
}
