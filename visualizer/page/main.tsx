/** The page. */
// oxlint-disable-next-line no-unassigned-import -- a style sheet has no names
import 'uplot/dist/uPlot.min.css';
import { signal } from '@preact/signals';
import { render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { takeControl } from './control.ts';
import { Controls, Teller } from './controls.tsx';
import { Diagram } from './diagram.tsx';
import { clockOf } from './figures.ts';
import { Log } from './log.tsx';
import { Panel } from './panel.tsx';
import { load, NoRecording, save } from './recording.ts';
import { listenTo, listenToApp } from './sources.ts';
import { choose, cursor, look, machines, news, now, shown, waitingFor } from './store.ts';
import { spans, Trace } from './trace.tsx';

const span = signal(spans[1]!);
const trouble = signal('');

function Page() {
  const machine = shown.value;
  return (
    <>
      <Header />
      {trouble.value === '' ? null : (
        <p class="trouble" role="alert">
          {trouble}
          <button type="button" aria-label="Dismiss" onClick={() => (trouble.value = '')}>
            ×
          </button>
        </p>
      )}
      {machine === undefined ? (
        <Nothing />
      ) : (
        <main>
          <div class="left">
            <section class="chart panel" aria-label="Statechart">
              <Diagram machine={machine} />
            </section>
            <section class="heart panel" aria-label="Heart trace">
              <Trace span={span.value} />
              <Timeline />
            </section>
          </div>
          <div class="right">
            <Panel machine={machine} key={machine.key} />
            <Controls />
            <Teller />
            <Log />
          </div>
        </main>
      )}
    </>
  );
}

function Header() {
  void news.value;
  const all = machines.value;
  const machine = shown.value;
  return (
    <header>
      <h1>
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M1 17h8l3-9 5 18 4-12 2 3h8" />
        </svg>
        systole
      </h1>
      {all.length === 0 ? null : (
        <label class="machines">
          <span class="hidden">Machine</span>
          <select value={machine?.key ?? ''} onChange={({ currentTarget }) => choose(currentTarget.value)}>
            {all.map(({ key, source, life }) => (
              <option key={key} value={key}>
                {life.name} {life.session} – {source.name}
                {life.isOver ? ' (ended)' : ''}
              </option>
            ))}
          </select>
        </label>
      )}
      {cursor.value === undefined ? (
        machine?.source.send === undefined ? null : (
          <span class="live">live</span>
        )
      ) : (
        <button type="button" class="live" onClick={() => look(undefined)}>
          {machine?.source.send === undefined ? 'to the end' : 'return to live'}
        </button>
      )}
      <span class="space" />
      <button type="button" disabled={machine === undefined} onClick={() => machine && save(machine.life)}>
        Save
      </button>
      <label class="button">
        Load
        <input
          type="file"
          class="hidden"
          accept=".jsonl,.ndjson"
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file !== undefined) void open(file);
            currentTarget.value = '';
          }}
        />
      </label>
      <button type="button" aria-label="Light or dark" title="Light or dark" onClick={turn}>
        ◐
      </button>
    </header>
  );
}

async function open(file: File): Promise<void> {
  try {
    await load(file);
    trouble.value = '';
  } catch (error) {
    if (!(error instanceof NoRecording)) throw error;
    trouble.value = error.message;
  }
}

function turn(): void {
  const { dataset } = document.documentElement;
  const isDark =
    dataset['theme'] === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : dataset['theme'] === 'dark';
  dataset['theme'] = isDark ? 'light' : 'dark';
}

function Nothing() {
  return (
    <main class="nothing">
      <h2>No machine yet</h2>
      {waitingFor.value.map((url) => (
        <p key={url}>
          Waiting for <code>{url}</code>
        </p>
      ))}
      <p>
        In Node: <code>{'connect(url, { inspect: inspect() })'}</code>, with <code>inspect</code> from{' '}
        <code>systole/inspect</code>. In a page the same opens this one. A recording can be loaded above, or dropped
        here.
      </p>
    </main>
  );
}

const playing = signal(false);

/** From the first entry to the last: where the cursor is, and playing from there. */
function Timeline() {
  void news.value;
  const { life } = shown.value!;
  const first = life.entries[0]!.at;
  const last = Math.max(life.isOver ? life.last.at : cursor.value === undefined ? now.value : now.peek(), first + 1);
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
        {playing.value ? '⏸' : '▶'}
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

render(<Page />, document.getElementById('page')!);

addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer?.files ?? [];
  if (file !== undefined) void open(file);
});

/** What the server of this page knows of where to look. */
interface Config {
  sources: string[];
  control: string | null;
}

listenToApp();
try {
  const { sources, control } = (await (await fetch('./config.json')).json()) as Config;
  for (const url of sources) listenTo(url);
  if (control !== null) takeControl(control);
} catch {
  trouble.value = 'The server of this page is gone; recordings can still be loaded.';
}
