import { expect, test } from 'vitest';
/**
 * What every state does with everything that can happen. Written by hand: this table judges the machine, not the other way round.
 *
 * A cell says where the machine is afterwards and what it did on the way, in order: `dial` and `cut` of the socket, `→` orders to it, `!` reports,
 * `⏱` timers armed, in ms. A dash: nothing at all, not even a timer. The types leave no state and no event undecided.
 *
 * The heartbeat is 60,000 with a timeout of 10,000; chance is always 0.5.
 */

import { connectionMachine, stateOf } from '../../machines/connection.ts';
import type { Fact } from '../../machines/events.ts';
import { LoneMachine } from './simulation.ts';

type Place =
  | 'connecting.dialling'
  | 'connecting.draining'
  | 'awaiting-id.listening'
  | 'awaiting-id.draining'
  | 'alive.quiet'
  | 'alive.probing'
  | 'alive.unwatched'
  | 'stale.silent.asking'
  | 'stale.silent.draining'
  | 'stale.outdated.asking'
  | 'stale.outdated.draining'
  | 'closing'
  | 'reconnecting'
  | 'redialling'
  | 'closed';

/** Everything that can be told to a machine, told in one way or several; `time` is the next timer that changes something. */
type Stimulus =
  | Exclude<Fact['type'], 'peer.beat' | 'world.woke'>
  | 'socket.lost, fatal'
  | 'peer.refused, fatal'
  | `peer.beat, ${'fresh' | 'outdated' | 'undated'}`
  | `world.woke, ${'sleep' | 'network' | 'visible'}`
  | 'world.woke, silent for 2 s'
  | 'time'
  | 'time, late';

