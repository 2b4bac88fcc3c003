/**
 * A life: some connections in a virtual world, and a story of what happens to them. The same life is the same to the last event, so that what went wrong
 * in it can be seen again. What has to hold meanwhile stands in `invariants.ts`; here is only what can happen, and who is told of it.
 */
import * as fc from 'fast-check';
import type { InspectionEvent } from 'xstate';

import { connect, type Connection, type ConnectionEvents, eventTypes } from '../../adapters/connect.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import { stateOf } from '../../machines/connection.ts';
import type { State } from '../../machines/events.ts';
import type { Direction } from '../kit/faults.ts';
import type { Data, Manners } from '../kit/manners.ts';
import { absurdAnswers, rubbish, wrongNames } from '../kit/rubbish.ts';
import type { Habits, VirtualWebSocket } from '../kit/virtual-web-socket.ts';
import { type VirtualWorld, virtualWorld } from '../kit/virtual-world.ts';

type ConnectionSnapshot = ReturnType<Connection['actor']['getSnapshot']>;

/** What happens. `ms`: how long it lasts, or how much; of `who`, one client, or all. */
export type Incident =
  | { do: 'wait'; ms: number }
  /** At most 70 s: what comes next meets an answer on its way. */
  | { do: 'wait for a beat' }
  | { do: 'silence'; direction: Direction }
  | { do: 'delay'; ms: number }
  | { do: 'throttle'; bytesPerSecond: number }
  | { do: 'reset' | 'forget' | 'refuse' }
  /** The network, the server and the page; and then nothing happens for a while. */
  | { do: 'heal'; ms: number }
  | { do: 'behave'; manners: Partial<Manners> }
  | { do: 'hang up'; code: number }
  | { do: 'push'; count: number }
  | { do: 'rubbish'; which: string }
  | { do: 'sleep' | 'stall' | 'freeze' | 'suspend' | 'set the clock'; ms: number }
  | { do: 'offline' | 'online' | 'hide' | 'show' }
  | { do: 'send'; count: number; size: number; who: number }
  | { do: 'drain' | 'reconnect'; who: number };

/** `connection`: made by `connect()`, or by a URL that has to be asked for; `socket`: the drop-in class. */
export type ClientKind = 'connection' | 'asking' | 'socket' | 'plain socket';

export interface Life {
  seed: number;
  like: Habits;
  clients: ClientKind[];
  retries: number;
  overflow: 'reject' | 'drop-oldest';
  whileHidden: 'dial' | 'hold';
  story: Incident[];
}

/** One client, and what is known of it from outside. */
export class Subject {
  readonly index: number;
  readonly kind: ClientKind;
  readonly world: VirtualWorld;
  readonly life: Life;
  readonly webSocket: HeartbeatWebSocket | undefined;
  readonly connection: Connection;
  /** The newest one. */
  current: VirtualWebSocket | undefined;
  /** The newest snapshot, and the one before. */
  snapshot: ConnectionSnapshot;
  previous: ConnectionSnapshot;
  /** Texts that were given to it so far. */
  sent = 0;

  constructor(index: number, life: Life, world: VirtualWorld, inspect: ((event: InspectionEvent) => void) | undefined) {
    this.index = index;
    this.kind = life.clients[index]!;
    this.world = world;
    this.life = life;
    const url = `ws://virtual/${index}`;
    const { retries, overflow, whileHidden } = life;
    const options = {
      ...world.options,
      lifecycle: { ...world.options.lifecycle, whileHidden },
      buffer: { messages: 20, bytes: 100_000, overflow, ...(overflow === 'drop-oldest' && { maxAge: 30_000 }) },
      protocol: idHeartbeat(),
      retries,
      inspect,
    };
    if (this.kind === 'socket' || this.kind === 'plain socket') {
      this.webSocket = new HeartbeatWebSocket(url, [], {
        ...options,
        ...(this.kind === 'plain socket' && { retries: 0 }),
      });
      this.connection = this.webSocket.connection!;
    } else {
      this.connection = connect(this.kind === 'asking' ? () => this.#ask(url) : url, options);
    }
    this.snapshot = this.connection.actor.getSnapshot();
    this.previous = this.snapshot;
  }

  get state(): State {
    return stateOf(this.snapshot);
  }

  get formerState(): State {
    return stateOf(this.previous);
  }

  get isOver(): boolean {
    return this.snapshot.status !== 'active';
  }

  async #ask(url: string): Promise<string> {
    if (this.world.random() < 0.2) throw new Error('no token today');
    await new Promise<void>((resolve) => {
      this.world.options.clock.setTimeout(() => resolve(), 50);
    });
    return url;
  }
}

