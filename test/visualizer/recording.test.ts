/** Recordings, and what comes by the wire: a file or a stranger may say anything, and the page says what is wrong, or leaves it out. */
import { describe, expect, test } from 'vitest';

import { connectionMachine } from '../../machines/index.ts';
import { bounds, isDeeper } from '../../visualizer/bridge/bounds.ts';
import { definitionIn, entriesOf } from '../../visualizer/bridge/receive.ts';
import { translate } from '../../visualizer/bridge/translate.ts';
import type { Counted, Definition, Registered, StateValue } from '../../visualizer/entry.ts';
import { activeIn, arrowsTaken, graphOf } from '../../visualizer/page/chart/graph.ts';
import { layoutOf } from '../../visualizer/page/chart/layout.ts';
import { LifeStory, wordOf } from '../../visualizer/page/life.ts';
import { entriesIn, limits } from '../../visualizer/page/recorded.ts';
import { recordingOf } from '../always/expect-lives.ts';
import { patience, openTab, stateIn, useBrowser, visualize } from './stage.ts';

const session = 'x-1';
const heading = '{"systole":"recording","version":1}';
const registered = {
  type: 'registered',
  at: 1,
  session,
  seq: 0,
  name: 'connection',
  definition: translate(connectionMachine),
  value: { socket: { connecting: 'dialling' } },
  context: { attempt: 1 },
};
const amount = { messages: 1, bytes: 2 };
const entries = {
  registered,
  event: { type: 'event', at: 2, session, seq: 1, event: { type: 'socket.opened' } },
  changed: {
    type: 'changed',
    at: 2,
    session,
    seq: 2,
    value: { socket: { 'awaiting-id': 'listening' } },
    context: {},
    delays: { 'xstate.after(idTimeout)#connection': { ms: 5_000, since: 2 } },
    done: false,
  },
  counted: {
    type: 'counted',
    at: 3,
    session,
    seq: 3,
    sent: amount,
    received: amount,
    held: amount,
    room: { messages: 1_000, bytes: null },
    unconfirmed: amount,
    heardAt: 2.5,
    topics: [{ name: 'chat', state: 'live', at: 7, caughtUp: 1, lost: null, gaps: 0 }],
  },
  stopped: { type: 'stopped', at: 4, session, seq: 4, output: { code: 1000 } },
};

const fileOf = (...lines: unknown[]) => [heading, ...lines.map((line) => JSON.stringify(line)), ''].join('\n');
const read = (text: string) => entriesIn(text, 'life.jsonl');

/** A thing with another thing in place of what lies at a path. */
function withIn(thing: unknown, path: string, other: unknown): unknown {
  const [first = '', ...rest] = path.split('/');
  if (first === '') return other;
  const copy = (Array.isArray(thing) ? thing.slice() : { ...(thing as object) }) as Record<string, unknown>;
  copy[first] = withIn(copy[first], rest.join('/'), other);
  return copy;
}

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

function deepDefinition(depth: number): Definition {
  let node: object = leaf(`m${depth}`, 's');
  for (let i = depth - 1; i > 0; i -= 1)
    node = { ...leaf(`m${i}`, 's'), type: 'compound', initial: 's', states: { s: node } };
  return node as Definition;
}

function leaf(id: string, key: string) {
  return { id, key, type: 'atomic', states: {}, transitions: [], entry: [], exit: [], invoke: [] };
}

function deepValue(depth: number): StateValue {
  let value: StateValue = 's';
  for (let i = 0; i < depth; i += 1) value = { s: value };
  return value;
}

function depthOf({ states }: Definition): number {
  return 1 + Math.max(0, ...Object.values(states).map(depthOf));
}

