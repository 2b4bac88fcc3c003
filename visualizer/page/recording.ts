/**
 * Recordings: a line of JSON for each entry, behind a line that says what it is. The same as `systole watch --record` writes.
 */
import { type LifeStory } from './life.ts';
import { entriesIn, heading, limits, NoRecording } from './recorded.ts';
import { choose, forget, look, type Source, tell } from './store.ts';

export { NoRecording } from './recorded.ts';

export function asRecording(life: LifeStory): string {
  return [heading, ...life.entries].map((line) => JSON.stringify(line)).join('\n') + '\n';
}

export function save(life: LifeStory): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([asRecording(life)], { type: 'application/x-ndjson' }));
  link.download = `${life.name.replace(/[^\w.-]+/g, '-')}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.jsonl`;
  link.click();
  URL.revokeObjectURL(link.href);
}

const loaded = new Map<string, Source>();

/** Shows a recording, from its beginning. @throws {NoRecording} for other files */
export async function load(file: File): Promise<void> {
  if (file.size > limits.file) throw new NoRecording(`${file.name} is larger than 100 MiB`);
  const entries = entriesIn(await file.text(), file.name);
  const before = loaded.get(file.name);
  if (before !== undefined) forget(before);
  const source: Source = { name: file.name };
  loaded.set(file.name, source);
  for (const entry of entries) tell(source, entry);
  requestAnimationFrame(() => {
    choose(`${source.name} ${entries[0]!.session}`);
    look(entries[0]!.at);
  });
}
