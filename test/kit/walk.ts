/**
 * A real connection on its way along one path.
 */
import type { ActorRef, InspectionEvent } from 'xstate';

import type { Connection, ConnectOptions } from '../../adapters/connect.ts';
import type { Protocol } from '../../adapters/protocols/protocol.ts';
import type { WebSocketClass, WebSocketLike } from '../../adapters/visit.ts';
import type { Fact } from '../../machines/events.ts';
import { steppedClock } from './clock.ts';
import { handFor, type HandName, type Hands, isOurs, type Moment, type WireRules } from './hands.ts';
import {
  facts,
  longAgo,
  maxAge,
  type ModelRoute,
  modelSettings,
  type ModelSnapshot,
  type ModelStep,
  placeOf,
  transitionsIn,
} from './paths.ts';

/** What the model uses of a connection: all of `Connection`, or anything around an actor of `connectionMachine`. */
export interface WalkedConnection {
  readonly actor: Pick<ActorRef<ModelSnapshot, Fact>, 'getSnapshot' | 'send'>;
  reconnect(): void;
  close(): void;
}

export interface WalkOptions extends Hands, Pick<ConnectOptions, 'protocols' | 'headers' | 'WebSocket'> {
  readonly url: string | ((dial: number) => string);
  readonly protocol: Protocol;
  readonly connect: (url: () => string | Promise<string>, options: ConnectOptions) => WalkedConnection;
  /** Real ms. */
  readonly patience: number;
  readonly isDated: boolean;
  readonly rules: WireRules;
  nextDial(): number;
  took(transition: string): void;
  reached(place: string): void;
}

/** What the machine was told, and where it went. */
interface Entry {
  readonly type: string;
  readonly place: string;
}

/** No path takes so many timers to its next step. */
const manyTimers = 1_000;
/** `closeTimeout`, and more than enough. */
const farewell = 60_000;

export class Walk {
  readonly #route: ModelRoute;
  readonly #options: WalkOptions;
  readonly #clock = steppedClock();
  readonly #sockets: WebSocketLike[] = [];
  readonly #log: Entry[] = [];
  #read = 0;
  #wake = () => {};
  #connection: WalkedConnection | undefined;
  /** Events of the connection's actor that came before `connect` answered with it. */
  #early: InspectionEvent[] | undefined = [];
  /** Ms by which the wall clock has jumped. */
  #jump = 0;
  #dial = 0;
  #isCut = false;
  #isStopped = false;
  /** The URL of the dial that is next cannot be had. */
  #isLost = false;
  #failUrl = () => {};
  #story: string[] = [];

  constructor(route: ModelRoute, options: WalkOptions) {
    this.#route = route;
    this.#options = options;
  }

  /** @throws {Error} which tells the story, where the connection leaves the path */
  async run(): Promise<void> {
    try {
      await this.#prepareDial(-1);
      this.#open();
      this.#judgeSockets();
      this.#story.push(`  dial → ${this.#place}`);
      this.#options.reached(this.#place);
      for (const [i, step] of this.#route.steps.entries()) await this.#walk(step, i);
      this.#judgeRest();
      await this.#clear();
      this.#close();
    } catch (error) {
      const told = this.#tell(error instanceof Error ? error.message : String(error));
      await this.#abandon();
      throw new Error(told, { cause: error });
    }
  }

  get #place(): string {
    return this.#connection === undefined ? 'nowhere' : placeOf(this.#connection.actor.getSnapshot());
  }

  #open(): void {
    const { protocols, headers, protocol, isDated } = this.#options;
    this.#connection = this.#options.connect(() => this.#url(), {
      ...modelSettings(isDated),
      protocol,
      ...(protocols !== undefined && { protocols }),
      ...(headers !== undefined && { headers }),
      WebSocket: this.#countingClass(),
      // What the platform does is among the steps.
      lifecycle: false,
      random: () => 0.5,
      clock: { ...this.#clock, wallTime: () => this.#clock.now() + this.#jump },
      inspect: (event) => (this.#early === undefined ? this.#hear(event) : void this.#early.push(event)),
    });
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.#hear(event);
    // With nobody listening, a warning goes to the console.
    (this.#connection as Partial<Connection>).on?.('warning', () => {});
  }