describe('a recording', () => {
  test('of ours is read as it was', async () => {
    expect(read(fileOf(...Object.values(entries)))).toEqual(Object.values(entries));
    const life = await recordingOf({
      seed: 7,
      like: 'browser',
      clients: ['connection'],
      retries: Infinity,
      overflow: 'reject',
      whileHidden: 'dial',
      story: [
        { do: 'wait', ms: 130_000 },
        { do: 'silence', direction: 'to-client' },
        { do: 'wait', ms: 120_000 },
      ],
    });
    const [, ...lines] = life.trim().split('\n');
    expect(read(life)).toEqual(lines.map((line) => JSON.parse(line) as object));
  });

  test('a last line that was cut off is left out, and no other one', () => {
    const whole = fileOf(registered, entries.event);
    expect(read(`${whole}{"type":"chan`)).toHaveLength(2);
    expect(read(whole.trimEnd())).toHaveLength(2);
    expect(read(`${whole}\r\n\n`)).toHaveLength(2);
    expect(() => read(`${whole}{"type":"chan\n`)).toThrow('life.jsonl, line 4: it is no JSON');
  });

  test.each([
    ['', 'life.jsonl is no recording of systole'],
    ['{}\n', 'life.jsonl is no recording of systole'],
    ['null', 'life.jsonl is no recording of systole'],
    ['{"systole":"recording","version":2}\n', 'life.jsonl was made by another version of systole'],
    [`${heading}\n`, 'life.jsonl holds no machine'],
    [fileOf(entries.event), 'life.jsonl, line 2: session is that of no machine before it'],
    [
      fileOf(registered, { ...entries.event, session: 'y' }),
      'life.jsonl, line 3: session is that of no machine before it',
    ],
    [`${heading}\n${' '.repeat(limits.line + 1)}\n`, 'life.jsonl, line 2: it is longer than 8,000,000 characters'],
    [`${heading}\n${'\n'.repeat(limits.lines)}`, 'life.jsonl has more than 1,000,000 lines'],
    [
      fileOf(...Array.from({ length: limits.machines + 1 }, (_, i) => ({ ...registered, session: `x-${i}` }))),
      'life.jsonl holds more than 1,000 machines',
    ],
    [fileOf(registered, 7), 'life.jsonl, line 3: it is no object'],
    [fileOf(registered, []), 'life.jsonl, line 3: it is no object'],
    [`${heading}\n${'['.repeat(500_000)}${']'.repeat(500_000)}\n`, 'life.jsonl, line 2: it is no object'],
  ])('%#: as a whole', (text, says) => {
    expect(() => read(text)).toThrow(says);
  });

  const node = 'definition/states/socket/states/alive';
  const inNode = 'registered.definition.states.socket.states.alive';
  test.each<[keyof typeof entries, path: string, other: unknown, says: string]>([
    ['event', 'type', 'else', 'type is that of no entry'],
    ['event', 'type', 'constructor', 'type is that of no entry'],
    ['event', 'at', '2', 'at is no time, in ms'],
    ['event', 'at', 1e99, 'at is no time, in ms'],
    ['event', 'session', 7, 'session is no text'],
    ['event', 'seq', -1, 'seq is no whole number from 0 on'],
    ['event', 'seq', 1.5, 'seq is no whole number from 0 on'],
    ['event', 'event', null, 'event.event is no object'],
    ['event', 'event/type', undefined, 'event.event.type is no text'],
    ['event', 'event/data', nested(100), 'event.event is more than 64 fields deep'],
    ['registered', 'name', null, 'registered.name is no text'],
    ['registered', 'name', 'x'.repeat(1_001), 'registered.name is longer than 1,000 characters'],
    ['registered', 'parent', 7, 'registered.parent is no text'],
    ['registered', 'context', nested(1_000), 'registered.context is more than 64 fields deep'],
    ['registered', 'value', 7, 'registered.value is neither text nor an object'],
    ['registered', 'definition', undefined, 'registered.definition is no object'],
    ['registered', `${node}/id`, 7, `${inNode}.id is no text`],
    ['registered', `${node}/type`, 'toString', `${inNode}.type is none of atomic, compound`],
    ['registered', `${node}/initial`, {}, `${inNode}.initial is no text`],
    ['registered', `${node}/history`, 'some', `${inNode}.history is neither deep nor shallow`],
    ['registered', `${node}/tags`, [7], `${inNode}.tags[0] is no text`],
    ['registered', `${node}/entry`, {}, `${inNode}.entry is no list`],
    ['registered', `${node}/exit`, [{}], `${inNode}.exit[0].type is no text`],
    ['registered', `${node}/invoke`, [{ id: 'a' }], `${inNode}.invoke[0].src is no text`],
    ['registered', `${node}/states`, undefined, `${inNode}.states is no object`],
    ['registered', `${node}/states/quiet`, 'quiet', `${inNode}.states.quiet is no object`],
    ['registered', `${node}/states`, { 'a<b>': 1 }, `${inNode}.states.… is no object`],
    ['registered', `${node}/transitions/0/eventType`, 7, `${inNode}.transitions[0].eventType is no text`],
    ['registered', `${node}/transitions/0/target`, '#a', `${inNode}.transitions[0].target is no list`],
    ['registered', `${node}/transitions/0/cond`, 'a', `${inNode}.transitions[0].cond is no object`],
    ['registered', `${node}/transitions/0/internal`, 1, `${inNode}.transitions[0].internal is neither true nor false`],
    ['registered', 'definition', deepDefinition(1_000), 'is no object'],
    ['registered', 'definition', deepDefinition(65), 'lies more than 64 states deep'],
    ['changed', 'value', 17, 'changed.value is neither text nor an object'],
    ['changed', 'value', ['a'], 'changed.value is neither text nor an object'],
    ['changed', 'value/socket', null, 'changed.value.socket is neither text nor an object'],
    ['changed', 'value', deepValue(64), 'lies more than 64 states deep'],
    ['changed', 'delays', { backoff: { ms: 1 } }, 'changed.delays.backoff is not { ms, since }'],
    ['changed', 'done', 0, 'changed.done is neither true nor false'],
    ['counted', 'sent', { messages: 1 }, 'counted.sent is not { messages, bytes }'],
    ['counted', 'received/bytes', -1, 'counted.received is not { messages, bytes }'],
    ['counted', 'room', undefined, 'counted.room is no object'],
    ['counted', 'room/bytes', '7', 'counted.room.bytes is neither a whole number nor null'],
    ['counted', 'heardAt', 'now', 'counted.heardAt is no time, in ms'],
    ['counted', 'topics', {}, 'counted.topics is no list'],
    ['counted', 'topics/0/name', 7, 'counted.topics[0].name is no text'],
    ['counted', 'topics/0/state', 'gone', 'counted.topics[0].state is none of asking, behind, live, loading'],
    ['counted', 'topics/0/at', 'x', 'counted.topics[0].at is neither a whole number nor null'],
    ['counted', 'topics/0/gaps', null, 'counted.topics[0].gaps is no whole number'],
    ['stopped', 'output', nested(100), 'stopped.output is more than 64 fields deep'],
  ])('%s with another %s', (type, path, other, says) => {
    const line = withIn(entries[type], path, other);
    const lines = type === 'registered' ? [line] : [registered, line];
    const saysWhere = `life.jsonl, line ${1 + lines.length}: `;
    const fault = faultIn(fileOf(...lines));
    expect(fault.slice(0, saysWhere.length)).toBe(saysWhere);
    if (path !== 'definition' || other === undefined) expect(fault).toContain(says);
    else expect(fault).toMatch(/lies more than 64 states deep$/);
    expect(fault.length).toBeLessThan(300);
  });

  test('of too many states', () => {
    const states = Object.fromEntries(
      Array.from({ length: bounds.states }, (_, i) => [`s${i}`, leaf(`m.s${i}`, `s${i}`)]),
    );
    const definition = { ...leaf('m', 'm'), type: 'compound', states };
    expect(faultIn(fileOf({ ...registered, definition }))).toContain('is one of more than 5,000 states');
    const { s0: _, ...fewer } = states;
    expect(read(fileOf({ ...registered, definition: { ...definition, states: fewer } }))).toHaveLength(1);
  });
});

