/**
 * All that the page knows, as signals. Entries come in as fast as they like; the page looks once per frame.
 */
import { computed, effect, signal } from '@preact/signals';

import type { Entry } from '../entry.ts';
import { LifeStory, type LifeMoment } from './life.ts';

/** Where entries come from. */
export interface Source {
  readonly name: string;
  /** Tells a machine of it something; undefined for recordings. */
  readonly send?: ((session: string, event: { type: string }) => void) | undefined;
}

export interface Machine {
  readonly key: string;
  readonly source: Source;
  readonly life: LifeStory;
  /**
   * Epoch ms: since then nothing was heard of it, though it is not over: the line to its source is lost, or another process has come in its place.
   * Undefined: it is heard of.
   */
  lostAt?: number | undefined;
}

/** Machines, in the order in which they came. */
export const machines = signal<readonly Machine[]>([]);
const chosen = signal<string | undefined>(undefined);
/** Grows by one per frame in which there was news of the machine that is shown. */
export const news = signal(0);
const lookedAt = signal<{ time: number; entry: Entry | undefined } | undefined>(undefined);
/** The time that is looked at, epoch ms; undefined: now. */
export const cursor = computed(() => lookedAt.value?.time);
/** The very entry that is looked at, of several that may have come in the same millisecond. */
export const pinned = computed(() => lookedAt.value?.entry);
/** The clock, for countdowns: it ticks only while something counts. */
export const now = signal(Date.now());
/** Whether one machine is seen, or an overview of all. */
export const view = signal<'one' | 'all'>('one');
/** Sources that are asked and do not answer. */
export const waitingFor = signal<readonly string[]>([]);

/** Of machines that are over, the oldest give way beyond this, as they do in the history that their source keeps. */
const mostOver = 100;

const byKey = new Map<string, Machine>();
const waiting: { source: Source; entry: Entry }[] = [];
let frame: number | undefined;

export const shown = computed<Machine | undefined>(() => {
  const all = machines.value;
  return all.find(({ key }) => key === chosen.value) ?? all.findLast(({ life }) => isConnection(life)) ?? all.at(-1);
});

/** What is shown, at the cursor. */
export const moment = computed<LifeMoment | undefined>(() => {
  void news.value;
  return shown.value?.life.momentAt(cursor.value ?? Infinity, pinned.value);
});

export function choose(key: string): void {
  chosen.value = key;
  look(undefined);
}

/** Shows one alone. */
export function open(key: string): void {
  choose(key);
  view.value = 'one';
}

/** Undefined: at now, and it goes on. */
export function look(time: number | undefined, entry?: Entry): void {
  lookedAt.value = time === undefined ? undefined : { time, entry };
}

export function tell(source: Source, entry: Entry): void {
  waiting.push({ source, entry });
  frame ??= schedule(take);
}

/** A recording, or a source that is gone, leaves. */
export function forget(source: Source): void {
  for (const [key, machine] of byKey) if (machine.source === source) byKey.delete(key);
  machines.value = [...byKey.values()];
}

/** How the source's machines look from outside, so that history that is told twice is known once. */
function take(): void {
  frame = undefined;
  const { key: key0 } = shown.peek() ?? { key: '' };
  let isNew = false;
  let isShown = false;
  for (const { source, entry } of waiting.splice(0)) {
    const key = `${source.name} ${entry.session}`;
    const machine = byKey.get(key);
    if (entry.type === 'registered') {
      // Told again, all of it: the page was reloaded, or the line to the source was lost.
      byKey.set(key, { key, source, life: new LifeStory(entry) });
      isNew = true;
    } else machine?.life.add(entry);
    isShown ||= key === key0;
  }
  if (isNew) {
    makeRoom();
    machines.value = [...byKey.values()];
  }
  if (isShown || isNew) news.value += 1;
}

function makeRoom(): void {
  const over = [...byKey.values()].filter(({ life, source }) => life.isOver && source.send !== undefined);
  for (const { key } of over.slice(0, Math.max(0, over.length - mostOver)))
    if (key !== chosen.peek()) byKey.delete(key);
}

/** Frames do not come in hidden pages, and entries must not pile up there. */
function schedule(task: () => void): number {
  if (document.visibilityState === 'hidden') return window.setTimeout(task, 250);
  return requestAnimationFrame(task);
}

export function isConnection({ definition }: LifeStory): boolean {
  return definition.id === 'connection' && 'reconnecting' in definition.states;
}

/** The clock runs, ten times a second, while somebody looks at now. */
effect(() => {
  if (cursor.value !== undefined) return undefined;
  const timer = setInterval(() => {
    now.value = Date.now();
  }, 100);
  return () => clearInterval(timer);
});

/** The time that is looked at. */
export const time = computed(() => cursor.value ?? now.value);