// prettier-ignore
const table: Record<Place, Record<Stimulus, string>> = {
  'connecting.dialling': {
    'socket.opened': 'awaiting-id.listening: ⏱5000',
    'socket.lost': 'reconnecting: cut !retry refused 375 ⏱375',
    'socket.lost, fatal': 'closed: cut !retry refused never',
    'url.failed': 'reconnecting: cut !retry url-failed 375 ⏱375',
    'peer.named': '–',
    'peer.beat, fresh': '–',
    'peer.beat, outdated': '–',
    'peer.beat, undated': '–',
    'peer.spoke': '–',
    'peer.refused': 'reconnecting: cut !retry refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !retry refused never',
    'world.woke, sleep': '–',
    'world.woke, network': 'reconnecting: cut !retry network-changed 1000 ⏱1000',
    'world.woke, visible': '–',
    'world.woke, silent for 2 s': '–',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !retry suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !retry user-reconnected 0 ⏱0',
    'user.closed': 'closed: cut',
    time: 'connecting.draining: ⏱20',
    'time, late': 'connecting.draining: ⏱20',
  },
  'connecting.draining': {
    'socket.opened': 'awaiting-id.listening: ⏱5000',
    'socket.lost': 'reconnecting: cut !retry refused 0 ⏱0',
    'socket.lost, fatal': 'closed: cut !retry refused never',
    'url.failed': 'reconnecting: cut !retry url-failed 0 ⏱0',
    'peer.named': '–',
    'peer.beat, fresh': '–',
    'peer.beat, outdated': '–',
    'peer.beat, undated': '–',
    'peer.spoke': '–',
    'peer.refused': 'reconnecting: cut !retry refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !retry refused never',
    'world.woke, sleep': '–',
    'world.woke, network': 'reconnecting: cut !retry network-changed 0 ⏱0',
    'world.woke, visible': '–',
    'world.woke, silent for 2 s': '–',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !retry suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !retry user-reconnected 0 ⏱0',
    'user.closed': 'closed: cut',
    time: 'reconnecting: cut !retry dial-timeout 0 ⏱0',
    'time, late': 'connecting.dialling: ⏱5000',
  },
  'awaiting-id.listening': {
    'socket.opened': '–',
    'socket.lost': 'reconnecting: cut !retry peer-closed 375 ⏱375',
    'socket.lost, fatal': 'closed: cut !retry peer-closed never',
    'url.failed': '–',
    'peer.named': 'alive.quiet: →release !open →deliver ⏱5000 ⏱60000',
    'peer.beat, fresh': '–',
    'peer.beat, outdated': '–',
    'peer.beat, undated': '–',
    'peer.spoke': '–',
    'peer.refused': 'reconnecting: cut !retry refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !retry refused never',
    'world.woke, sleep': '–',
    'world.woke, network': '–',
    'world.woke, visible': '–',
    'world.woke, silent for 2 s': '–',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !retry suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !retry user-reconnected 0 ⏱0',
    'user.closed': 'closing: →hang-up ⏱2000',
    time: 'awaiting-id.draining: ⏱20',
    'time, late': 'awaiting-id.draining: ⏱20',
  },
  'awaiting-id.draining': {
    'socket.opened': '–',
    'socket.lost': 'reconnecting: cut !retry peer-closed 0 ⏱0',
    'socket.lost, fatal': 'closed: cut !retry peer-closed never',
    'url.failed': '–',
    'peer.named': 'alive.quiet: →release !open →deliver ⏱5000 ⏱60000',
    'peer.beat, fresh': '–',
    'peer.beat, outdated': '–',
    'peer.beat, undated': '–',
    'peer.spoke': '–',
    'peer.refused': 'reconnecting: cut !retry refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !retry refused never',
    'world.woke, sleep': '–',
    'world.woke, network': '–',
    'world.woke, visible': '–',
    'world.woke, silent for 2 s': '–',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !retry suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !retry user-reconnected 0 ⏱0',
    'user.closed': 'closing: →hang-up ⏱2000',
    time: 'reconnecting: cut !retry unnamed 0 ⏱0',
    'time, late': 'awaiting-id.listening: ⏱5000',
  },
  'alive.quiet': {
    'socket.opened': '–',
    'socket.lost': 'reconnecting: cut !lost peer-closed 500 ⏱500',
    'socket.lost, fatal': 'closed: cut !lost peer-closed never',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': 'alive.quiet: ⏱60000',
    'peer.beat, outdated': 'stale.outdated.asking: →probe again ⏱4980',
    'peer.beat, undated': 'alive.quiet: ⏱60000',
    'peer.spoke': '–',
    'peer.refused': 'reconnecting: cut !lost refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !lost refused never',
    'world.woke, sleep': '–',
    'world.woke, network': '–',
    'world.woke, visible': '–',
    'world.woke, silent for 2 s': 'stale.silent.asking: →probe again ⏱4980',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !lost suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !lost user-reconnected 0 ⏱0',
    'user.closed': 'closing: →hang-up ⏱2000',
    time: 'alive.probing: →probe ⏱5000',
    'time, late': 'alive.probing: →probe ⏱5000',
  },
  'alive.probing': {
    'socket.opened': '–',
    'socket.lost': 'reconnecting: cut !lost peer-closed 500 ⏱500',
    'socket.lost, fatal': 'closed: cut !lost peer-closed never',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': 'alive.quiet: ⏱60000',
    'peer.beat, outdated': 'stale.outdated.asking: →probe again ⏱4980',
    'peer.beat, undated': 'alive.quiet: ⏱60000',
    'peer.spoke': 'alive.quiet: ⏱60000',
    'peer.refused': 'reconnecting: cut !lost refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !lost refused never',
    'world.woke, sleep': '–',
    'world.woke, network': '–',
    'world.woke, visible': '–',
    'world.woke, silent for 2 s': 'stale.silent.asking: →probe again ⏱4980',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !lost suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !lost user-reconnected 0 ⏱0',
    'user.closed': 'closing: →hang-up ⏱2000',
    time: 'stale.silent.asking: →probe again ⏱4980',
    'time, late': 'stale.silent.asking: →probe again ⏱4980',
  },
  'alive.unwatched': {
    'socket.opened': '–',
    'socket.lost': 'reconnecting: cut !lost peer-closed 500 ⏱500',
    'socket.lost, fatal': 'closed: cut !lost peer-closed never',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': '–',
    'peer.beat, outdated': '–',
    'peer.beat, undated': '–',
    'peer.spoke': '–',
    'peer.refused': 'reconnecting: cut !lost refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !lost refused never',
    'world.woke, sleep': '–',
    'world.woke, network': '–',
    'world.woke, visible': '–',
    'world.woke, silent for 2 s': '–',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !lost suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !lost user-reconnected 0 ⏱0',
    'user.closed': 'closing: →hang-up ⏱2000',
    time: '–',
    'time, late': '–',
  },
  'stale.silent.asking': {
    'socket.opened': '–',
    'socket.lost': 'reconnecting: cut !lost silent 0 ⏱0',
    'socket.lost, fatal': 'closed: cut !lost peer-closed never',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': 'alive.quiet: ⏱5000 ⏱60000',
    'peer.beat, outdated': 'stale.outdated.asking: →probe again ⏱4980',
    'peer.beat, undated': 'alive.quiet: ⏱5000 ⏱60000',
    'peer.spoke': 'alive.quiet: ⏱5000 ⏱60000',
    'peer.refused': 'reconnecting: cut !lost refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !lost refused never',
    'world.woke, sleep': 'stale.silent.asking: →probe again ⏱4980',
    'world.woke, network': 'stale.silent.asking: →probe again',
    'world.woke, visible': 'stale.silent.asking: →probe again',
    'world.woke, silent for 2 s': 'stale.silent.asking: →probe again',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !lost suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !lost user-reconnected 0 ⏱0',
    'user.closed': 'closing: →hang-up ⏱2000',
    time: 'stale.silent.draining: ⏱20',
    'time, late': 'stale.silent.draining: ⏱20',
  },
  'stale.silent.draining': {
    'socket.opened': '–',
    'socket.lost': 'reconnecting: cut !lost silent 0 ⏱0',
    'socket.lost, fatal': 'closed: cut !lost peer-closed never',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': 'alive.quiet: ⏱5000 ⏱60000',
    'peer.beat, outdated': 'stale.outdated.asking: →probe again ⏱4980',
    'peer.beat, undated': 'alive.quiet: ⏱5000 ⏱60000',
    'peer.spoke': 'alive.quiet: ⏱5000 ⏱60000',
    'peer.refused': 'reconnecting: cut !lost refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !lost refused never',
    'world.woke, sleep': 'stale.silent.asking: →probe again ⏱4980',
    'world.woke, network': 'stale.silent.draining: →probe again',
    'world.woke, visible': 'stale.silent.draining: →probe again',
    'world.woke, silent for 2 s': 'stale.silent.draining: →probe again',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !lost suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !lost user-reconnected 0 ⏱0',
    'user.closed': 'closing: →hang-up ⏱2000',
    time: 'reconnecting: cut !lost silent 0 ⏱0',
    'time, late': 'stale.silent.asking: →probe again ⏱4980',
  },
  'stale.outdated.asking': {
    'socket.opened': '–',
    'socket.lost': 'reconnecting: cut !lost outdated 0 ⏱0',
    'socket.lost, fatal': 'closed: cut !lost peer-closed never',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': 'alive.quiet: ⏱5000 ⏱60000',
    'peer.beat, outdated': 'stale.outdated.asking: →await',
    'peer.beat, undated': 'alive.quiet: ⏱5000 ⏱60000',
    'peer.spoke': '–',
    'peer.refused': 'reconnecting: cut !lost refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !lost refused never',
    'world.woke, sleep': 'stale.outdated.asking: →probe again ⏱4980',
    'world.woke, network': 'stale.outdated.asking: →probe again',
    'world.woke, visible': 'stale.outdated.asking: →probe again',
    'world.woke, silent for 2 s': 'stale.outdated.asking: →probe again',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !lost suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !lost user-reconnected 0 ⏱0',
    'user.closed': 'closing: →hang-up ⏱2000',
    time: 'stale.outdated.draining: ⏱20',
    'time, late': 'stale.outdated.draining: ⏱20',
  },
  'stale.outdated.draining': {
    'socket.opened': '–',
    'socket.lost': 'reconnecting: cut !lost outdated 0 ⏱0',
    'socket.lost, fatal': 'closed: cut !lost peer-closed never',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': 'alive.quiet: ⏱5000 ⏱60000',
    'peer.beat, outdated': 'stale.outdated.draining: →await',
    'peer.beat, undated': 'alive.quiet: ⏱5000 ⏱60000',
    'peer.spoke': '–',
    'peer.refused': 'reconnecting: cut !lost refused 9500 ⏱9500',
    'peer.refused, fatal': 'closed: cut !lost refused never',
    'world.woke, sleep': 'stale.outdated.asking: →probe again ⏱4980',
    'world.woke, network': 'stale.outdated.draining: →probe again',
    'world.woke, visible': 'stale.outdated.draining: →probe again',
    'world.woke, silent for 2 s': 'stale.outdated.draining: →probe again',
    'world.wentOffline': '–',
    'world.suspended': 'reconnecting: cut !lost suspended 0 ⏱0',
    'user.reconnected': 'redialling: cut !lost user-reconnected 0 ⏱0',
    'user.closed': 'closing: →hang-up ⏱2000',
    time: 'reconnecting: cut !lost outdated 0 ⏱0',
    'time, late': 'stale.outdated.asking: →probe again ⏱4980',
  },
  closing: {
    'socket.opened': '–',
    'socket.lost': 'closed: cut',
    'socket.lost, fatal': 'closed: cut',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': '–',
    'peer.beat, outdated': '–',
    'peer.beat, undated': '–',
    'peer.spoke': '–',
    'peer.refused': '–',
    'peer.refused, fatal': '–',
    'world.woke, sleep': '–',
    'world.woke, network': '–',
    'world.woke, visible': '–',
    'world.woke, silent for 2 s': '–',
    'world.wentOffline': '–',
    'world.suspended': 'closed: cut',
    'user.reconnected': '–',
    'user.closed': '–',
    time: 'closed: cut',
    'time, late': 'closed: cut',
  },
  'reconnecting': {
    'socket.opened': '–',
    'socket.lost': '–',
    'socket.lost, fatal': '–',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': '–',
    'peer.beat, outdated': '–',
    'peer.beat, undated': '–',
    'peer.spoke': '–',
    'peer.refused': '–',
    'peer.refused, fatal': '–',
    'world.woke, sleep': 'reconnecting: ⏱0',
    'world.woke, network': 'reconnecting: ⏱0',
    'world.woke, visible': 'reconnecting: ⏱0',
    'world.woke, silent for 2 s': 'reconnecting: ⏱0',
    'world.wentOffline': 'reconnecting: ⏱30000',
    'world.suspended': '–',
    'user.reconnected': 'connecting.dialling: dial ⏱1000',
    'user.closed': 'closed',
    time: 'connecting.dialling: dial ⏱1000',
    'time, late': 'connecting.dialling: dial ⏱1000',
  },
  'redialling': {
    'socket.opened': '–',
    'socket.lost': '–',
    'socket.lost, fatal': '–',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': '–',
    'peer.beat, outdated': '–',
    'peer.beat, undated': '–',
    'peer.spoke': '–',
    'peer.refused': '–',
    'peer.refused, fatal': '–',
    'world.woke, sleep': '–',
    'world.woke, network': '–',
    'world.woke, visible': '–',
    'world.woke, silent for 2 s': '–',
    'world.wentOffline': '–',
    'world.suspended': '–',
    'user.reconnected': '–',
    'user.closed': 'closed',
    time: 'connecting.dialling: dial ⏱1000',
    'time, late': 'connecting.dialling: dial ⏱1000',
  },
  closed: {
    'socket.opened': '–',
    'socket.lost': '–',
    'socket.lost, fatal': '–',
    'url.failed': '–',
    'peer.named': '–',
    'peer.beat, fresh': '–',
    'peer.beat, outdated': '–',
    'peer.beat, undated': '–',
    'peer.spoke': '–',
    'peer.refused': '–',
    'peer.refused, fatal': '–',
    'world.woke, sleep': '–',
    'world.woke, network': '–',
    'world.woke, visible': '–',
    'world.woke, silent for 2 s': '–',
    'world.wentOffline': '–',
    'world.suspended': '–',
    'user.reconnected': '–',
    'user.closed': '–',
    time: '–',
    'time, late': '–',
  },
};

