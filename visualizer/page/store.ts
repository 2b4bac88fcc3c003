/**
 * All that the page knows, as signals. Entries come in as fast as they like, and are known at once; the page looks once per frame.
 */
import { computed, effect, signal } from '@preact/signals';

import type { Entry, Registered } from '../entry.ts';
import { LifeStory, type LifeMoment, isConnection } from './life.ts';
import type { Hearer } from './line.ts';
import { shared } from './shared.ts';

/** Where entries come from. */
export interface Source {
  readonly name: string;
  /** Of recordings there is none. */
  readonly hearing?: Hearer;
  /** Tells a machine of it something; undefined for recordings, and where nothing may be told. */
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

/** Where entries come from, but for recordings. */
export const sources = signal<readonly Source[]>([]);
/** Machines, in the order in which they came. */
export const machines = signal<readonly Machine[]>([]);
/** Which one is shown, and whether the reader wants it so. */
const chosen = signal<{ readonly key: string; readonly by: 'reader' | 'page' } | undefined>(undefined);
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

/** Of machines that are over or lost, the oldest give way beyond this, as they do in the history that their source keeps. */
const mostOver = 100;

/** Entries of all machines; beyond that those of which most are known forget their oldest. Some 300 bytes each. */
const mostEntries = 250_000;
/** Of those that give way, as a share of one machine's: making room is to cost little. */
const oldest = 0.1;
/** Machines that have come and are not shown yet: of more than these somebody has to hear at once, also where there are no frames. */
const mostNewcomers = 100;

const byKey = new Map<string, Machine>();
/** Entries of all of them. */
let known = 0;
const newcomers: Machine[] = [];
/** What has happened since the page was drawn. */
const happened = { toShown: false, toMachines: false };
let frame: number | undefined;

export const shown = computed<Machine | undefined>(() => {
  const all = machines.value;
  return (
    all.find(({ key }) => key === chosen.value?.key) ?? all.findLast(({ life }) => isConnection(life)) ?? all.at(-1)
  );
});

/** What is shown, at the cursor. */
export const moment = computed<LifeMoment | undefined>(() => {
  void news.value;
  return shown.value?.life.momentAt(cursor.value ?? Infinity, pinned.value);
});

export function choose(key: string): void {
  chosen.value = { key, by: 'reader' };
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

/** It is known at once, and drawn with the next frame: nothing waits, however few frames there are. */
export function tell(source: Source, entry: Entry): void {
  const key = `${source.name} ${entry.session}`;
  const machine = byKey.get(key);
  if (entry.type === 'registered') {
    happened.toMachines = true;
    // The line to the source was lost, and is there again: what follows is known, or follows what is.
    if (machine?.life.retold(entry)) machine.lostAt = undefined;
    else register(source, key, entry);
  } else if (machine !== undefined) add(machine, entry);
  happened.toShown ||= key === shown.peek()?.key;
  if (newcomers.length > mostNewcomers) draw();
  else frame ??= schedule(draw);
}

/** The line to a source is lost: what is known of its machines is known as of then. */
export function lose(source: Source, heardAt: number): void {
  draw();
  for (const machine of byKey.values()) {
    if (machine.source === source && !machine.life.isOver) machine.lostAt ??= Math.max(heardAt, machine.life.last.at);
  }
  machines.value = [...byKey.values()];
  news.value += 1;
}

/** A recording leaves. */
export function forget(source: Source): void {
  for (const [key, machine] of byKey) if (machine.source === source) leave(key);
  machines.value = [...byKey.values()];
}

function register(source: Source, key: string, entry: Registered): void {
  // Thousands of one kind share what it is like.
  const alike = newcomers.at(-1) ?? machines.peek().at(-1);
  entry.definition = shared(entry.definition, alike?.life.definition);
  known += 1 - (byKey.get(key)?.life.entries.length ?? 0);
  const machine: Machine = { key, source, life: new LifeStory(entry) };
  byKey.set(key, machine);
  newcomers.push(machine);
}

function add({ life }: Machine, entry: Entry): void {
  const before = life.entries.length;
  life.add(entry);
  known += life.entries.length - before;
  while (known > mostEntries) if (!thin()) break;
}

/** The machine of which most is known, but for the one that is shown, forgets its oldest. False: there is nothing to forget. */
function thin(): boolean {
  const here = shown.peek();
  const others = [...byKey.values()].filter((machine) => machine !== here);
  const [first] = others;
  if (first === undefined) return false;
  const { life } = others.reduce((some, other) =>
    other.life.entries.length > some.life.entries.length ? other : some,
  );
  const before = life.entries.length;
  life.forget(Math.max(1, Math.floor(before * oldest)));
  known -= before - life.entries.length;
  return life.entries.length < before;
}

function leave(key: string): void {
  known -= byKey.get(key)?.life.entries.length ?? 0;
  byKey.delete(key);
}

function draw(): void {
  frame = undefined;
  const { toShown, toMachines } = happened;
  Object.assign(happened, { toShown: false, toMachines: false });
  for (const each of newcomers.splice(0)) follow(each);
  if (toMachines) {
    makeRoom();
    machines.value = [...byKey.values()];
  }
  if (toShown || toMachines) news.value += 1;
}

/** A newcomer is shown in the place of one that is over; of one that the reader has chosen only where it is the same one, of a new process. */
function follow(newcomer: Machine): void {
  const { key, by = 'page' } = chosen.peek() ?? {};
  const current = byKey.get(key ?? '');
  const isSame = current?.source === newcomer.source && current.life.name === newcomer.life.name;
  const isBetter = current === undefined || (!isConnection(current.life) && isConnection(newcomer.life));
  const isFree =
    by === 'page' ? isBetter || (isOver(current) && isConnection(newcomer.life)) : current && isOver(current) && isSame;
  if (isFree && cursor.peek() === undefined) chosen.value = { key: newcomer.key, by };
}

/** Nothing more is expected of it. */
function isOver({ life, lostAt }: Machine): boolean {
  return life.isOver || lostAt !== undefined;
}

function makeRoom(): void {
  const over = [...byKey.values()].filter((machine) => isOver(machine) && machine.source.hearing !== undefined);
  for (const { key } of over.slice(0, Math.max(0, over.length - mostOver))) if (key !== chosen.peek()?.key) leave(key);
}

/** Frames do not come in hidden pages. */
function schedule(task: () => void): number {
  if (document.visibilityState === 'hidden') return window.setTimeout(task, 250);
  return requestAnimationFrame(task);
}

/** The clock runs, ten times a second, while somebody looks at now. */
effect(() => {
  if (cursor.value !== undefined) return undefined;
  const timer = setInterval(() => {
    now.value = Date.now();
  }, 100);
  return () => clearInterval(timer);
});

/** The time that is looked at: the cursor, or when the machine was last heard of, which of a recording is its end, or now. */
export const time = computed(() => {
  void news.value;
  const { lostAt, source, life } = shown.value ?? {};
  return cursor.value ?? lostAt ?? (source !== undefined && source.hearing === undefined ? life!.last.at : now.value);
});
