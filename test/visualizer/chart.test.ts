/** The chart of the page: that nothing of a machine is missing in it, that nothing covers anything, and that it knows the way that was taken. */
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createMachine } from 'xstate';

import { connectionMachine } from '../../machines/connection.ts';
import { translate } from '../../visualizer/bridge/translate.ts';
import type { Definition, StateValue } from '../../visualizer/entry.ts';
import { excessOf, pathsIn } from '../../visualizer/page/chart/bounds.ts';
import { around, isReadable, planFor, whole } from '../../visualizer/page/chart/camera.ts';
import { connectionArrangement } from '../../visualizer/page/chart/connection.ts';
import { activeIn, arrowsTaken, graphOf, shortened, textOf } from '../../visualizer/page/chart/graph.ts';
import { layoutOf } from '../../visualizer/page/chart/layout.ts';
import { fontSizes, measureByTable } from '../../visualizer/page/chart/measure.ts';
import { overlaps } from '../../visualizer/page/chart/overlaps.ts';
import type { Layout, PlacedBox } from '../../visualizer/page/chart/shapes.ts';
import { sightsOf } from '../../visualizer/page/chart/sights.ts';
import { tonesOf } from '../../visualizer/page/chart/tone.ts';
import { ringOf, strangers } from './strangers.ts';

/** In px of the layout: what there is at 1280 × 720, and on a phone. */
const wide = { width: 1_010, height: 580 };
const tall = { width: 410, height: 510 };

const player = createMachine({
  id: 'player',
  type: 'parallel',
  states: {
    playback: {
      initial: 'idle',
      states: {
        idle: { on: { PLAY: 'loading' } },
        loading: { invoke: { src: 'load', onDone: 'playing', onError: 'failed' }, after: { 5000: 'failed' } },
        playing: { on: { PAUSE: 'paused', END: 'idle' } },
        paused: { on: { PLAY: 'playing', STOP: 'idle' } },
        failed: { on: { RETRY: { target: 'loading', guard: 'mayRetry' } } },
      },
    },
    volume: {
      initial: 'normal',
      states: {
        normal: { on: { MUTE: 'muted', LOUDER: { actions: 'louder' } } },
        muted: { on: { UNMUTE: 'normal' } },
      },
    },
    screen: {
      initial: 'window',
      on: { RESUME: '.before' },
      states: {
        window: { on: { FULL: 'full' } },
        full: { on: { ESC: 'window' } },
        before: { type: 'history' },
      },
    },
  },
});

const order = createMachine({
  id: 'order',
  initial: 'cart',
  states: {
    cart: { on: { CHECKOUT: 'checkout', ADD: { actions: 'add' } } },
    checkout: {
      initial: 'address',
      on: { CANCEL: 'cart', TIMEOUT: 'failed' },
      onDone: 'fulfilment',
      states: {
        address: {
          initial: 'editing',
          on: { NEXT: 'payment' },
          states: {
            editing: { on: { BLUR: 'validating' } },
            validating: { invoke: { src: 'validate', onDone: 'valid', onError: 'editing' } },
            valid: {},
          },
        },
        payment: {
          initial: 'choosing',
          on: { BACK: 'address' },
          states: {
            choosing: { on: { CARD: 'card', BANK: 'bank' } },
            card: {
              initial: 'entering',
              states: {
                entering: { on: { SUBMIT: 'verifying' } },
                verifying: {
                  initial: 'waiting',
                  states: {
                    waiting: { after: { poll: 'polling' } },
                    polling: {
                      always: [
                        { guard: 'isVerified', target: '#order.checkout.done' },
                        { guard: 'isRejected', target: '#order.checkout.payment.choosing' },
                        { target: 'waiting' },
                      ],
                    },
                  },
                },
              },
            },
            bank: { on: { CONFIRM: '#order.checkout.done' } },
          },
        },
        done: { type: 'final' },
      },
    },
    fulfilment: { on: { SHIPPED: 'shipped', LOST: 'failed' } },
    shipped: { type: 'final' },
    failed: { type: 'final' },
  },
});

const machines: { machine: AnyStateMachine; arrangement?: typeof connectionArrangement }[] = [
  { machine: connectionMachine, arrangement: connectionArrangement },
  { machine: connectionMachine },
  { machine: player },
  { machine: order },
];

const titleOf = ({ machine, arrangement }: (typeof machines)[number]) =>
  `${machine.id}${arrangement ? ', arranged' : ', by ELK'}`;

