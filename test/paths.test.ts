/**
 * Every path of the model, walked twice: by the machine in simulated time, and by the real adapter with a real `ws` client against a real `ws`
 * server, where only the timers are stepped by hand.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { InspectionEvent } from 'xstate';
import { createActor } from 'xstate';

import { type Connection, connect } from '../adapters/connect.ts';
import { connectionInput, type ConnectionOptions } from '../adapters/options.ts';
import { idHeartbeat } from '../adapters/protocols/id-heartbeat.ts';
import { field, jsonObject, type Protocol } from '../adapters/protocols/protocol.ts';
import { connectionMachine } from '../machines/connection.ts';
import type { Fact } from '../machines/events.ts';
import { allTransitions, facts, type ModelPath, type ModelStep, pathsOf, transitionName } from './model.ts';
import { placeOf, steppedClock, Subject } from './simulation.ts';

const paths = [...pathsOf('ask', false), ...pathsOf('ask', true), ...pathsOf('none', false)];

/** Transitions that were taken, by whoever walks. */
class Coverage {
  readonly taken = new Set<string>();
  readonly places = new Set<string>();

  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.microstep') return;
    for (const transition of event._transitions) this.taken.add(transitionName(transition));
    if ('value' in event.snapshot) this.places.add(placeOf(event.snapshot as never));
  };
}

const everyPlace = [...new Set(paths.flatMap(({ steps }) => steps.map(({ place }) => place)))].toSorted();

/** Ms that let the delay of this name pass, and no other one that could fire in the same state. */
const stableAfter = 1_000;

test(`in simulated time: ${paths.length} paths, every place, every transition`, () => {
  const coverage = new Coverage();
  for (const path of paths) {
    const subject = new Subject(path.settings, coverage.inspect);
    subject.line.silence = 100_000;
    for (const step of path.steps) {
      simulate(subject, step, path.late);
      expect(subject.place, `${step.name} in ${path.name}`).toBe(step.place);
    }
    subject.actor.stop();
  }
  const unseen = new Subject({}, coverage.inspect); // the model's world is always seen
  unseen.line.blocked = 'unseen';
  unseen.tell(facts['socket.lost'] as Fact).clock.advance(2 ** 31);
  expect(unseen.place).toBe('reconnecting');
  unseen.actor.stop();
  createActor(connectionMachine, {
    input: connectionInput('ws://127.0.0.1:9'),
    inspect: coverage.inspect,
  }).start(); // no socket was provided: it closes
  expect([...coverage.taken].filter((name) => !name.includes('xstate.init')).toSorted()).toEqual(
    expect.arrayContaining(allTransitions()),
  );
  expect([...coverage.places]).toEqual(expect.arrayContaining(everyPlace));
});

function simulate(subject: Subject, { name, event }: ModelStep, late: boolean): void {
  const at = subject.clock.now();
  if (event.type === 'peer.named') subject.tell({ ...event, serverTime: at, receivedAt: at });
  else if (event.type === 'peer.beat') {
    subject.tell({
      ...event,
      receivedAt: at,
      serverTime: at + ((event as { serverTime?: number }).serverTime ?? 0),
    });
  } else if (!event.type.startsWith('xstate.after.')) subject.tell(event as never);
  else pass(name, late, subject.clock, subject.line, () => subject.place);
}

/** Lets one delay pass: the machine is then somewhere else, but for `stableAfter`. */
function pass(
  name: string,
  late: boolean,
  clock: { advance(ms: number): void; step(): boolean },
  line: { jump: number },
  place: () => string,
): void {
  if (name === 'after stableAfter') return clock.advance(stableAfter);
  if (late && /connectTimeout|idTimeout|staleTimeout/.test(name)) line.jump += 3_600_000;
  const before = place();
  while (place() === before && clock.step());
}

/** These cannot happen to a real WebSocket on Node: after `close()` the adapter is deaf, only a faulty class would make a creator throw, and all pages are seen. */
const impossible = new Set([
  'connection.socket xstate.error.actor → connection.closed',
  'connection.socket.closing peer.refused → itself',
  'connection.socket.alive.unwatched peer.beat → itself',
  'connection.reconnecting xstate.after.backoff [isUnseen] → connection.reconnecting',
]);

/** An `id-heartbeat` server may beat here unasked, and may tell us to go, so that one server can do all that the model can think of. */
function frankProtocol(liveness: 'ask' | 'none'): Protocol {
  return {
    name: 'frank',
    liveness: liveness === 'none' ? 'none' : 'server-beats',
    session() {
      const session = idHeartbeat().session();
      return {
        received(frame) {
          const object = jsonObject(frame);
          const reason = object && field(object, 'refused');
          if (typeof reason !== 'string') return session.received?.(frame);
          return { refused: { reason, fatal: reason === 'fatal' }, swallow: true };
        },
      };
    },
  };
}

/** One HTTP server that upgrades when it is told to. */
const http = createServer();
const sockets = new WebSocketServer({ noServer: true });
type Upgrade = [IncomingMessage, Duplex, Buffer];
const upgrades = new Map<string, { promise: Promise<Upgrade>; resolve: (upgrade: Upgrade) => void }>();

function upgradeOf(dial: string) {
  let upgrade = upgrades.get(dial);
  if (upgrade === undefined) {
    let resolve: (upgrade: Upgrade) => void = () => {};
    const promise = new Promise<Upgrade>((settle) => {
      resolve = settle;
    });
    upgrade = { promise, resolve };
    upgrades.set(dial, upgrade);
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
});

afterAll(() => {
  for (const client of sockets.clients) client.terminate();
  http.closeAllConnections();
  http.close();
});

let walks = 0;

