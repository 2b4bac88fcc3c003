/** The chart of the page: that nothing of a machine is missing in it, that nothing covers anything, and that it knows the way that was taken. */
import { expect, test } from 'vitest';
import { type AnyStateMachine, createMachine } from 'xstate';

import { connectionMachine } from '../../machines/connection.ts';
import { translate } from '../../visualizer/bridge/translate.ts';
import type { Definition } from '../../visualizer/entry.ts';
import { connectionArrangement } from '../../visualizer/page/chart/connection.ts';
import { activeIn, arrowsTaken, graphOf, textOf } from '../../visualizer/page/chart/graph.ts';
import { layoutOf } from '../../visualizer/page/chart/layout.ts';
import { fontSizes, measureByTable } from '../../visualizer/page/chart/measure.ts';
import { overlaps } from '../../visualizer/page/chart/overlaps.ts';
import type { Layout } from '../../visualizer/page/chart/shapes.ts';

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