for (const each of machines) {
  test(`nothing covers anything, and every arrow has its way: ${titleOf(each)}`, async () => {
    const layout = await layoutOf(translate(each.machine), measureByTable, each);
    expect(overlaps(layout)).toEqual([]);
    expect(layout.edges.filter(({ points }) => points.length < 2)).toEqual([]);
  });

  test(`every transition of the machine is in words somewhere: ${titleOf(each)}`, async () => {
    const definition = translate(each.machine);
    const layout = await layoutOf(definition, measureByTable, each);
    const told = layout.labels.flatMap(({ rows }) => rows);
    expect(told).toHaveLength(arrowsIn(definition));
    expect(layout.boxes.filter(({ kind }) => kind === 'initial')).toHaveLength(initialsIn(definition));
  });
}

test('the check sees what covers what', async () => {
  const layout = await layoutOf(translate(player));
  const [first, second] = layout.labels;
  const moved = structuredClone(layout);
  Object.assign(moved.labels[1]!.rows[0]!, { x: first!.rows[0]!.x, y: first!.rows[0]!.y });
  expect(overlaps(moved)).not.toEqual([]);
  expect(overlaps(through(layout, second!.rows[0]!))).not.toEqual([]);
});

for (const [name, machine] of Object.entries(strangers)) {
  test(`a stranger's machine is drawn whole, and nothing covers anything: ${name}`, async () => {
    const definition = translate(machine);
    const layout = await layoutOf(definition, measureByTable, { room: wide });
    expect(overlaps(layout)).toEqual([]);
    expect(layout.edges.filter(({ points }) => points.length < 2)).toEqual([]);
    expect(layout.labels.flatMap(({ rows }) => rows)).toHaveLength(arrowsIn(definition));
    for (const { width } of layout.boxes.filter(({ id }) => !layout.boxes.some(({ parent }) => parent === id)))
      expect(width, 'names are shortened').toBeLessThan(400);
  });
}

test.each(['wide', 'tall'] as const)('60 states in a ring use the room that there is: %s', async (shape) => {
  const room = { wide, tall }[shape];
  const { width, height } = await layoutOf(translate(strangers.ring), measureByTable, { room });
  const [along, across] = shape === 'wide' ? [width, height] : [height, width];
  expect(along).toBeGreaterThan(across);
  expect(Math.max(width / room.width, height / room.height)).toBeLessThan(3);
});

test.each([
  { screen: '1280 × 720', room: { width: 845, height: 510 } },
  { screen: 'a phone', room: { width: 372, height: 470 } },
])('where the whole cannot be read, what is active is in sight, words of 10 px or more: $screen', async ({ room }) => {
  for (const machine of [strangers.ring, strangers.nested, strangers.regions, connectionMachine]) {
    const options = machine === connectionMachine ? { arrangement: connectionArrangement } : { room };
    const layout = await layoutOf(translate(machine), measureByTable, options);
    const plan = planFor(layout, room);
    if (!plan.follows) {
      expect(isReadable(whole(layout, plan.room))).toBe(true);
      continue;
    }
    const parents = new Set(layout.boxes.map(({ parent }) => parent));
    for (const leaf of layout.boxes.filter(({ id, kind }) => kind !== 'initial' && !parents.has(id))) {
      const view = around(leaf, layout, plan.room);
      expect(isReadable(view)).toBe(true);
      const [left, top] = [view.x + leaf.x * view.scale, view.y + leaf.y * view.scale];
      expect({ id: leaf.id, isSeen: left >= 0 && top >= 0 }).toEqual({ id: leaf.id, isSeen: true });
      expect(left + leaf.width * view.scale).toBeLessThanOrEqual(plan.room.width);
      expect(top + leaf.height * view.scale).toBeLessThanOrEqual(plan.room.height);
    }
  }
});

test('our own chart is seen whole on a screen, with the buttons in a corner that it leaves free; on a phone it follows', async () => {
  const layout = await layoutOf(translate(connectionMachine), measureByTable, { arrangement: connectionArrangement });
  expect(planFor(layout, { width: 845, height: 510 })).toMatchObject({ follows: false, buttons: 'corner' });
  expect(planFor(layout, { width: 372, height: 470 })).toMatchObject({ follows: true, buttons: 'below' });
});

