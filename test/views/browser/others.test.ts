/** Views that need nothing of ours: what they ask of a store, an observable or plain data, a connection has. */
import alpine from 'alpinejs';
import { from as observableFrom, type InteropObservable, lastValueFrom, map, toArray } from 'rxjs';
import { createEffect, createRoot, from as signalFrom } from 'solid-js';
import { get, type Readable } from 'svelte/store';
import { expect, onTestFinished, test } from 'vitest';

import type { Snapshot, State } from '../../../adapters/index.ts';
import { rigged, shared, untilSo } from './stage.ts';

test('Svelte: a connection is a store', async () => {
  const rig = await rigged();
  const connection = shared(rig.url);
  const store: Readable<Snapshot> = connection;
  expect(get(store)).toBe(connection.snapshot);
  const states: State[] = [];
  const unsubscribe = store.subscribe(({ state }) => states.push(state));
  expect(states).toEqual(['connecting']);
  await untilSo(() => connection.state === 'alive');
  expect(states.at(-1)).toBe('alive');
  unsubscribe();
  connection.close();
  expect(states.at(-1)).toBe('alive');
});

test('RxJS: from() hears the snapshots, and completes when it is closed', async () => {
  const rig = await rigged();
  const connection = shared(rig.url);
  // It is a stream of messages, too, of which RxJS hears nothing where there is an observable; its types ask which of them is meant.
  const whole = lastValueFrom(
    observableFrom<InteropObservable<Snapshot>>(connection).pipe(
      map(({ state }) => state),
      toArray(),
    ),
  );
  await untilSo(() => connection.state === 'alive');
  connection.close();
  const states = await whole;
  expect(states[0]).toBe('connecting');
  expect(states.at(-1)).toBe('closed');
  expect(states).toContain('alive');
});

test('Solid: from() makes a signal of it, undone with its owner', async () => {
  const rig = await rigged();
  const connection = shared(rig.url);
  const states: (State | undefined)[] = [];
  const dispose = createRoot((undo) => {
    const snapshot = signalFrom<Snapshot>(connection);
    createEffect(() => states.push(snapshot()?.state));
    return undo;
  });
  onTestFinished(dispose);
  await untilSo(() => states.at(-1) === 'alive');
  dispose();
  connection.close();
  await untilSo(() => connection.state === 'closed');
  expect(states.at(-1)).toBe('alive');
});

test('Alpine: a connection in its data is itself, and its snapshot renders', async () => {
  const rig = await rigged();
  const connection = shared(rig.url);
  const data = alpine.reactive({ connection, snapshot: connection.snapshot });
  expect(data.connection).toBe(connection);
  const states: State[] = [];
  alpine.effect(() => states.push(data.snapshot.state));
  data.connection.subscribe((snapshot) => (data.snapshot = snapshot));
  await untilSo(() => states.at(-1) === 'alive');
  const { send } = data.connection;
  expect(send('from Alpine')).toBe(true);
  await rig.seen('message');
});
