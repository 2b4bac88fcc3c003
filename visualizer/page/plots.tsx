/** Messages in a second, and round trips, over the same stretch of time as the trace above the timeline. */
import { useEffect, useRef } from 'preact/hooks';

import { penOn } from './canvas.ts';
import { milliseconds, ratesOf } from './figures.ts';
import { indexAt } from './in-time.ts';
import type { LifeStory } from './life.ts';
import { readingOf } from './reading.ts';
import { news } from './store.ts';
import { range } from './timeline.tsx';
import { ink, toneInk } from './trace-paint.ts';

interface Frame {
  readonly ctx: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly xOf: (at: number) => number;
}

export function Plots({ life }: { life: LifeStory }) {
  void news.value;
  const { from, to } = range.value;
  const rates = ratesOf(life, from, to);
  const { trips, outages } = readingOf(life);
  const seen = trips.slice(indexAt(trips, from) + 1, indexAt(trips, to) + 1);
  const worst = seen.reduce((most, { trip }) => Math.max(most, trip), 0);

  const paintOutages = ({ ctx, height, xOf }: Frame) => {
    ctx.globalAlpha = 0.16;
    ctx.fillStyle = toneInk('dead');
    for (const outage of outages) {
      const [left, right] = [xOf(Math.max(from, outage.from)), xOf(Math.min(to, outage.to ?? to))];
      if (right > left) ctx.fillRect(left, 0, right - left, height);
    }
    ctx.globalAlpha = 1;
  };

  const paintRates = (frame: Frame) => {
    paintOutages(frame);
    const { ctx, height, xOf } = frame;
    // By orders of magnitude: a flood would make all else a flat line.
    const top = Math.log10(1 + Math.max(9, rates.most.received, rates.most.sent));
    const middle = Math.round(height * 0.6);
    for (const [of, tint, base, room, way] of [
      ['received', ink('--received'), middle, middle, -1],
      ['sent', ink('--sent'), middle + 1, height - middle - 1, 1],
    ] as const) {
      ctx.fillStyle = tint;
      for (const stretch of rates.stretches) {
        if (stretch[of] <= 0) continue;
        const left = xOf(stretch.at);
        const right = xOf(Math.min(stretch.at + rates.width, to));
        const tall = Math.max(1, (room * Math.log10(1 + stretch[of])) / top);
        ctx.fillRect(left, way < 0 ? base - tall : base, Math.max(1, right - left - 1), tall);
      }
    }
    ctx.fillStyle = ink('--ink-soft');
    ctx.fillRect(0, middle, frame.width, 1);
  };

  const paintTrips = (frame: Frame) => {
    paintOutages(frame);
    const { ctx, width, height, xOf } = frame;
    ctx.fillStyle = toneInk('alive');
    // Of those that share a place, the longest is seen.
    const places = new Map<number, number>();
    for (const { at, trip } of seen) {
      const x = Math.floor(xOf(at) / 3) * 3;
      places.set(x, Math.max(trip, places.get(x) ?? 0));
    }
    for (const [x, trip] of places) {
      const tall = Math.max(2, (trip / worst) * (height - 2));
      ctx.fillRect(x, height - tall, 2, tall);
    }
    ctx.fillStyle = ink('--ink-soft');
    ctx.fillRect(0, height - 1, width, 1);
  };

  return (
    <div class="plots">
      <Plot
        name="messages"
        most={`in ${rateText(rates.most.received)}, out ${rateText(rates.most.sent)}`}
        paint={paintRates}
        from={from}
        to={to}
      />
      <Plot
        name="round trips"
        most={seen.length === 0 ? 'none' : `up to ${milliseconds(worst)}`}
        paint={paintTrips}
        from={from}
        to={to}
      />
    </div>
  );
}

/** At most, in a second. */
function rateText(rate: number): string {
  if (rate === 0) return '0/s';
  return rate < 1 ? `${rate.toFixed(1)}/s` : `${Math.round(rate).toLocaleString('en')}/s`;
}

interface PlotProps {
  readonly name: string;
  readonly most: string;
  readonly paint: (frame: Frame) => void;
  readonly from: number;
  readonly to: number;
}

function Plot({ name, most, paint, from, to }: PlotProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pen = penOn(canvas.current!);
    if (pen !== undefined) paint({ ...pen, xOf: (at) => ((at - from) / (to - from)) * pen.width });
  });
  return (
    <figure class="plot">
      <figcaption>
        {name} <b>{most}</b>
      </figcaption>
      <canvas ref={canvas} role="img" aria-label={`${name} over time: ${most}`} />
    </figure>
  );
}
