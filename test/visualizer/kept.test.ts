/**
 * What the page keeps of many machines: so much and no more, whether anybody sees it or not.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { expect, test, vi } from 'vitest';

import { connectionMachine } from '../../machines/connection.ts';
import { translate } from '../../visualizer/bridge/translate.ts';
import type { Entry } from '../../visualizer/entry.ts';
import { LifeStory } from '../../visualizer/page/life.ts';
import { shared } from '../../visualizer/page/shared.ts';

/** A page that nobody sees: its timers come when the test says so. */
let draw = (): void => {};
vi.stubGlobal('document', { visibilityState: 'hidden' });
vi.stubGlobal('window', { setTimeout: (task: () => void) => void (draw = task) });
const { machines, open, shown, tell } = await import('../../visualizer/page/store.ts');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const source = { name: 'ws://127.0.0.1:1' };
const definition = translate(connectionMachine);
const contextOf = (beat: number) => ({
  attempt: 0,
  id: '…c84e',
  session: { namedAt: 1, slowest: 2 },
  roundTripTime: beat,
  settings: { heartbeat: { interval: 1_000, timeout: 10_000 }, backoff: { initial: 500, max: 30_000 } },
});

/** As it is off the wire: nothing of it is anything else's. */
function parsed(entry: object): Entry {
  return JSON.parse(JSON.stringify(entry)) as Entry;
}

function registeredOf(machine: number, seq = 0): Entry {
  const value = { socket: { alive: 'quiet' } };
  const told = { session: `run-${machine}`, at: 1, seq, name: `connection ${machine}` };
  return parsed({ type: 'registered', ...told, definition, value, context: contextOf(0) });
}

/** An event and what it led to, twice: four entries. */
function beatOf(machine: number, beat: number): Entry[] {
  return [
    { type: 'event', event: { type: 'xstate.after(heartbeatInterval)#connection.socket.alive.quiet' } },
    { type: 'changed', value: { socket: { alive: 'probing' } }, context: contextOf(beat - 1), done: false },
    { type: 'event', event: { type: 'peer.beat', roundTripTime: beat } },
    { type: 'changed', value: { socket: { alive: 'quiet' } }, context: contextOf(beat), done: false },
  ].map((entry, i) => parsed({ ...entry, session: `run-${machine}`, at: beat * 1_000 + i, seq: beat * 4 + i - 3 }));
}

test('of 200 machines so many entries and no more, the newest of each, and none forgets where it began', () => {
  const size = 200;
  for (let machine = 1; machine <= size; machine += 1) tell(source, registeredOf(machine));
  draw();
  expect(machines.value.length).toBe(size);
  open(`${source.name} run-7`);
  const rounds: { count: number; heap: number }[] = [];
  let beat = 0;
  for (const until of [330, 430, 530]) {
    while (beat < until) {
      beat += 1;
      for (let machine = 1; machine <= size; machine += 1) for (const each of beatOf(machine, beat)) tell(source, each);
    }
    collect();
    const count = machines.value.reduce((sum, { life }) => sum + life.entries.length, 0);
    rounds.push({ count, heap: process.memoryUsage().heapUsed / 2 ** 20 });
  }
  console.info(
    `heap of 200 machines: ${rounds.map(({ count, heap }) => `${count} in ${heap.toFixed(0)} MiB`).join(', ')}`,
  );
  for (const { count } of rounds) expect(count).toBeLessThanOrEqual(250_000);
  // Nothing grows but what is counted.
  expect(rounds[2]!.heap).toBeLessThan(1.1 * rounds[1]!.heap);
  for (const { life } of machines.value) {
    expect(life.entries[0]!.type).toBe('registered');
    expect(life.last).toMatchObject({ at: beat * 1_000 + 3 });
    expect(life.entries.length).toBeGreaterThan(800);
  }
  // Of the one that is looked at there is all that one machine may have.
  expect(shown.value!.life.entries.length).toBe(1 + 4 * beat);
});

test('a machine tells what it knows each time: what is as it was, is kept once', () => {
  const life = new LifeStory(registeredOf(1) as never);
  for (const entry of [...beatOf(1, 1), ...beatOf(1, 2)]) life.add(entry);
  const contexts = life.entries.flatMap((entry) => (entry.type === 'changed' ? [entry.context as never] : []));
  expect(contexts).toEqual([contextOf(0), contextOf(1), contextOf(1), contextOf(2)]);
  const [a, b, c, d] = contexts as { settings: object; session: object }[];
  expect(c).toBe(b);
  for (const each of [b, d]) expect([each!.settings, each!.session]).toEqual([a!.settings, a!.session]);
  expect(d!.settings).toBe(a!.settings);
});

test('those of one kind share what they are like', () => {
  for (let machine = 1_001; machine <= 1_003; machine += 1) tell(source, registeredOf(machine));
  draw();
  expect(new Set(machines.value.map(({ life }) => life.definition)).size).toBe(1);
});

const rows: [next: unknown, before: unknown, isBefore: boolean][] = [
  [{ a: 1, b: { c: [1, 2] } }, { a: 1, b: { c: [1, 2] } }, true],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: 1, b: undefined }, { a: 1, c: undefined }, false],
  [[1, 2, 3], [1, 2], false],
  [{ 0: 1 }, [1], false],
  [null, {}, false],
  ['a', { a: 1 }, false],
  [JSON.parse('{"__proto__":{"a":1}}'), { a: 1 }, false],
  [{ toString: 1 }, {}, false],
];
test.each(rows)('%j after %j stays what it is', (next, before, isBefore) => {
  const told = JSON.stringify(next);
  const one = shared(next, before);
  expect(JSON.stringify(one)).toBe(told);
  expect(one === before).toBe(isBefore);
  expect(({} as { a?: unknown }).a).toBeUndefined();
});

test('of what differs, the parts that are alike are the same', () => {
  const before = { a: { b: 1 }, c: 1 };
  const one = shared({ a: { b: 1 }, c: 2 }, before);
  expect(one).toEqual({ a: { b: 1 }, c: 2 });
  expect(one.a).toBe(before.a);
});
