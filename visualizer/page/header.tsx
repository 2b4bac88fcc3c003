/** The head of the page: which machine is shown, whether it is heard of, recordings, light or dark. */
import { signal } from '@preact/signals';

import { Theme } from './icons.tsx';
import { load, NoRecording, save } from './recording.ts';
import { choose, cursor, look, machines, news, shown } from './store.ts';

/** What people are told above the page; '': nothing. */
export const trouble = signal('');

export function Header() {
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
        <Theme />
      </button>
    </header>
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
