/**
 * Every path of the model, walked twice: by the machine in simulated time, and by the real adapter with a real `ws` client against a real `ws`
 * server under full control, where only the timers are stepped by hand.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createActor, type InspectionEvent } from 'xstate';

import { connectionInput } from '../../adapters/options.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import { field, jsonObject, type Protocol } from '../../adapters/protocols/protocol.ts';
import { connectionMachine } from '../../machines/connection.ts';
import type { Fact, Liveness } from '../../machines/events.ts';
import { connectionModel, type Moment } from '../kit/model.ts';
import {
  allTransitions,
  draw,
  facts,
  longAgo,
  modelSettings,
  type ModelStep,
  placeOf,
  transitionsIn,
} from '../kit/paths.ts';
import { LoneMachine } from './simulation.ts';

const drawn = (['ask', 'none'] as const).map((liveness) => ({ liveness, routes: draw(liveness).routes }));
const everyPlace = [...new Set(drawn.flatMap(({ routes }) => routes.flatMap(({ steps }) => steps.map(placeIn))))];

function placeIn({ place }: ModelStep): string {
  return place;
}

test('in simulated time: every path, every place, every transition', () => {
  const taken = new Set<string>();
  const places = new Set<string>();
  const inspect = (event: InspectionEvent): void => {
    for (const transition of transitionsIn(event)) taken.add(transition);
    if (event.type === '@xstate.microstep' && 'value' in event.snapshot) places.add(placeOf(event.snapshot as never));
  };
  for (const { liveness, routes } of drawn) {
    expect(new Set(routes.map(({ name }) => name)).size).toBe(routes.length);
    for (const { name, steps } of routes) {
      const subject = new LoneMachine({ ...modelSettings(), liveness }, inspect);
      subject.line.silence = longAgo;
      for (const step of steps) {
        simulate(subject, step);
        expect(subject.place, `${step.name} in ${name}`).toBe(step.place);
      }
      subject.actor.stop();
    }
  }
  const unseen = new LoneMachine({}, inspect); // the model's world is always seen
  unseen.line.blocked = 'unseen';
  unseen.tell(facts['socket.lost'] as Fact).clock.advance(2 ** 31);
  expect(unseen.place).toBe('reconnecting');
  unseen.actor.stop();
  createActor(connectionMachine, { input: connectionInput('ws://127.0.0.1:9'), inspect }).start(); // no socket was provided: it closes
  expect([...taken]).toEqual(expect.arrayContaining(allTransitions()));
  expect([...places]).toEqual(expect.arrayContaining(everyPlace));
});

function simulate(subject: LoneMachine, { name, event, place }: ModelStep): void {
  const at = subject.clock.now();
  if (event.type === 'peer.named') subject.tell({ ...event, serverTime: at, receivedAt: at });
  else if (event.type === 'peer.beat') {
    const { serverTime = 0 } = event as { serverTime?: number };
    subject.tell({ ...event, receivedAt: at, serverTime: at + serverTime });
  } else if (!event.type.startsWith('xstate.after.')) subject.tell(event as Fact);
  else if (name === 'after stableAfter') subject.clock.advance(modelSettings().stableAfter ?? 0);
  else {
    if (name.endsWith(' late')) subject.line.jump += longAgo;
    while (subject.place !== place && subject.clock.step());
  }
}

/** These cannot happen to a real WebSocket on Node: after `close()` the adapter is deaf, only a faulty class would make a creator throw, and all pages are seen. */
const impossible = new Set([
  'connection.socket xstate.error.actor → connection.closed',
  'connection.socket.closing peer.refused → itself',
  'connection.reconnecting xstate.after.backoff [isUnseen] → connection.reconnecting',
]);

/** An `id-heartbeat` server may beat here unasked, and may tell us to go, so that one server can do all that the model can think of. */
function frankProtocol(liveness: Liveness): Protocol {
  return {
    name: 'frank',
    liveness,
    session() {
      const session = idHeartbeat().session();
      return {
        received(frame) {
          const object = jsonObject(frame);
          const reason = object && field(object, 'refused');
          if (typeof reason !== 'string') return session.received?.(frame);
          return { refused: { reason, fatal: reason === 'fatal' }, swallow: true };
        },
        probe: () => session.probe?.(),
      };
    },
  };
}

/** One HTTP server that upgrades when it is told to. */
const http = createServer();
const sockets = new WebSocketServer({ noServer: true });
const upgrades = new Map<string, PromiseWithResolvers<[IncomingMessage, Duplex, Buffer]>>();
let peer: WebSocket | undefined;
let port: number;

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
}

/** Whoever comes first: the dial, or the hand that waits for it. */
function upgradeOf(url: string): PromiseWithResolvers<[IncomingMessage, Duplex, Buffer]> {
  let upgrade = upgrades.get(url);
  if (upgrade === undefined) {
    let resolve: (found: [IncomingMessage, Duplex, Buffer]) => void = () => {};
    const promise = new Promise<[IncomingMessage, Duplex, Buffer]>((settle) => {
      resolve = settle;
    });
    upgrade = { promise, resolve };
    upgrades.set(url, upgrade);
  }
  return upgrade;
}

beforeAll(async () => {
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    upgradeOf(request.url ?? '').resolve([request, socket, head]);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  ({ port } = http.address() as AddressInfo);
});

afterAll(() => {
  for (const client of sockets.clients) client.terminate();
  http.closeAllConnections();
  http.close();
});

/** The dial that is meant, where it is not accepted yet. */
let held: number | undefined;

function hands(liveness: Liveness) {
  const upgrade = ({ dial }: Moment) => upgradeOf(`/${liveness}/${dial}`).promise;
  const say = (message: object) => peer?.send(JSON.stringify(message));
  return {
    async accept(moment: Moment) {
      const [request, socket, head] = await upgrade(moment);
      sockets.handleUpgrade(request, socket, head, (accepted) => {
        peer = accepted;
        held = moment.dial;
      });
    },
    async drop(moment: Moment) {
      if (held === moment.dial) peer?.terminate();
      else (await upgrade(moment))[1].destroy();
    },
    async forbid(moment: Moment) {
      if (held === moment.dial) peer?.close(1008);
      else (await upgrade(moment))[1].end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    },
    name: ({ time }: Moment) => say({ id: 'a', now_time: time }),
    beat: ({ time }: Moment) => say({ heartbeat: time }),
    outdated: ({ time }: Moment) => say({ heartbeat: time }),
    push: () => peer?.send('anything'),
    dismiss: ({ fatal }: Moment) => say({ refused: fatal ? 'fatal' : 'later' }),
  };
}

test('by the real adapter against a real server: every possible path, every place, every transition', async () => {
  const taken = new Set<string>();
  const places = new Set<string>();
  let paths = 0;
  for (const liveness of ['server-beats', 'ask', 'none'] as const) {
    held = undefined;
    const model = connectionModel({
      url: (dial) => `ws://127.0.0.1:${port}/${liveness}/${dial}`,
      protocol: frankProtocol(liveness),
      patience: 20_000,
      ...hands(liveness),
    });
    for (const path of model.paths) await path.run();
    const report = model.report();
    expect(report.paths).toEqual({ all: model.paths.length, passed: model.paths.length, failed: [] });
    for (const each of report.exercised) taken.add(each);
    for (const each of report.places) places.add(each);
    paths += model.paths.length;
  }
  expect(paths).toBeGreaterThan(500);
  expect([...taken]).toEqual(expect.arrayContaining(allTransitions().filter((name) => !impossible.has(name))));
  expect([...places]).toEqual(expect.arrayContaining(everyPlace));
}, 300_000);
