/**
 * What is in a recording: entries, one line of JSON each, behind a line that says what it is. A file may come from anywhere: each field of each entry is
 * looked at, and what is wrong is said with its line. Nothing of the page is needed for it.
 */
import type { Entry } from '../entry.ts';
import { entryOf, Wrong } from './entry-checks.ts';
import { parsed } from './json.ts';

export const heading = { systole: 'recording', version: 1 };

/** How much a recording may have. */
export const limits = {
  /** Bytes. */
  file: 100 * 2 ** 20,
  /** Characters. */
  line: 8_000_000,
  lines: 1_000_000,
  machines: 1_000,
};

/** It is said for people, with the file's name. */
export class NoRecording extends Error {}

/** A last line that was cut off, as a process that was killed leaves it, is left out. @throws {NoRecording} for other files */
export function entriesIn(text: string, name: string): Entry[] {
  const entries: Entry[] = [];
  const sessions = new Set<string>();
  let number = 0;
  for (const { line, isEnded } of linesOf(text)) {
    number += 1;
    const where = `${name}, line ${number}:`;
    if (number > limits.lines)
      throw new NoRecording(`${name} has more than ${limits.lines.toLocaleString('en')} lines`);
    if (line.length > limits.line)
      throw new NoRecording(`${where} it is longer than ${limits.line.toLocaleString('en')} characters`);
    const value = parsed(line);
    if (number === 1) {
      checkHeading(value, name);
      continue;
    }
    if (line.trim() === '') continue;
    if (value === undefined) {
      if (!isEnded) break;
      throw new NoRecording(`${where} it is no JSON`);
    }
    const entry = entryIn(value, where);
    if (entry.type === 'registered') sessions.add(entry.session);
    if (sessions.size > limits.machines)
      throw new NoRecording(`${name} holds more than ${limits.machines.toLocaleString('en')} machines`);
    if (!sessions.has(entry.session)) throw new NoRecording(`${where} session is that of no machine before it`);
    entries.push(entry);
  }
  if (entries.length === 0) throw new NoRecording(`${name} holds no machine`);
  return entries;
}

function checkHeading(value: unknown, name: string): void {
  const { systole, version } = (typeof value === 'object' && value !== null ? value : {}) as Partial<typeof heading>;
  if (systole !== heading.systole) throw new NoRecording(`${name} is no recording of systole`);
  if (version !== heading.version) throw new NoRecording(`${name} was made by another version of systole`);
}

function* linesOf(text: string): Generator<{ line: string; isEnded: boolean }> {
  let from = 0;
  for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
    yield { line: text.slice(from, to), isEnded: true };
    from = to + 1;
  }
  if (from < text.length || from === 0) yield { line: text.slice(from), isEnded: false };
}

function entryIn(value: unknown, where: string): Entry {
  try {
    return entryOf(value);
  } catch (error) {
    if (error instanceof Wrong) throw new NoRecording(`${where} ${error.message}`);
    throw error;
  }
}