test('what is in sight: all that is active where it can be read, else what became active last', async () => {
  const layout = await layoutOf(translate(strangers.regions), measureByTable, { room: wide });
  const active = new Set(['regions', 'regions.audio', 'regions.audio.audio3', 'regions.video', 'regions.video.video0']);
  const sights = sightsOf(
    layout,
    active,
    new Set(['regions', 'regions.audio', 'regions.video', 'regions.video.video0']),
  );
  const at = (id: string) => layout.boxes.find((box) => box.id === id)!;
  expect(sights.at(-1)).toBe(at('regions.audio.audio3'));
  expect(sights[0]).toMatchObject({ x: at('regions.audio.audio3').x });
  expect(sights[0]!.width).toBeGreaterThan(at('regions.video').x - at('regions.audio.audio3').x);
});

test('regions of a parallel state fill it side by side', async () => {
  const { boxes } = await layoutOf(translate(strangers.regions), measureByTable, { room: wide });
  const [audio, video, network, storage] = boxes.filter(
    ({ parent, kind }) => parent === 'regions' && kind !== 'initial',
  );
  expect(video!.x).toBe(audio!.x + audio!.width);
  expect(network!.y).toBe(audio!.y + audio!.height);
  expect(storage!.x + storage!.width).toBe(video!.x + video!.width);
});

test('a history state says how much it remembers, and where it leads at first', () => {
  const { boxes, edges } = graphOf(translate(strangers.recorder));
  expect(boxes.flatMap(({ key, history }) => (history === undefined ? [] : [[key, history]]))).toEqual([
    ['last', 'shallow'],
    ['deep', 'deep'],
  ]);
  const from = (key: string) => edges.filter((edge) => edge.from === `recorder.on.${key}`);
  expect(from('last').map(({ to, lines }) => [to, ...lines.map(textOf)])).toEqual([['recorder.on.idle', 'at first']]);
  expect(from('deep').map(({ to, lines }) => [to, ...lines.map(textOf)])).toEqual([['recorder.on.busy', 'at first']]);
});

test('the way into a history state ends there, wherever it led', () => {
  const definition = translate(strangers.recorder);
  const [before, after] = [activeIn(definition, 'off'), activeIn(definition, { on: { busy: 'record' } })];
  const way = (event: string) => arrowsTaken(graphOf(definition), event, before, after).map(({ to }) => to);
  expect(way('RESUME')).toEqual(['recorder.on.deep']);
  expect(way('POWER')).toEqual(['recorder.on.last']);
});

test('long names are cut in the middle, between letters, and told whole', () => {
  expect(shortened('short')).toBe('short');
  expect(shortened('😀'.repeat(40))).toBe(`${'😀'.repeat(16)}…${'😀'.repeat(16)}`);
  const [line] = graphOf(translate(strangers.long)).edges.flatMap(({ lines }) => lines);
  expect(line!.whole).toContain('AN_EVENT_OF_MANY_WORDS_'.repeat(20));
});

describe('what is too large to draw', () => {
  test('is told by its number', () => {
    expect(excessOf(translate(connectionMachine))).toBeUndefined();
    expect(excessOf(translate(ringOf(300)))).toBeUndefined();
    expect(excessOf(translate(ringOf(5_000)))).toBe('5,000 states');
  });

  test('is found out however deep it is, and where it is now is told from outside in', () => {
    let definition: Definition = stateOf('leaf', {});
    let value: StateValue = 'leaf';
    for (let depth = 0; depth < 100_000; depth += 1) {
      definition = stateOf(`d${depth}`, { [definition.key]: definition });
      value = { [`d${depth}`]: value };
    }
    expect(excessOf(definition)).toBe('100,000 states');
    expect(excessOf(deepest(definition, 30))).toBe('30 states deep');
    expect(pathsIn(value)[0]).toHaveLength(100_001);
    expect(pathsIn({ a: { b: 'c' }, d: 'e' })).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
  });

  test('a name that every object has is no state', () => {
    expect([...activeIn(translate(strangers.only), 'constructor')]).toEqual(['only']);
  });
});

test('colours say what they say on the rest of the page', async () => {
  const { boxes } = graphOf(translate(connectionMachine));
  const layout = { boxes: boxes as PlacedBox[] };
  const tones = (isOutage: boolean) => {
    const all = tonesOf(layout, isOutage);
    const names = [
      'socket.connecting.dialling',
      'socket.alive',
      'socket.stale',
      'socket.closing',
      'lost',
      'reconnecting',
    ];
    return [...names, 'redialling', 'closed'].map((name) => all.get(`connection.${name}`));
  };
  const rest = ['alive', 'doubt', 'over', 'dead', 'dead', 'dead', 'over'];
  expect(tones(false)).toEqual(['dialling', ...rest]);
  expect(tones(true)).toEqual(['dead', ...rest]);
});