/** Hears what happens in a life, and says what must not be. All times are `world.time`. */
export interface Witness {
  dialled?(subject: Subject, socket: VirtualWebSocket): void;
  wrote?(subject: Subject, socket: VirtualWebSocket, data: unknown): void;
  /** Before and after an event of a socket, of whatever visit, is handled. */
  firing?(subject: Subject, socket: VirtualWebSocket, type: string, data: unknown): void;
  fired?(subject: Subject, socket: VirtualWebSocket, type: string, data: unknown): void;
  /** The machine has another snapshot. */
  changed?(subject: Subject): void;
  reported?<T extends keyof ConnectionEvents>(subject: Subject, type: T, detail: ConnectionEvents[T]): void;
  /** An event of a drop-in WebSocket. */
  dispatched?(subject: Subject, event: Event): void;
  sent?(subject: Subject, text: string, isAccepted: boolean): void;
  drained?(subject: Subject, texts: readonly string[]): void;
  /** A timer of a client is armed. */
  armed?(ms: number): void;
  /** The user is about to do something of this kind. */
  asked?(subject: Subject, what: 'reconnect' | 'close'): void;
  /** Something is about to happen. */
  happening?(what: Incident): void;
  /** Something has happened, and all is as it will be until time passes. */
  happened?(what: Incident): void;
  /** All are closed, and a while has passed. */
  ended?(): void;
}

/** What a witness is given. */
export interface Scene {
  readonly world: VirtualWorld;
  readonly life: Life;
  readonly subjects: readonly Subject[];
  /** Says what is wrong: the life ends here. */
  readonly breach: (what: string) => void;
}

/** An invariant did not hold. */
export class Breach extends Error {
  override name = 'Breach';
  readonly invariant: string;
  readonly life: Life;

  /** @param times when each of the incidents so far began, ms, and when it was found out */
  constructor(invariant: string, what: string, life: Life, times: readonly number[]) {
    super(`${invariant}: ${what}\n${asText(life, times)}`);
    this.invariant = invariant;
    this.life = life;
  }
}

/** What is asserted in a life. */
export interface Judge {
  readonly name: string;
  readonly life?: ((scene: Scene) => Witness) | undefined;
}

/** What a life amounted to. */
export interface Balance {
  /** Ms of connections: of each client, until it is closed. */
  ms: number;
  dials: number;
  beats: number;
  /** What happened that was no mere waiting, for each client that it happened to. */
  faults: number;
}

/** `inspect` hears the machine of each client. @throws {Breach} */
export async function live(
  life: Life,
  judges: readonly Judge[],
  inspect?: (world: VirtualWorld) => (event: InspectionEvent) => void,
): Promise<Balance> {
  return new LifeUnderWay(life, judges, inspect).run();
}

class LifeUnderWay {
  readonly #life: Life;
  readonly #world: VirtualWorld;
  readonly #subjects: Subject[] = [];
  readonly #hooks: { [H in keyof Witness]-?: NonNullable<Witness[H]>[] };
  readonly #inspect: ((event: InspectionEvent) => void) | undefined;
  #breach: { name: string; what: string } | undefined;
  readonly #times: number[] = [];
  #beats = 0;
  #lived = 0;

