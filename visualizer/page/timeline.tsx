/** Below the heart trace: how far back is looked, how much is seen at once, and playing. */
import { computed, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { clockOf } from './figures.ts';
import { Pause, Play } from './icons.tsx';
import { cursor, look, news, now, shown, time } from './store.ts';

/** How much of a life may be seen at once, ms. */
const spans = [15_000, 30_000, 60_000, 300_000, 1_800_000];
/** How much is. */
export const span = signal(spans[1]!);

/** Until when the shown machine is known, epoch ms: one that is at work, until now; one that is over or recorded, or whose source is lost, until then. */
function knownUntil(): number {
  const { life, lostAt, source } = shown.value!;
  if (life.isOver || source.hearing === undefined) return life.last.at;
  return Math.max(lostAt ?? (cursor.value === undefined ? now.value : now.peek()), life.last.at);
}

/** Which stretch of time is seen, epoch ms: live, it moves with the clock; looking back, it stays around the cursor. */
export const range = computed<{ readonly from: number; readonly to: number }>(() => {
  void news.value;
  if (shown.value === undefined) return { from: 0, to: span.value };
  const to =
    cursor.value === undefined
      ? Math.max(time.value, shown.value.life.last.at)
      : Math.min(knownUntil(), cursor.value + span.value / 2);
  return { from: to - span.value, to };
});

const playing = signal(false);

/** From the first entry to the last: where the cursor is, and playing from there. */
export function Timeline() {
  void news.value;
  const { life } = shown.value!;
  const first = life.entries[0]!.at;
  const last = Math.max(knownUntil(), first + 1);
  const at = cursor.value ?? last;
  const frame = useRef<number | undefined>(undefined);

  useEffect(() => {
    if (!playing.value) return undefined;
    let before = performance.now();
    const step = () => {
      const elapsed = performance.now() - before;
      before += elapsed;
      const next = (cursor.peek() ?? first) + elapsed;
      if (next >= life.last.at) {
        playing.value = false;
        look(life.isOver || shown.peek()?.source.send === undefined ? life.last.at : undefined);
        return;
      }
      look(next);
      frame.current = requestAnimationFrame(step);
    };
    frame.current = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame.current!);
  }, [playing.value]);

  return (
    <div class="timeline">
      <button
        type="button"
        aria-label={playing.value ? 'Pause' : 'Play from here'}
        onClick={() => {
          if (!playing.value && cursor.value === undefined) look(Math.max(first, last - span.value));
          playing.value = !playing.value;
        }}
      >
        {playing.value ? <Pause /> : <Play />}
      </button>
      <input
        type="range"
        aria-label="Look back"
        aria-valuetext={clockOf(at)}
        min={first}
        max={last}
        value={at}
        step="any"
        onInput={({ currentTarget }) => look(Number(currentTarget.value))}
      />
      <time>{clockOf(at)}</time>
      <select
        aria-label="How much is seen at once"
        value={String(span.value)}
        onChange={({ currentTarget }) => (span.value = Number(currentTarget.value))}
      >
        {spans.map((ms) => (
          <option key={ms} value={String(ms)}>
            {ms < 60_000 ? `${ms / 1_000} s` : `${ms / 60_000} min`}
          </option>
        ))}
      </select>
    </div>
  );
}
