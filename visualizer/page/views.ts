/**
 * Which view the reader has: one machine, or all. The page chooses it once, in its first moments; after that only the reader does.
 */
import { effect } from '@preact/signals';

import { isConnection } from './life.ts';
import { cursor, machines, view } from './store.ts';

/** What a source tells of the past comes within this, ms after its first machine. */
const firstMoments = [300, 1_000, 2_500];

/** The button that leads to all. */
export function showAll(): void {
  view.value = 'all';
}

/** More than one connection that lives: all of them. */
export function chooseView(): void {
  const touched = new AbortController();
  const touch = () => touched.abort();
  for (const type of ['pointerdown', 'keydown', 'drop'])
    addEventListener(type, touch, { signal: touched.signal, capture: true });
  const look = () => {
    if (touched.signal.aborted) return;
    const living = machines.peek().filter((each) => isConnection(each.life) && !each.life.isOver && !each.lostAt);
    if (living.length < 2) return;
    touch();
    showAll();
  };
  const stop = effect(() => {
    if (machines.value.length === 0) return;
    for (const moment of firstMoments) setTimeout(look, moment);
    setTimeout(touch, firstMoments.at(-1)! + 1);
    queueMicrotask(() => stop());
  });
}

/** Escape leads from one to all, where nothing nearer takes it. */
export function leaveByEscape(): void {
  addEventListener('keydown', (event) => {
    const { key, defaultPrevented, target } = event;
    if (key !== 'Escape' || defaultPrevented || view.peek() === 'all' || machines.peek().length < 2) return;
    if (cursor.peek() !== undefined || (target as Element | null)?.matches('input, select, textarea')) return;
    event.preventDefault();
    showAll();
  });
}
