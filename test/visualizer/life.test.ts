/** The life of a machine as the page has it: its rows, which of them are read as one, and what it does not know. */
import { expect, test } from 'vitest';
import { createMachine } from 'xstate';

import { connectionMachine } from '../../machines/index.ts';
import { translate } from '../../visualizer/bridge/translate.ts';
import type { Definition, Registered, StateValue } from '../../visualizer/entry.ts';
import { LifeStory, mostEntries, stepsOf, wordOf } from '../../visualizer/page/life.ts';
import { Lines } from '../../visualizer/page/lines.ts';
import { heartbeatsIn, isFold } from '../../visualizer/page/runs.ts';
import { nameOf } from '../../visualizer/page/words.ts';
import { stranger } from './lives.ts';

const session = 'x-1';
const connection = translate(connectionMachine);
const quiet: StateValue = { socket: { alive: 'quiet' } };
const probing: StateValue = { socket: { alive: 'probing' } };

function registered(definition: Definition, value: StateValue, seq?: number): Registered {
  const counted = seq === undefined ? {} : { seq };
  return { type: 'registered', at: 0, session, name: 'x', definition, value, context: {}, ...counted };
}

/** A life that is told one thing after another, a millisecond each. */
function lifeOf(definition: Definition, value: StateValue) {
  const life = new LifeStory(registered(definition, value, 0));
  let seq = 0;
  let here = value;
  const next = () => ({ at: (seq += 1), session, seq });
  return {
    life,
    /** What happens, and where it leads: nowhere else, where nothing is said. */
    tell(event: string | { type: string }, to: StateValue = here, context: unknown = {}) {
      here = to;
      life.add({ type: 'event', ...next(), event: typeof event === 'string' ? { type: event } : event });
      life.add({ type: 'changed', ...next(), value: to, context, done: false });
    },
    change(to: StateValue) {
      here = to;
      life.add({ type: 'changed', ...next(), value: to, context: {}, done: false });
    },
    stop: () => life.add({ type: 'stopped', ...next() }),
    skip: (count: number) => (seq += count),
  };
}

type Told = ReturnType<typeof lifeOf>;

const ask = 'xstate.after(heartbeatInterval)#connection.socket.alive.quiet';

function beat(told: Told, roundTripTime: number) {
  told.tell(ask, probing);
  told.tell('peer.spoke', quiet);
  told.tell({ type: 'peer.beat', roundTripTime } as { type: string }, quiet);
}

/** `3 heartbeats, 1–5`, `2 × TICK`, else what happened. */
function linesOf({ runs }: LifeStory): string[] {
  return runs.all.map((run) => {
    const { kind, rows, trips } = run;
    const [row] = rows;
    if (!isFold(run)) return row!.kind === 'gap' ? `${row!.missing} missing` : row!.type;
    if (kind === 'same') return `${rows.length} × ${row!.type}`;
    return `${heartbeatsIn(run)} heartbeats${trips === undefined ? '' : `, ${trips.least}–${trips.most}`}`;
  });
}

test('heartbeats that are answered are one row, with the range of their round trips', () => {
  const told = lifeOf(connection, { socket: { connecting: 'dialling' } });
  told.tell('socket.opened', { socket: { 'awaiting-id': 'listening' } });
  told.tell('peer.named', quiet);
  for (const trip of [3, 1, 5]) beat(told, trip);
  expect(linesOf(told.life)).toEqual(['socket.opened', 'peer.named', '3 heartbeats, 1–5']);
  told.tell(ask, probing);
  expect(linesOf(told.life), 'the next one is under way').toEqual(['socket.opened', 'peer.named', '3 heartbeats, 1–5']);
});