const lost: Fact = { type: 'socket.lost', code: 1006, reason: '', wasClean: false };
const year = 31_536_000_000;

const naming = (at: number): Fact => ({ type: 'peer.named', id: 'a', serverTime: at - year, receivedAt: at });
const beat = (at: number, age: number | undefined): Fact => ({
  type: 'peer.beat',
  receivedAt: at,
  roundTripTime: 5,
  serverTime: age === undefined ? undefined : at - year - age,
});

const arrivals: Record<Place, () => LoneMachine> = {
  'connecting.dialling': () => new LoneMachine(),
  'connecting.draining': () => arrivals['connecting.dialling']().wait(),
  'awaiting-id.listening': () => arrivals['connecting.dialling']().tell({ type: 'socket.opened' }),
  'awaiting-id.draining': () => arrivals['awaiting-id.listening']().wait(),
  // Stable, and its server's clock tested once.
  'alive.quiet': () => {
    const subject = arrivals['awaiting-id.listening']();
    subject.tell(naming(subject.clock.now()));
    subject.clock.advance(10_000);
    return subject.tell(beat(subject.clock.now(), 0));
  },
  'alive.probing': () => arrivals['alive.quiet']().wait(),
  'alive.unwatched': () => {
    const subject = new LoneMachine({ liveness: 'none' }).tell({ type: 'socket.opened' });
    subject.tell(naming(subject.clock.now()));
    subject.clock.advance(10_000);
    return subject;
  },
  'stale.silent.asking': () => arrivals['alive.probing']().wait(),
  'stale.outdated.asking': () => {
    const subject = arrivals['alive.quiet']();
    return subject.tell(beat(subject.clock.now(), 60_008));
  },
  'stale.silent.draining': () => arrivals['stale.silent.asking']().wait(),
  'stale.outdated.draining': () => arrivals['stale.outdated.asking']().wait(),
  closing: () => arrivals['alive.quiet']().tell({ type: 'user.closed' }),
  reconnecting: () => arrivals['alive.quiet']().tell(lost),
  redialling: () => arrivals['alive.quiet']().tell({ type: 'user.reconnected' }),
  closed: () => arrivals['connecting.dialling']().tell({ type: 'user.closed' }),
};

