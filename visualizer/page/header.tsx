/** The head of the page: which machine is shown, whether it is heard of, recordings, light or dark. */
import { signal } from '@preact/signals';

import { Heard, HeardOfAll } from './heard.tsx';
import { Theme } from './icons.tsx';
import { endOf, namesOf } from './names.ts';
import { load, NoRecording, save } from './recording.ts';
import { titleOf } from './standings.ts';
import { choose, type Machine, machines, news, shown, view } from './store.ts';
import { showAll } from './views.ts';

/** What people are told above the page; '': nothing. */
export const trouble = signal('');

export function Header() {
  void news.value;
  const machine = shown.value;
  return (
    <header>
      <h1>
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M1 17h8l3-9 5 18 4-12 2 3h8" />
        </svg>
        systole
      </h1>
      <Picker />
      {view.value === 'all' ? <HeardOfAll /> : <Heard machine={machine} />}
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
        <Theme />
      </button>
    </header>
  );
}

/** More than these are not picked from a list. */
const mostPicked = 20;

/** From one machine to another, or to all of them. */
function Picker() {
  const all = machines.value;
  const machine = shown.value;
  if (machine === undefined || view.value === 'all') return null;
  return (
    <>
      {all.length > mostPicked ? null : (
        <label class="machines">
          <span class="hidden">Machine</span>
          <select value={machine.key} onChange={({ currentTarget }) => choose(currentTarget.value)}>
            <Options machines={all} />
          </select>
        </label>
      )}
      {all.length < 2 ? null : (
        <button type="button" class="to-all" title="Escape" onClick={showAll}>
          {titleOf(all)}
        </button>
      )}
    </>
  );
}

/** By their sources, where there are several. */
function Options({ machines: all }: { machines: readonly Machine[] }) {
  const names = namesOf(all);
  const option = (machine: Machine) => (
    <option key={machine.key} value={machine.key}>
      {names.get(machine.key)}
      {endOf(machine) && ` (${endOf(machine)})`}
    </option>
  );
  const sources = [...new Set(all.map(({ source }) => source))];
  if (sources.length < 2) return <>{all.map(option)}</>;
  return (
    <>
      {sources.map((source, i) => (
        <optgroup key={i} label={source.name}>
          {all.filter((each) => each.source === source).map(option)}
        </optgroup>
      ))}
    </>
  );
}

/** What was wrong with it is told on the page. */
export async function open(file: File): Promise<void> {
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
