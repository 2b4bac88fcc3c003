/**
 * The heart trace: time runs along it. A heartbeat that is answered is a pulse as high as its round trip was long, messages are ticks, doubt is amber, a
 * dead line is flat. Of other machines it shows which states they were in.
 */
import { computed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

import { dayTimeOf } from './figures.ts';
import { describe, noPicture, pictureOf, wordsOf } from './picture.ts';
import { cursor, look, news, shown } from './store.ts';
import { range } from './timeline.tsx';
import { heights, huesOf, ink, lineOf, paintBefore, paintBehind, strokeOf } from './trace-paint.ts';

const picture = computed(() => {
  void news.value;
  const { from, to } = range.value;
  const life = shown.value?.life;
  return life === undefined ? noPicture : pictureOf(life, from, to);
});

const hues = computed(() => huesOf(shown.value === undefined ? [] : wordsOf(shown.value.life.definition)));

export function Trace() {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const drawn = picture.value;

  useEffect(() => {
    const element = place.current!;
    const options: uPlot.Options = {
      width: element.clientWidth || 600,
      height: element.clientHeight || 92,
      padding: [2, 0, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: true, auto: false }, y: { auto: false, range: heights } },
      axes: [
        {
          stroke: () => ink('--ink-soft'),
          grid: { show: false },
          ticks: { show: false },
          font: '11px system-ui, sans-serif',
          size: 20,
          gap: 2,
          space: 90,
          // One that would reach out of the picture is left out.
          values: (u, times) => times.map((each) => (isInside(u, each) ? dayTimeOf(each * 1_000) : '')),
        },
        { show: false },
      ],
      series: [
        {},
        { stroke: (u) => strokeOf(u, picture.peek().spans), width: 2, spanGaps: false, points: { show: false } },
      ],
      hooks: {
        drawClear: [(u) => paintBehind(u, picture.peek())],
        draw: [(u) => paintBefore(u, picture.peek(), cursor.peek(), hues.peek())],
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

  useEffect(() => {
    const u = plot.current;
    u?.batch(() => {
      u.setData(lineOf(drawn), false);
      u.setScale('x', { min: drawn.from / 1_000, max: drawn.to / 1_000 });
    });
  }, [drawn]);

  return <div class="trace" ref={place} role="img" aria-label={describe(drawn)} />;
}

/** Whether the time of day has room there. */
function isInside(u: uPlot, seconds: number): boolean {
  const x = u.valToPos(seconds, 'x');
  return x >= 30 && x <= u.over.clientWidth - 30;
}
