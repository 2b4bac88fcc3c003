/**
 * The last minute of a machine, in small: what it was in bands of its tones, and a pulse for each heartbeat that was answered.
 */
import { penOn } from './canvas.ts';
import type { LifeStory } from './life.ts';
import { roundTripIn } from './reading.ts';
import { inkOf, type Tone, toneOf } from './tone.ts';

/** What is seen of it, ms. */
export const minute = 60_000;

/** A round trip this long, ms, is a pulse of full height; those beyond are no higher. */
const tallest = 500;
const least = 0.35;
/** Pulses that are closer than this cannot be told apart, css px. */
const apart = 3;

/** Of a pulse, 0–1, by how long the round trip was, ms. */
export function heightOf(trip: number): number {
  return least + (1 - least) * Math.min(1, trip / tallest);
}

export type Inks = Readonly<Record<Tone, string>>;

/** The colours as they are now, light or dark: to be asked once for all that is drawn. */
export function inksOf(element: Element): Inks {
  const style = getComputedStyle(element);
  return Object.fromEntries(Object.entries(inkOf).map(([tone, name]) => [tone, style.getPropertyValue(name)])) as Inks;
}

/** @param known until when it was heard of, epoch ms; beyond that it is not known what was. Answers how many heartbeats were answered. */
export function drawPulse(canvas: HTMLCanvasElement, life: LifeStory, now: number, known: number, inks: Inks): number {
  const pen = penOn(canvas);
  if (pen === undefined) return 0;
  const { ctx: context, width, height } = pen;
  const from = now - minute;
  const placeOf = (at: number) => ((Math.min(at, now) - from) / minute) * width;
  const floor = height * 0.72;
  const until = life.isOver ? life.last.at : known;
  const { turns } = life;
  for (let i = turns.length - 1; i >= 0; i -= 1) {
    const { at, word, isOutage } = turns[i]!;
    const end = Math.min(turns[i + 1]?.at ?? until, until);
    if (end <= from) break;
    const left = placeOf(Math.max(at, from));
    const tone = toneOf(word, isOutage);
    context.fillStyle = inks[tone];
    context.globalAlpha = 0.16;
    context.fillRect(left, 0, placeOf(end) - left, height);
    context.globalAlpha = 1;
    // No line, nothing flat.
    if (tone === 'alive' || tone === 'doubt') context.fillRect(left, floor - 0.75, placeOf(end) - left, 1.5);
  }
  context.strokeStyle = inks.alive;
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.beginPath();
  let count = 0;
  let last = -Infinity;
  for (let i = Math.max(1, life.indexAt(from)); i < life.entries.length; i += 1) {
    const entry = life.entries[i]!;
    const trip = roundTripIn(entry);
    if (trip === undefined || entry.at < from || entry.at > until) continue;
    count += 1;
    const x = placeOf(entry.at);
    if (x - last < apart) continue;
    last = x;
    const tip = floor - (floor - 2) * heightOf(trip);
    context.moveTo(x - 1.5, floor);
    context.lineTo(x, tip);
    context.lineTo(x + 1, floor + height * 0.14);
    context.lineTo(x + 2, floor);
  }
  context.stroke();
  return count;
}