test('a question that nobody answers is no heartbeat: it is where the trouble begins', () => {
  const told = lifeOf(connection, quiet);
  beat(told, 2);
  beat(told, 4);
  told.tell(ask, probing);
  told.tell(
    'xstate.after(probeTimeout)#connection.socket.alive.probing',
    { socket: { stale: { silent: 'asking' } } },
    { cause: 'silent' },
  );
  told.tell('peer.beat', quiet);
  beat(told, 9);
  expect(linesOf(told.life)).toEqual([
    '2 heartbeats, 2–4',
    'after heartbeatInterval',
    'after probeTimeout',
    'peer.beat',
    '1 heartbeats, 9–9',
  ]);
  expect(told.life.rows.find(({ type }) => type === 'after probeTimeout')).toMatchObject({ cause: 'silent' });
});

test('a beat that leads into doubt is no heartbeat either, though it was one until that was known', () => {
  const told = lifeOf(connection, quiet);
  beat(told, 1);
  told.tell('peer.beat', { socket: { stale: { outdated: 'asking' } } }, { cause: 'outdated' });
  expect(linesOf(told.life)).toEqual(['1 heartbeats, 1–1', 'peer.beat']);
});

test('beats of a server that speaks by itself, and of one that is not watched', () => {
  const told = lifeOf(connection, quiet);
  for (let i = 0; i < 4; i += 1) told.tell('peer.beat', quiet);
  expect(linesOf(told.life)).toEqual(['4 heartbeats']);
  const unwatched = lifeOf(connection, { socket: { alive: 'unwatched' } });
  for (let i = 0; i < 3; i += 1) unwatched.tell('peer.beat');
  expect(linesOf(unwatched.life)).toEqual(['3 heartbeats']);
});

test("of others' machines, equal events that change nothing are one row", () => {
  const counter = translate(
    createMachine({ id: 'counter', initial: 'a', states: { a: { on: { TICK: {}, GO: 'b' } }, b: {} } }),
  );
  const told = lifeOf(counter, 'a');
  for (let i = 0; i < 312; i += 1) told.tell('TICK');
  told.tell('peer.beat');
  told.tell('TICK');
  told.tell('GO', 'b');
  told.tell('GO');
  told.tell('GO');
  expect(linesOf(told.life)).toEqual(['312 × TICK', 'peer.beat', 'TICK', 'GO', '2 × GO']);
});

test('since when a machine of another kind is where it is: each region that changes begins anew', () => {
  const crossing = stranger('parallel', { light: ['red', 'green'], voice: ['silent', 'speaking'] });
  const told = lifeOf(crossing, { light: 'red', voice: 'silent' });
  told.tell('PRESS', { light: 'red', voice: 'speaking' });
  told.tell('TICK');
  told.tell('PRESS', { light: 'green', voice: 'speaking' });
  expect(told.life.turns.map(({ word }) => word)).toEqual([
    'light · red | voice · silent',
    'light · red | voice · speaking',
    'light · green | voice · speaking',
  ]);
});

test('a dial after a loss is part of the outage, the first one is not', () => {
  const told = lifeOf(connection, { socket: { connecting: 'dialling' } });
  told.tell('socket.opened', { socket: { 'awaiting-id': 'listening' } }, { attempt: 1 });
  told.tell('peer.named', quiet, { attempt: 1 });
  told.tell('socket.lost', 'reconnecting', { attempt: 1, cause: 'peer-closed' });
  told.tell(
    'xstate.after(backoff)#connection.reconnecting',
    { socket: { connecting: 'dialling' } },
    { attempt: 2, cause: 'peer-closed' },
  );
  expect(told.life.turns.map(({ word, isOutage }) => [word, isOutage])).toEqual([
    ['connecting', false],
    ['awaiting-id', false],
    ['alive', false],
    ['reconnecting', true],
    ['connecting', true],
  ]);
  expect(
    told.life.rows.map(({ cause }) => cause),
    'said once',
  ).toEqual(['', '', 'peer-closed', '']);
});