  async #walk(step: ModelStep, i: number): Promise<void> {
    await this.#prepare(step, i);
    this.#story.push(`  ${step.name} → ${step.place}`);
    const entry = await this.#take(step);
    if (entry.type !== step.event.type) {
      throw new Error(`${step.event.type} was to come, and the adapter reported ${entry.type}`);
    }
    this.#options.reached(entry.place);
    if (entry.place !== step.place) throw new Error(`it is in ${entry.place}, and should be in ${step.place}`);
    this.#judgeSockets();
  }

  /** Sets the world for what is to come: nothing that is under way by itself may come before it. */
  async #prepare({ from, place }: ModelStep, i: number): Promise<void> {
    if (from === 'reconnecting' && place.startsWith('connecting')) return this.#prepareDial(i);
    if (!/^(?:alive|stale)/.test(place)) return;
    if (this.#options.rules.cutsBefore(this.#route.steps, i)) await this.#cut();
  }

  async #prepareDial(i: number): Promise<void> {
    const { rules } = this.#options;
    const { steps } = this.#route;
    const visit = steps.slice(i + 1);
    const end = visit.findIndex(({ from }) => !from.startsWith('connecting'));
    this.#isLost = visit.slice(0, end < 0 ? undefined : end).some(({ name }) => name === 'url.failed');
    if (rules.stopsBefore(steps, i)) await this.#stop();
    else if (this.#isStopped) await this.#start();
    if (rules.cutsBefore(steps, i)) await this.#cut();
    else await this.#heal();
  }

  async #take(step: ModelStep): Promise<Entry> {
    const { name } = step;
    if (name.startsWith('after ')) return this.#pass(name, step.event.type);
    if (isOurs(name)) return this.#doOurs(step);
    if (name === 'url.failed') this.#failUrl();
    else await this.#bringAbout(step);
    return this.#reported(step.event.type);
  }

  /** Lets the delay pass. */
  #pass(name: string, type: string): Entry {
    if (name.endsWith(' late')) this.#jump += longAgo;
    for (let i = 0; i < manyTimers; i += 1) {
      const entry = this.#next(type);
      if (entry !== undefined) return entry;
      if (!this.#clock.step()) break;
    }
    throw new Error(`there is no timer for ${name.replace('after ', '')}`);
  }

  #doOurs({ name, from, event }: ModelStep): Entry {
    if (name === 'user.reconnected') this.#connection?.reconnect();
    else if (name === 'user.closed') this.#connection?.close();
    else {
      // Long enough ago for any wake to find the line suspect.
      if (from.startsWith('alive')) this.#jump += longAgo;
      this.#connection?.actor.send(facts[name] as Fact);
    }
    const entry = this.#next(event.type);
    if (entry === undefined) throw new Error(`${event.type} did not reach the machine`);
    return entry;
  }

  /** Does to the world what makes the adapter report the fact. */
  async #bringAbout({ name, from }: ModelStep): Promise<void> {
    const hand = handFor(name);
    const comesByItself = (name === 'socket.lost' && from === 'closing') || this.#isStopped;
    if (hand !== undefined && !comesByItself) await this.#do(hand, name);
    await this.#heal();
  }

  async #do(hand: HandName, name = ''): Promise<void> {
    // Of an answer it is asked how old it was when it was asked for.
    const time = this.#clock.now() - (hand === 'outdated' ? 2 * maxAge : 0);
    const moment: Moment = { dial: this.#dial, time, fatal: name.endsWith(' fatal') };
    try {
      await this.#options[hand]?.(moment);
    } catch (error) {
      throw new Error(`the hand ${hand} has thrown: ${String(error)}`, { cause: error });
    }
  }

  async #cut(): Promise<void> {
    if (this.#isCut) return;
    this.#isCut = true;
    await this.#do('cut');
  }

  async #heal(): Promise<void> {
    if (!this.#isCut) return;
    this.#isCut = false;
    await this.#do('heal');
  }

  async #stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.#do('stop');
  }

  async #start(): Promise<void> {
    this.#isStopped = false;
    await this.#do('start');
  }

  /** The world as it was found. */
  async #clear(): Promise<void> {
    await this.#heal();
    if (this.#isStopped) await this.#start();
  }

  /** What the machine was told next; undefined while it was told nothing. */
  #next(type: string): Entry | undefined {
    for (;;) {
      const entry = this.#log[this.#read];
      if (entry === undefined) return undefined;
      this.#read += 1;
      const before = this.#log[this.#read - 2]?.place;
      if (entry.type === type || entry.place !== before || !this.#isNoise(entry)) return entry;
    }
  }

  /** A line is found stable on the way, wherever a path does not lead there for that; and a server that beats by itself does so when it likes. */
  #isNoise({ type, place }: Entry): boolean {
    if (type.startsWith('xstate.after.stableAfter.')) return true;
    return (
      this.#options.protocol.liveness !== 'ask' &&
      type === 'peer.beat' &&
      this.#options.rules.comesByItself(type, place)
    );
  }

  async #reported(type: string): Promise<Entry> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const { patience } = this.#options;
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${type} was awaited for ${patience} ms in vain`)), patience);
    });
    try {
      for (;;) {
        const entry = this.#next(type);
        if (entry !== undefined) return entry;
        const heard = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        await Promise.race([heard, expired]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #hear(event: InspectionEvent): void {
    for (const transition of transitionsIn(event)) this.#options.took(transition);
    if (event.type !== '@xstate.snapshot' || event.actorRef !== this.#connection?.actor) return;
    if (event.event.type.startsWith('xstate.init')) return;
    this.#log.push({ type: event.event.type, place: placeOf(event.snapshot as ModelSnapshot) });
    this.#wake();
  }

  #url(): string | Promise<string> {
    if (this.#isLost) {
      return new Promise((_, reject) => {
        this.#failUrl = () => reject(new Error('no url today'));
      });
    }
    const { url } = this.#options;
    this.#dial = this.#options.nextDial();
    return typeof url === 'string' ? url : url(this.#dial);
  }

  /** The class it was given, whose sockets are counted. */
  #countingClass(): WebSocketClass {
    return new Proxy(this.#options.WebSocket as WebSocketClass, {
      construct: (target, args) => {
        const socket = Reflect.construct(target, args) as WebSocketLike;
        this.#sockets.push(socket);
        return socket;
      },
    });
  }

  get #openSockets(): number {
    return this.#sockets.filter(({ readyState }) => readyState <= 1).length;
  }

  #judgeSockets(): void {
    const most = /^(?:reconnecting|closed)/.test(this.#place) ? 0 : 1;
    if (this.#openSockets > most) throw new Error(`${this.#openSockets} sockets are open in ${this.#place}`);
  }

  /** What has come since the last step came by itself. */
  #judgeRest(): void {
    const place = this.#route.steps.at(-1)?.place ?? '';
    const strange = this.#log.slice(this.#read).find(({ type }) => !this.#options.rules.comesByItself(type, place));
    if (strange !== undefined) throw new Error(`nothing more was to come, and the adapter reported ${strange.type}`);
  }

  /** Nothing is left of it: no socket, and no timer. */
  #close(): void {
    if (this.#place !== 'closed') {
      this.#story.push('  (the end) close() → closed');
      this.#connection?.close();
      this.#clock.advance(farewell);
    }
    if (this.#place !== 'closed') throw new Error(`it is in ${this.#place}, and should be closed`);
    this.#judgeSockets();
    const { pending } = this.#clock;
    if (pending.length > 0) throw new Error(`it is closed, and timers are left, due in ${pending.join(', ')} ms`);
  }

  async #abandon(): Promise<void> {
    try {
      await this.#clear();
      this.#connection?.close();
      this.#clock.advance(farewell);
    } catch {
      // It has failed already, and says why.
    }
  }

  #tell(message: string): string {
    const { name } = this.#route;
    return [
      `The connection has left its path: ${message}.`,
      `So far, with the step last at which it went wrong:`,
      ...this.#story,
      `The machine was told, after the dial: ${this.#log.map(({ type, place }) => `${type} → ${place}`).join(', ') || 'nothing'}.`,
      `It is in ${this.#place}. Of ${this.#sockets.length} sockets ${this.#openSockets} are open. Dials: up to number ${this.#dial}.`,
      `To run this path alone, give your runner its name: node --test-name-pattern='${name}', vitest -t '${name}'`,
    ].join('\n');
  }
}