test.each([
  { screen: '1280 × 720', width: 845, height: 510, least: 10 },
  { screen: '1440 × 900', width: 1_005, height: 680, least: 11.5 },
])(
  'our own chart fits what the page gives it at $screen, words of $least px or more',
  async ({ width, height, least }) => {
    const layout = await layoutOf(translate(connectionMachine), measureByTable, { arrangement: connectionArrangement });
    const scale = Math.min(width / layout.width, height / layout.height);
    expect(scale * Math.min(...Object.values(fontSizes))).toBeGreaterThanOrEqual(least);
  },
);

test('words are those of the machine', () => {
  const { edges, boxes } = graphOf(translate(connectionMachine));
  const wordsFrom = (from: string, to: string) =>
    edges.find((edge) => edge.from === `connection.${from}` && edge.to === `connection.${to}`)?.lines.map(textOf);
  expect(wordsFrom('lost', 'closed')).toEqual(['[isFatal]', '[hasNoRetriesLeft]']);
  expect(wordsFrom('lost', 'reconnecting')).toEqual(['else']);
  expect(wordsFrom('socket', 'closed')).toEqual(['error of socket']);
  expect(wordsFrom('socket.alive.quiet', 'socket.alive.probing')).toEqual(['after heartbeatInterval']);
  expect(wordsFrom('socket.stale', 'lost')).toEqual(['socket.lost [brokeOff]']);
  const unwatched = boxes.find(({ key }) => key === 'unwatched');
  expect(unwatched?.lines.map(textOf)).toEqual(['peer.beat']);
});

test.each([
  {
    before: { socket: { alive: 'quiet' } },
    event: 'socket.lost',
    after: 'reconnecting',
    way: ['socket → lost', 'lost → reconnecting'],
  },
  {
    before: { socket: { stale: { silent: 'asking' } } },
    event: 'socket.lost',
    after: 'closed',
    way: ['stale → lost', 'lost → closed'],
  },
  {
    before: { socket: { stale: { silent: 'asking' } } },
    event: 'peer.spoke',
    after: { socket: { alive: 'quiet' } },
    way: ['silent → alive'],
  },
  {
    before: 'reconnecting',
    event: 'world.wentOffline',
    after: 'reconnecting',
    way: [],
  },
])('$event leads from $before to $after: $way', ({ before, event, after, way }) => {
  const definition = translate(connectionMachine);
  const ways = arrowsTaken(graphOf(definition), event, activeIn(definition, before), activeIn(definition, after));
  const short = (id: string) => id.split('.').at(-1);
  expect(ways.map(({ from, to }) => `${short(from)} → ${short(to)}`)).toEqual(way);
});

function stateOf(key: string, states: Record<string, Definition>): Definition {
  return { id: key, key, type: 'compound', states, transitions: [], entry: [], exit: [], invoke: [] };
}

/** What of it is so many states deep. */
function deepest(definition: Definition, depth: number): Definition {
  const chain: Definition[] = [];
  for (let each: Definition | undefined = definition; each !== undefined; [each] = Object.values(each.states))
    chain.push(each);
  return chain.at(-1 - depth)!;
}

function arrowsIn({ type, transitions, states }: Definition): number {
  // Where a history state says nothing else, it leads to where its parent begins.
  const least = type === 'history' ? 1 : 0;
  const own = Math.max(
    least,
    transitions.reduce((sum, { target }) => sum + Math.max(1, target.length), 0),
  );
  return Object.values(states).reduce((sum, state) => sum + arrowsIn(state), own);
}

function initialsIn({ type, states }: Definition): number {
  return Object.values(states).reduce((sum, state) => sum + initialsIn(state), type === 'compound' ? 1 : 0);
}

/** With an arrow across some words. */
function through(layout: Layout, { x, y, width }: { x: number; y: number; width: number }): Layout {
  const moved = structuredClone(layout);
  moved.edges[0]!.points = [
    { x: x - 5, y: y + 5 },
    { x: x + width + 5, y: y + 5 },
  ];
  return moved;
}