/** A real connection on its way along a path. */
class Walk {
  readonly #path: ModelPath;
  readonly #clock = steppedClock();
  readonly #world = { jump: 0 };
  readonly #connection: Connection;
  readonly #number = (walks += 1);
  #dials = 0;
  #heard = new Map<string, () => void>();
  #server: WebSocket | undefined;
  #begun = 0;

  constructor(path: ModelPath, coverage: Coverage) {
    this.#path = path;
    const { liveness, ...settings } = path.settings;
    const options: ConnectionOptions = {
      ...settings,
      protocol: frankProtocol(liveness === 'none' ? 'none' : 'ask'),
      random: () => 0.5,
      clock: { ...this.#clock, wallTime: () => this.#clock.now() + this.#world.jump },
    };
    this.#connection = connect(() => this.#url(), {
      ...options,
      inspect: (event) => {
        coverage.inspect(event);
        if (event.type === '@xstate.event' && event.actorRef === this.#connection?.actor) {
          queueMicrotask(() => this.#heard.get(event.event.type)?.());
        }
      },
    });
    this.#connection.on('warning', () => {});
  }

  get place(): string {
    return placeOf(this.#connection.actor.getSnapshot());
  }

  async run(): Promise<void> {
    for (const step of this.#path.steps) {
      this.#begun += 1;
      await this.#take(step);
      // A URL that cannot be had is found out before anyone can look.
      if (this.#path.steps[this.#begun]?.name === 'url.failed') continue;
      expect(this.place, `${step.name} in ${this.#path.name}`).toBe(step.place);
    }
    this.#connection.actor.stop();
  }

  /** The URL is asked for at once when dialling begins, so whether it can be had depends on the step that comes next. */
  #url(): string {
    const next = this.#path.steps.slice(this.#begun).find(({ event }) => 'reason' in event || isOfDial(event.type));
    if (next?.event.type === 'url.failed') throw new Error('no url today');
    this.#dials += 1;
    return `ws://127.0.0.1:${(http.address() as { port: number }).port}${this.#dial}`;
  }

  get #dial(): string {
    return `/${this.#number}/${this.#dials}`;
  }

  async #take({ name, event }: ModelStep): Promise<void> {
    if (event.type.startsWith('xstate.after.')) {
      return pass(name, this.#path.late, this.#clock, this.#world, () => this.place);
    }
    if (name === 'url.failed') return setImmediate();
    const heard = this.#hears(event.type);
    await this.#bringAbout(name);
    await heard;
  }

  #hears(type: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${type} was not heard in ${this.#path.name}`)), 20_000);
      this.#heard.set(type, () => {
        this.#heard.delete(type);
        clearTimeout(limit);
        resolve();
      });
    });
  }

  /** Does to the world what makes the adapter report the fact. */
  async #bringAbout(name: string): Promise<void> {
    const now = this.#clock.now();
    switch (name) {
      case 'socket.opened':
        return this.#accept();
      case 'socket.lost':
      case 'socket.lost (fatal)':
        return this.#lose(name.endsWith('(fatal)'));
      case 'peer.named':
        return this.#say(JSON.stringify({ id: 'a', now_time: now }));
      case 'peer.beat':
        return this.#say(JSON.stringify({ heartbeat: now }));
      case 'peer.beat (outdated)':
        return this.#say(JSON.stringify({ heartbeat: now - 60_001 }));
      case 'peer.spoke':
        return this.#say('anything');
      case 'peer.refused':
        return this.#say('{"refused":"later"}');
      case 'peer.refused (fatal)':
        return this.#say('{"refused":"fatal"}');
      case 'user.reconnected':
        return this.#connection.reconnect();
      case 'user.closed':
        return this.#connection.close();
      default:
        // Long enough ago for any wake to find the line suspect, and no limit late.
        if (this.place.startsWith('alive')) this.#world.jump += 100_000;
        return this.#connection.actor.send(facts[name] as never);
    }
  }

  async #accept(): Promise<void> {
    const [request, socket, head] = await upgradeOf(this.#dial).promise;
    sockets.handleUpgrade(request, socket, head, (server) => {
      this.#server = server;
    });
  }

  async #lose(fatal: boolean): Promise<void> {
    if (!this.place.startsWith('connecting')) {
      if (fatal) this.#server?.close(1008);
      else this.#server?.terminate();
      return;
    }
    const [, socket] = await upgradeOf(this.#dial).promise;
    if (fatal) socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  }

  #say(text: string): void {
    this.#server?.send(text);
  }
}

function isOfDial(type: string): boolean {
  return (
    type.startsWith('socket.') || type === 'url.failed' || type.startsWith('user.') || type.includes('connectTimeout')
  );
}

/** No frame reaches a client that has not opened, and a URL is asked for only when a dial begins. */
function isPossible({ steps }: ModelPath): boolean {
  const places = ['connecting.dialling', ...steps.map(({ place }) => place)];
  return steps.every(({ name }, i) => {
    const place = places[i] ?? '';
    if (name.startsWith('peer.refused')) return !place.startsWith('connecting') && place !== 'closing';
    if (name === 'url.failed') return i === 0 || places[i - 1] === 'reconnecting';
    return name !== 'peer.beat' || place !== 'alive.unwatched';
  });
}

test('by the real adapter against a real server: every possible path, every place, every transition', async () => {
  const coverage = new Coverage();
  const possible = paths.filter(isPossible);
  for (const path of possible) await new Walk(path, coverage).run();
  expect(possible.length).toBeGreaterThan(500);
  expect([...coverage.taken]).toEqual(expect.arrayContaining(allTransitions().filter((name) => !impossible.has(name))));
  expect([...coverage.places]).toEqual(expect.arrayContaining(everyPlace));
}, 300_000);