test.each<[from: StateValue, to: StateValue, steps: string[]]>([
  ['a', 'b', ['a → b']],
  [{ socket: { alive: 'quiet' } }, { socket: { stale: { silent: 'asking' } } }, ['alive → stale']],
  [quiet, probing, ['alive · quiet → probing']],
  [quiet, 'reconnecting', ['alive → reconnecting']],
  [{ light: 'red', voice: 'silent' }, { light: 'green', voice: 'silent' }, ['light · red → green']],
  [
    { light: 'red', voice: 'silent' },
    { light: 'green', voice: 'loud' },
    ['light · red → green', 'voice · silent → loud'],
  ],
  [
    { on: { light: { lit: 'red' }, voice: 'silent' } },
    { on: { light: { lit: 'green' }, voice: 'silent' } },
    ['on · light · lit · red → green'],
  ],
  [{ on: { light: 'red', voice: 'silent' } }, 'off', ['on → off']],
  // Somebody's own state of that name, and names that objects have anyway.
  [{ socket: 'open', ui: 'idle' }, { socket: 'shut', ui: 'idle' }, ['socket · open → shut']],
  [{ constructor: 'a' }, { constructor: 'b' }, ['constructor · a → b']],
])('%j → %j', (from, to, steps) => {
  expect(
    stepsOf(from, to).map(({ within, ...step }) => `${within === '' ? '' : `${within} · `}${step.from} → ${step.to}`),
  ).toEqual(steps);
});

test('states and events in words', () => {
  expect(wordOf({ socket: { alive: 'quiet' } })).toBe('alive · quiet');
  expect(wordOf({ socket: 'open', ui: 'idle' })).toBe('socket · open | ui · idle');
  expect(nameOf('xstate.after(90000)#kettle.hot')).toBe('after 90 s');
  expect(nameOf('done.invoke.0.kettle.hot', new Map([['0.kettle.hot', 'boil']]))).toBe('done of boil');
  expect(nameOf('error.platform.boil')).toBe('error of boil');
});

test('what is told again is known; what is missing is said, once and how much', () => {
  const told = lifeOf(connection, { socket: { connecting: 'dialling' } });
  told.tell('socket.opened', { socket: { 'awaiting-id': 'listening' } });
  const { life } = told;
  const rows = life.rows.length;
  const first = life.entries[0] as Registered;
  expect(life.retold(first)).toBe(true);
  for (const entry of life.entries.slice()) life.add(entry);
  expect(life.rows.length).toBe(rows);
  expect(life.entries.length).toBe(3);

  // The source keeps no more than where it was, and the newest.
  told.skip(100);
  told.change(quiet);
  told.skip(12);
  told.tell('world.woke');
  expect(linesOf(life)).toEqual(['socket.opened', '112 missing', 'world.woke']);
  expect(life.rows[1]).toMatchObject({ from: 'awaiting-id · listening', to: 'alive · quiet' });

  expect(life.retold({ ...first, at: 7 }), 'another life').toBe(false);
  expect(life.retold({ ...first, session: 'y' })).toBe(false);
  expect(new LifeStory(registered(connection, quiet)).retold(registered(connection, quiet)), 'nobody counts').toBe(
    false,
  );
});

test('the oldest give way, a row says how many, and the page counts on', () => {
  const told = lifeOf(connection, quiet);
  told.tell('world.woke');
  for (let i = 0; i < mostEntries; i += 1) told.tell('peer.beat', quiet);
  const { life } = told;
  expect(life.entries.length).toBeLessThanOrEqual(mostEntries);
  expect(life.rows[0]).toMatchObject({ kind: 'gap', missing: life.forgotten });
  expect(life.rows.filter(({ kind }) => kind === 'gap')).toHaveLength(1);
  expect(life.runs.all.flatMap(({ rows }) => rows)).toEqual(life.rows);
  const [gap, beats] = linesOf(life);
  expect(gap).toBe(`${life.forgotten} missing`);
  expect(beats).toBe(`${life.rows.length - 1} heartbeats`);
  const known = life.entries.length;
  for (const entry of life.entries.slice(0, 50)) life.add(entry);
  expect(life.entries.length, 'told again').toBe(known);
  told.stop();
  expect(linesOf(life).at(-1)).toBe('stopped');
});