const stimuli: Record<Stimulus, (subject: LoneMachine) => unknown> = {
  'socket.opened': (s) => s.tell({ type: 'socket.opened' }),
  'socket.lost': (s) => s.tell(lost),
  'socket.lost, fatal': (s) => s.tell({ type: 'socket.lost', code: 1008, reason: 'no', wasClean: true }),
  'url.failed': (s) => s.tell({ type: 'url.failed', reason: 'gone' }),
  'peer.named': (s) => s.tell(naming(s.clock.now())),
  'peer.beat, fresh': (s) => s.tell(beat(s.clock.now(), 0)),
  'peer.beat, outdated': (s) => s.tell(beat(s.clock.now(), 60_008)),
  'peer.beat, undated': (s) => s.tell(beat(s.clock.now(), undefined)),
  'peer.spoke': (s) => s.tell({ type: 'peer.spoke' }),
  'peer.refused': (s) => s.tell({ type: 'peer.refused', reason: 'later', retryAfter: 9_000 }),
  'peer.refused, fatal': (s) => s.tell({ type: 'peer.refused', reason: 'never', fatal: true }),
  'world.woke, sleep': (s) => s.tell({ type: 'world.woke', reason: 'sleep' }),
  'world.woke, network': (s) => s.tell({ type: 'world.woke', reason: 'network' }),
  'world.woke, visible': (s) => s.tell({ type: 'world.woke', reason: 'visible' }),
  'world.woke, silent for 2 s': (s) => {
    s.line.silence = 2_000;
    s.tell({ type: 'world.woke', reason: 'visible' });
  },
  'world.wentOffline': (s) => s.tell({ type: 'world.wentOffline' }),
  'world.suspended': (s) => s.tell({ type: 'world.suspended' }),
  'user.reconnected': (s) => s.tell({ type: 'user.reconnected' }),
  'user.closed': (s) => s.tell({ type: 'user.closed' }),
  time: (s) => s.wait(),
  'time, late': (s) => {
    s.line.jump = 3_600_000;
    s.wait();
  },
};

