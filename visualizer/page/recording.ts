/**
 * Recordings: a line of JSON for each entry, behind a line that says what it is. The same as `systole watch --record` writes.
 */
import type { Entry } from '../entry.ts';
import { type LifeStory } from './life.ts';
import { choose, forget, look, type Source, tell } from './store.ts';

const heading = { systole: 'recording', version: 1 };
/** A file larger than this is not read, bytes. */
const largest = 100 * 2 ** 20;

export class NoRecording extends Error {}

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
  if (file.size > largest) throw new NoRecording(`${file.name} is larger than 100 MiB`);
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

/** A last line that was cut off, as a process that was killed leaves it, is left out. */
export function entriesIn(text: string, name: string): Entry[] {
  const [first = '', ...lines] = text.split('\n');
  const isOurs = parsed(first) as typeof heading | undefined;
  if (isOurs?.systole !== heading.systole) throw new NoRecording(`${name} is no recording of systole`);
  if (isOurs.version !== heading.version) throw new NoRecording(`${name} was made by another version of systole`);
  const entries = lines.flatMap((line) => {
    const entry = parsed(line);
    return isEntry(entry) ? [entry] : [];
  });
  if (entries[0]?.type !== 'registered') throw new NoRecording(`${name} holds no machine`);
  return entries;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const types: ReadonlySet<unknown> = new Set(['registered', 'event', 'changed', 'counted', 'stopped']);

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { type, at, session } = value as Partial<Entry>;
  return types.has(type) && typeof at === 'number' && typeof session === 'string';
}