  constructor(
    life: Life,
    judges: readonly Judge[],
    inspect: ((world: VirtualWorld) => (event: InspectionEvent) => void) | undefined,
  ) {
    this.#life = life;
    this.#world = virtualWorld({ seed: life.seed, like: life.like });
    this.#inspect = inspect?.(this.#world);
    const witnesses = judges.map(({ name, life: witness }) =>
      witness?.({
        world: this.#world,
        life,
        subjects: this.#subjects,
        breach: (what) => {
          this.#breach ??= { name, what };
        },
      }),
    );
    const hook = <H extends keyof Witness>(name: H) =>
      witnesses.flatMap((each) => {
        const hears = each?.[name];
        return hears === undefined ? [] : [hears.bind(each) as NonNullable<Witness[H]>];
      });
    this.#hooks = {
      dialled: hook('dialled'),
      wrote: hook('wrote'),
      firing: hook('firing'),
      fired: hook('fired'),
      changed: hook('changed'),
      reported: hook('reported'),
      dispatched: hook('dispatched'),
      sent: hook('sent'),
      drained: hook('drained'),
      armed: hook('armed'),
      asked: hook('asked'),
      happening: hook('happening'),
      happened: hook('happened'),
      ended: hook('ended'),
    };
  }

  async run(): Promise<Balance> {
    const { clients, story } = this.#life;
    const world = this.#world;
    this.#watch();
    for (let i = 0; i < clients.length; i += 1) this.#begin(i);
    await this.#check({ do: 'wait', ms: 0 });
    for (const each of story) {
      this.#times.push(this.#world.time);
      for (const hear of this.#hooks.happening) hear(each);
      await this.#act(each);
      await this.#check(each);
    }
    await this.#end();
    const faults = story.filter(({ do: what }) => !peaceful.has(what)).length * clients.length;
    return { ms: this.#lived, dials: world.dials, beats: this.#beats, faults };
  }

  #begin(index: number): void {
    const subject = new Subject(index, this.#life, this.#world, this.#inspect);
    this.#subjects.push(subject);
    // Its first dial was made before anyone could know whose it is.
    for (const socket of this.#world.sockets) if (indexOf(socket) === index) this.#dialled(subject, socket);
    subject.connection.actor.subscribe((snapshot) => {
      subject.previous = subject.snapshot;
      subject.snapshot = snapshot;
      for (const hear of this.#hooks.changed) hear(subject);
    });
    for (const type of eventTypes) {
      subject.connection.on(type, (detail) => {
        if (type === 'closed') this.#lived += this.#world.time;
        for (const hear of this.#hooks.reported) hear(subject, type, detail as never);
      });
    }
    for (const type of ['open', 'message', 'error', 'close']) {
      subject.webSocket?.addEventListener(type, (event: Event) => {
        for (const hear of this.#hooks.dispatched) hear(subject, event);
      });
    }
  }

  #watch(): void {
    const { clock } = this.#world.options;
    const { setTimeout } = clock;
    clock.setTimeout = (callback, ms) => {
      for (const hear of this.#hooks.armed) hear(ms);
      return setTimeout(callback, ms);
    };
    const of = (socket: VirtualWebSocket) => this.#subjects[indexOf(socket)];
    this.#world.watch({
      dialled: (socket) => {
        const subject = of(socket);
        if (subject !== undefined) this.#dialled(subject, socket);
      },
      wrote: (socket, data) => {
        const subject = of(socket);
        if (data === 'heartbeat') this.#beats += 1;
        else if (subject !== undefined) for (const hear of this.#hooks.wrote) hear(subject, socket, data);
      },
      firing: (socket, type, data) => {
        const subject = of(socket);
        if (subject !== undefined) for (const hear of this.#hooks.firing) hear(subject, socket, type, data);
      },
      fired: (socket, type, data) => {
        const subject = of(socket);
        if (subject !== undefined) for (const hear of this.#hooks.fired) hear(subject, socket, type, data);
      },
    });
  }

  #dialled(subject: Subject, socket: VirtualWebSocket): void {
    for (const hear of this.#hooks.dialled) hear(subject, socket);
    subject.current = socket;
  }

  async #check(what: Incident): Promise<void> {
    await this.#world.run(0);
    for (const hear of this.#hooks.happened) hear(what);
    this.#judge();
  }

  #judge(): void {
    if (this.#breach === undefined) return;
    const { name, what } = this.#breach;
    throw new Breach(name, what, this.#life, [...this.#times, this.#world.time]);
  }

  /** Everybody closes, in whatever world it is. */
  async #end(): Promise<void> {
    for (const subject of this.#subjects) this.#close(subject);
    await this.#world.run(lastGoodbye);
    for (const hear of this.#hooks.ended) hear();
    this.#judge();
  }

  #close(subject: Subject): void {
    if (subject.isOver) return;
    for (const hear of this.#hooks.asked) hear(subject, 'close');
    if (subject.webSocket === undefined) subject.connection.close();
    else subject.webSocket.close();
  }

  async #act(what: Incident): Promise<void> {
    const world = this.#world;
    switch (what.do) {
      case 'wait':
        return world.run(what.ms);
      case 'wait for a beat':
        return this.#waitForBeat();
      case 'silence':
        return world.silence(what.direction);
      case 'delay':
        return world.delay(what.ms, { jitter: what.ms / 2 });
      case 'throttle':
        return world.throttle(what.bytesPerSecond);
      case 'heal':
        world.behave();
        world.heal();
        world.online();
        world.show();
        return world.run(what.ms);
      case 'behave':
        return world.behave(what.manners);
      case 'hang up':
        for (const peer of this.#peers()) world.host.close(peer, what.code);
        return;
      case 'push':
        for (let i = 0; i < what.count; i += 1) world.host.push(`push ${i}`);
        return;
      case 'rubbish':
        return world.host.push(allRubbish[what.which]!);
      case 'sleep':
      case 'stall':
      case 'freeze':
      case 'suspend':
        return world[what.do](what.ms);
      case 'set the clock':
        return world.setClock(what.ms);
      case 'send':
        return this.#send(this.#subjects[what.who]!, what);
      case 'drain':
        return this.#drain(this.#subjects[what.who]!);
      case 'reconnect':
        return this.#reconnect(this.#subjects[what.who]!);
      default:
        return world[what.do]();
    }
  }

  #peers() {
    return [...this.#world.links].flatMap(({ peer }) => (peer?.isOpen ? [peer] : []));
  }

  async #waitForBeat(): Promise<void> {
    const before = this.#beats;
    // There may be none.
    await this.#world.until(() => this.#beats > before, 70_000).catch(() => {});
  }

  #send(subject: Subject, { count, size }: { count: number; size: number }): void {
    for (let i = 0; i < count; i += 1) {
      const text = `m${subject.sent} ${'x'.repeat(size)}`;
      subject.sent += 1;
      if (subject.webSocket === undefined) {
        const isAccepted = subject.connection.send(text);
        for (const hear of this.#hooks.sent) hear(subject, text, isAccepted);
      } else if (subject.webSocket.readyState > 0 || subject.kind === 'socket') subject.webSocket.send(text);
    }
  }

  #drain(subject: Subject): void {
    const texts = subject.connection.drain() as string[];
    for (const hear of this.#hooks.drained) hear(subject, texts);
  }

  #reconnect(subject: Subject): void {
    // What is nothing but a WebSocket has nothing like it.
    if (subject.isOver || subject.kind === 'plain socket') return;
    for (const hear of this.#hooks.asked) hear(subject, 'reconnect');
    subject.connection.reconnect();
  }
}

/** Long enough for every goodbye, and for the close events of dead sockets that browsers fire after a minute, ms. */
const lastGoodbye = 70_000;

/** None of these makes anything worse. */
export const peaceful: ReadonlySet<string> = new Set([
  'wait',
  'wait for a beat',
  'push',
  'send',
  'drain',
  'heal',
  'online',
  'show',
]);

function indexOf(socket: VirtualWebSocket): number {
  return Number(socket.url.slice('ws://virtual/'.length));
}

/** By what is wrong with it. */
const allRubbish: Readonly<Record<string, Data>> = { ...rubbish, ...wrongNames, ...absurdAnswers };

/** None of these does anything to a line that is alive. */
export const rubbishFrames: ReadonlySet<unknown> = new Set(Object.values(allRubbish));

// What can happen, at random.

const ms = (...all: number[]) => fc.constantFrom(...all);
const who = (clients: number) => fc.nat(clients - 1);

const manners: fc.Arbitrary<Partial<Manners>> = fc.constantFrom<Partial<Manners>[]>(
  { answers: 0 },
  { names: 0 },
  { names: 2 },
  { answers: 2 },
  { nameAfter: 3_000 },
  { nameAfter: 7_000 },
  { answerAfter: 4_000 },
  { answerAfter: 12_000 },
  { answerAge: 90_000 },
  { answerAge: -90_000 },
  { answer: '{"heartbeat":null}' },
  { beatEvery: 1_000 },
  { clockOffset: 3_600_000 },
  { clockOffset: -86_400_000 },
  { clockRate: 1.0005 },
  { clockRate: 0 },
  { noise: ['', '{}', '[[['] },
  { upgrade: 503, retryAfter: 20 },
  { upgrade: 503 },
  { upgrade: 429, retryAfter: 7_200 },
  { upgrade: 'hang' },
  { closeAfter: 0, closeCode: 1013 },
  { closeAfter: 5_500 },
  { closeAfter: 300, closeCode: 1006 },
);

export function incidents(
  clients: number,
  { waits, health }: Pick<Extent, 'waits' | 'health'>,
): fc.Arbitrary<Incident> {
  const of = (weight: number, arbitrary: fc.Arbitrary<Incident>) => ({ weight, arbitrary });
  const plain = (...all: Incident['do'][]) => fc.constantFrom(...all).map((what) => ({ do: what }) as Incident);
  return fc.oneof(
    of(
      30,
      ms(...waits).map((each) => ({ do: 'wait', ms: each })),
    ),
    of(4, plain('wait for a beat')),
    of(
      health.weight,
      ms(...health.lasts).map((each) => ({ do: 'heal', ms: each })),
    ),
    of(
      4,
      fc.constantFrom<Direction[]>('both', 'to-server', 'to-client').map((direction) => ({ do: 'silence', direction })),
    ),
    of(4, plain('reset', 'forget', 'refuse')),
    of(
      2,
      ms(200, 3_000, 20_000).map((each) => ({ do: 'delay', ms: each })),
    ),
    of(
      1,
      fc.constantFrom(50, 2_000).map((bytesPerSecond) => ({ do: 'throttle', bytesPerSecond })),
    ),
    of(
      6,
      manners.map((each) => ({ do: 'behave', manners: each })),
    ),
    of(
      2,
      fc.constantFrom(1000, 1001, 1005, 1006, 1012, 1013, 4000).map((code) => ({ do: 'hang up', code })),
    ),
    of(
      2,
      fc.constantFrom(1, 30).map((count) => ({ do: 'push', count })),
    ),
    of(
      3,
      fc.constantFrom(...Object.keys(allRubbish)).map((which) => ({ do: 'rubbish', which })),
    ),
    of(
      3,
      fc
        .tuple(fc.constantFrom('sleep', 'stall', 'freeze', 'suspend'), ms(300, 8_000, 90_000, 1_200_000))
        .map(([what, each]) => ({ do: what, ms: each })),
    ),
    of(
      1,
      ms(-7_200_000, -3_000, 3_000, 7_200_000).map((each) => ({ do: 'set the clock', ms: each })),
    ),
    of(4, plain('offline', 'online', 'hide', 'show')),
    of(
      6,
      fc
        .tuple(fc.constantFrom(1, 3, 30), fc.constantFrom(0, 0, 9_000), who(clients))
        .map(([count, size, index]) => ({ do: 'send', count, size, who: index })),
    ),
    of(
      2,
      fc
        .tuple(fc.constantFrom('drain' as const, 'reconnect' as const), who(clients))
        .map(([what, index]) => ({ do: what, who: index })),
    ),
  );
}

export interface Extent {
  /** At most. */
  clients: number;
  /** At most so many incidents. */
  story: number;
  /** Ms between them. */
  waits: readonly number[];
  kinds: readonly ClientKind[];
  /** How often all gets well, where all else that can happen weighs 80, and for how long, ms. */
  health: { weight: number; lasts: readonly number[] };
}

/** Short lives, of all kinds, in which much happens. */
export const shortLives: Extent = {
  clients: 3,
  story: 40,
  waits: [200, 1_000, 4_000, 15_000, 70_000, 300_000],
  kinds: ['connection', 'connection', 'connection', 'asking', 'socket', 'plain socket'],
  health: { weight: 8, lasts: [0] },
};

/** Random lives. Their seed is small, so that it is no burden to a story. */
export function lives({ clients: most, story, kinds, ...often }: Extent): fc.Arbitrary<Life> {
  // Mostly as many as there may be: what the world does is done for all of them at once. One is the best story.
  const howMany = fc.constantFrom(1, ...Array.from<number>({ length: 9 }).fill(most));
  const some = howMany.chain((count) => fc.array(fc.constantFrom(...kinds), { minLength: count, maxLength: count }));
  return some.chain((clients) =>
    fc.record({
      seed: fc.nat(999_999),
      like: fc.constantFrom<Habits[]>('browser', 'ws', 'undici'),
      clients: fc.constant(clients),
      retries: fc.constantFrom(Infinity, Infinity, Infinity, 3),
      overflow: fc.constantFrom('reject', 'drop-oldest'),
      whileHidden: fc.constantFrom('dial', 'dial', 'hold'),
      story: fc.array(incidents(clients.length, often), { maxLength: story, size: 'max' }),
    }),
  );
}

/** A life as somebody would tell it, as far as it went. */
function asText(
  { seed, like, clients, retries, overflow, whileHidden, story }: Life,
  times: readonly number[],
): string {
  const told = story.flatMap(({ do: what, ...how }, i) => {
    const time = times[i];
    if (what === 'wait' || time === undefined) return [];
    const details = JSON.stringify(how);
    return [`  ${clockText(time)}  ${what}${details === '{}' ? '' : ` ${details}`}`];
  });
  const world = `WebSockets like ${like}, ${clients.join(', ')}; retries ${retries}, ${overflow}, while hidden: ${whileHidden}, seed ${seed}`;
  return [`  in a world with ${world}`, ...told, `  ${clockText(times.at(-1) ?? 0)}  here`].join('\n');
}

function clockText(time: number): string {
  const [h, m, s] = [time / 3_600_000, (time / 60_000) % 60, (time / 1_000) % 60].map(Math.floor) as [
    number,
    number,
    number,
  ];
  return `${h}:${String(m).padStart(2, '0')}:${String(s).padStart(2, '0')}.${String(Math.floor(time % 1_000)).padStart(3, '0')}`;
}