function cellOf(place: Place, stimulus: Stimulus): string {
  const subject = arrivals[place]();
  expect(subject.place).toBe(place);
  subject.did.length = 0;
  stimuli[stimulus](subject);
  const did = subject.did.join(' ');
  return subject.place === place && did === '' ? '–' : `${subject.place}: ${did}`.replace(/: $/, '');
}

const cells = (Object.keys(table) as Place[]).flatMap((place) =>
  (Object.keys(table[place]) as Stimulus[]).map((stimulus) => [place, stimulus, table[place][stimulus]] as const),
);

test.each(cells)('%s + %s → %s', (place, stimulus, cell) => {
  expect(cellOf(place, stimulus)).toBe(cell);
});

test.each(Object.keys(table) as Place[])('%s: its state is a tag, and messages flow only where it says so', (place) => {
  const snapshot = arrivals[place]().actor.getSnapshot();
  const [state = ''] = place.replace('redialling', 'reconnecting').split('.');
  expect(stateOf(snapshot)).toBe(state);
  expect([...snapshot.tags]).toEqual(state === 'alive' || state === 'stale' ? [state, 'open'] : [state]);
});

test('the table knows every place the machine can rest in', () => {
  const leaves = (node: { key: string; states: object; parent?: object; path: string[] }): string[] => {
    const within = Object.values(node.states) as (typeof node)[];
    return within.length === 0 ? [node.path.filter((key) => key !== 'socket').join('.')] : within.flatMap(leaves);
  };
  const resting = leaves(connectionMachine.root as never).filter((place) => place !== 'lost');
  expect(resting.toSorted()).toEqual(Object.keys(table).toSorted());
});