function faultIn(text: string): string {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

/** What all of the page asks of a machine. */
function askAll(definition: Definition, value: StateValue) {
  const graph = graphOf(definition);
  const active = activeIn(definition, value);
  arrowsTaken(graph, 'E', active, active);
  const life = new LifeStory({ type: 'registered', at: 0, session, name: 'x', definition, value, context: {} });
  life.add({ type: 'changed', at: 1, session, value, context: {}, done: false });
  return { words: wordOf(value), key: JSON.stringify(definition), active: [...active] };
}

describe('names that all objects have', () => {
  const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const text = fileOf({
    ...registered,
    definition: { ...leaf('m', 'm'), type: 'parallel', states: {} },
    value: {},
  });
  const states = keys.map(
    (key) =>
      `${JSON.stringify(key)}:${JSON.stringify({ ...leaf(`m.${key}`, key), type: 'compound', states: { on: leaf(`m.${key}.on`, 'on') } })}`,
  );
  const value = keys.map((key) => `${JSON.stringify(key)}:"on"`);

  test('are states as others are', () => {
    const named = text
      .replace('"states":{}', `"states":{${states.join()}}`)
      .replace('"value":{}', `"value":{${value.join()}}`);
    const [entry] = read(named) as [Registered];
    expect(Object.keys(entry.definition.states)).toEqual(keys);
    expect(Object.getPrototypeOf(entry.value)).toBe(Object.prototype);
    const { words, active } = askAll(entry.definition, entry.value);
    expect(words).toBe(keys.map((key) => `${key} · on`).join(' | '));
    expect(active).toEqual(['m', ...keys.flatMap((key) => [`m.${key}`, `m.${key}.on`])]);
  });

  test('are no states where the chart has none of them', () => {
    const [entry] = read(text.replace('"value":{}', `"value":{${value.join()}}`)) as [Registered];
    expect(askAll(entry.definition, entry.value).active).toEqual(['m']);
    expect(({} as Record<string, unknown>)['on']).toBeUndefined();
  });
});

describe('by the wire', () => {
  test('a machine 1,000 states deep has 64 of them, and is laid out', async () => {
    const definition = definitionIn(deepDefinition(1_000));
    expect(depthOf(definition)).toBe(bounds.depth);
    askAll(definition, 's');
    const { boxes } = await layoutOf(definition);
    expect(boxes.length).toBeGreaterThan(bounds.depth - 2);
  });

  test('one of 20,000 states has 5,000, one of 200,000 transitions 50,000', () => {
    const states = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`s${i}`, leaf(`m.s${i}`, `s${i}`)]));
    const definition = definitionIn({ ...leaf('m', 'm'), states });
    expect(Object.keys(definition.states)).toHaveLength(bounds.states - 1);
    askAll(definition, 's0');
    const transitions = Array.from({ length: 200_000 }, () => ({ eventType: 'E', target: [], actions: [] }));
    expect(definitionIn({ ...leaf('m', 'm'), transitions }).transitions).toHaveLength(bounds.parts);
  });

  test('states of one id are told apart, though they lie within each other', () => {
    const inner = { ...leaf('a', 'c'), transitions: [{ eventType: 'E', target: ['#a'], actions: [] }] };
    const definition = definitionIn({ ...leaf('a', 'a'), states: { b: { ...leaf('b', 'b'), states: { c: inner } } } });
    const { active } = askAll(definition, { b: 'c' });
    expect(active).toEqual(['a', 'b', 'a (2)']);
  });

  const frame = (type: string, fields: object) => ({ type, sessionId: session, ...fields });
  const systole = (extra: object) => ({ _event: { systole: extra } });

  test('values, contexts and events are as deep as they may be', () => {
    const [first] = entriesOf()(
      frame('service.register', {
        id: 'm',
        machine: { config: {} },
        state: { value: deepValue(1_000), context: nested(100_000) },
      }),
    ) as [Registered];
    expect(isDeeper(first.value, bounds.depth)).toBe(false);
    expect(isDeeper(first.context, bounds.depth)).toBe(false);
    askAll(first.definition, first.value);
    const [event] = entriesOf()(frame('service.event', { event: { name: 'E', data: { deep: nested(100_000) } } }));
    expect(isDeeper(event, bounds.depth + 2)).toBe(false);
    expect(() => JSON.stringify([first, event])).not.toThrow();
  });

  test.each<unknown>([
    7,
    null,
    'x',
    [],
    { toString: 1, valueOf: 1 },
    {
      states: 7,
      transitions: {},
      tags: [{ toString: 1, valueOf: 1 }],
      entry: [{ type: { toString: 1, valueOf: 1 } }],
      invoke: 'x',
    },
    { transitions: [null, 7, { target: [{ toString: 1, valueOf: 1 }], actions: 7, cond: 7 }], initial: 7 },
  ])('a machine that is none: %j', (config) => {
    const [entry] = entriesOf()(frame('service.register', { machine: { config }, state: { value: 7 } })) as [
      Registered,
    ];
    expect(askAll(entry.definition, entry.value).words).toBe('');
  });

  test('what is counted, and delays, are numbers, or not told', () => {
    const { type, ...counts } = entries.counted;
    const tell = (extra: object) =>
      entriesOf()(
        frame('service.event', { event: { name: 'systole.counted', systole: { type, ...counts, ...extra } } }),
      );
    expect(tell({})).toEqual([entries.counted]);
    expect(tell({ sent: { messages: 'x', bytes: 1 } })).toEqual([]);
    const [told] = tell({ topics: [7, { name: 'x' }], heardAt: 'x', room: 7, seq: 'x' }) as [Counted];
    expect(told).toMatchObject({ topics: [], room: { messages: null, bytes: null } });
    expect(told).not.toHaveProperty('heardAt');
    expect(told).not.toHaveProperty('seq');
    const delays = { a: { ms: 1, since: 2 }, b: 7, c: { ms: 'x', since: 2 }, d: null };
    const state = { value: 'a', context: {}, ...systole({ type: 'changed', at: 5, delays }) };
    expect(entriesOf()(frame('service.state', { state }))).toMatchObject([
      { at: 5, delays: { a: { ms: 1, since: 2 } } },
    ]);
  });
});

describe('in a page', () => {
  useBrowser();

  test('what is wrong is said, with its line, and the page goes on', async () => {
    const { page, errors } = await openTab(await visualize());
    const load = (name: string, text: string) =>
      page.locator('input[type=file]').setInputFiles({ name, mimeType: '', buffer: Buffer.from(text) });
    const said = () => page.getByRole('alert').textContent();
    await load('bad.jsonl', fileOf(registered, { ...entries.changed, value: 17 }));
    await expect
      .poll(said, { timeout: patience })
      .toContain('bad.jsonl, line 3: changed.value is neither text nor an object');
    await load('deep.jsonl', fileOf({ ...registered, definition: deepDefinition(1_000) }));
    await expect.poll(said, { timeout: patience }).toMatch(/deep\.jsonl, line 2: .* lies more than 64 states deep/);
    await load('good.jsonl', fileOf({ ...registered, definition: deepDefinition(64), value: deepValue(62) }));
    await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toContain('s · s');
    await expect.poll(() => page.locator('.statechart svg').count(), { timeout: patience }).toBe(1);
    expect(errors).toEqual([]);
  });
});