test('the row of a moment: within a run, too', () => {
  const told = lifeOf(connection, quiet);
  for (const trip of [1, 2, 3]) beat(told, trip);
  const { life } = told;
  const [, , third, fourth] = life.rows;
  expect(life.rowAt(third!.entry.at, third!.entry)).toBe(third);
  expect(life.rowAt(fourth!.at)).toBe(fourth);
  expect(life.rowAt(-1)).toBeUndefined();
});

test.each(['', 'beat', 'transitions'])('lines that grow are those that are made at once, filter %j', (filter) => {
  const sought =
    filter === 'transitions' ? { text: '', onlyTransitions: true } : { text: filter, onlyTransitions: false };
  const random = chance(7);
  for (let round = 0; round < 60; round += 1) {
    const told = lifeOf(connection, quiet);
    const grown = new Lines();
    for (let i = 0; i < 40; i += 1) {
      const pick = random();
      if (pick < 0.5) beat(told, 1);
      else if (pick < 0.6) told.tell(ask, probing);
      else if (pick < 0.7) told.tell('peer.beat', { socket: { stale: { outdated: 'asking' } } });
      else if (pick < 0.9) told.tell('world.woke');
      else if (pick < 0.95) told.tell('socket.lost', 'reconnecting');
      else told.skip(3);
      grown.update(told.life, sought);
      const run = told.life.runs.all.at(-1);
      if (random() < 0.2 && run !== undefined && isFold(run)) {
        grown.toggle(run);
        grown.update(told.life, sought);
      }
      const fresh = new Lines();
      for (const each of told.life.runs.all) if (grown.isOpen(each)) fresh.toggle(each);
      fresh.update(told.life, sought);
      expect(grown.all).toEqual(fresh.all);
    }
    expect(grown.height).toBe(grown.all.reduce((sum, { height }) => sum + height, 0));
  }
});

test('transitions: no heartbeat, nothing without effect; the end stays, and what is missing', () => {
  const told = lifeOf(connection, quiet);
  beat(told, 1);
  beat(told, 1);
  told.tell('world.woke');
  told.tell('socket.lost', 'reconnecting');
  told.skip(5);
  told.tell('world.woke');
  told.stop();
  const lines = new Lines();
  const shown = () => lines.all.map(({ row }) => (row === undefined ? 'head' : row.kind === 'gap' ? 'gap' : row.type));
  lines.update(told.life, { text: '', onlyTransitions: true });
  expect(shown()).toEqual(['socket.lost', 'gap', 'stopped']);
  lines.update(told.life, { text: 'peer.beat', onlyTransitions: false });
  expect(shown(), 'unfolded').toEqual(['peer.beat', 'peer.beat']);
  lines.update(told.life, { text: 'zebra', onlyTransitions: false });
  expect(shown()).toEqual([]);
  lines.update(told.life, { text: '', onlyTransitions: false });
  expect(shown()).toEqual(['head', 'world.woke', 'socket.lost', 'gap', 'world.woke', 'stopped']);
});

/** What is told of a flood costs no more than itself: nobody looks at what was there before. */
test('with news, only the last lines are made anew', () => {
  const told = lifeOf(connection, quiet);
  const lines = new Lines();
  for (let i = 0; i < 1_000; i += 1) told.tell(i % 2 === 0 ? 'world.woke' : 'user.asked');
  lines.update(told.life, { text: '', onlyTransitions: false });
  const before = lines.all.slice();
  told.tell('world.woke');
  lines.update(told.life, { text: '', onlyTransitions: false });
  expect(lines.all.length).toBe(before.length + 1);
  expect(before.filter((line, i) => lines.all[i] !== line).length, 'made anew').toBeLessThan(3);
});

function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
