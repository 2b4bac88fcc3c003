/**
 * A real connection on its way along one path.
 */
import type { ActorRef, InspectionEvent } from 'xstate';

import type { Connection, ConnectOptions } from '../../adapters/connect.ts';
import type { Answer, Frame, Protocol, Session } from '../../adapters/protocols/protocol.ts';
import type { WebSocketClass, WebSocketLike } from '../../adapters/web-socket.ts';
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
  /** Undefined: the server states what the model gives it. */
  readonly serverTimes: ServerTimes | undefined;
  /** The paths in which a wait was in vain and, since then, never rewarded. */
  readonly vain: Map<string, readonly string[]>;
  nextDial(): number;
  took(transition: string): void;
  reached(place: string): void;
}

/** What the machine was told, and where it went. */
interface WalkEntry {
  readonly type: string;
  readonly place: string;
  /** What there is to say of it besides. */
  readonly detail: string;
}

/** An inbound message. */
interface HeardFrame {
  readonly frame: Frame;
  isSwallowed: boolean;
}

interface Wait {
  /** The same in each path that waits for the same. */
  readonly wait: string;
  /** To be told where it is in vain, as is the advice. */
  readonly what: string;
  readonly advice?: string;
}

/** No path takes so many timers to its next step. */
const manyTimers = 1_000;
/** `closeTimeout`, and more than enough. */
const farewell = 60_000;
/** Real ms after which a clock's rate can be told from none: some servers state whole seconds. */
const telling = 2_000;
/** Ms that a server's times may be off. */
const tolerance = 1_000;
/** Paths in which a wait is in vain before it is given up. */
const manyWaits = 3;
const mostFrames = 3;
const longestFrame = 100;

/** What a server states as its time, over all paths of a model. */
export class ServerTimes {
  #first: { stated: number; at: number } | undefined;

  /** Real ms until what it states next can be judged, also where its clock stands still. */
  get untilTelling(): number {
    const { at } = this.#first ?? {};
    return at === undefined ? 0 : Math.max(0, at + telling + tolerance / 2 - performance.now());
  }

  /** What is wrong with it, if anything. */
  judge(stated: number): string | undefined {
    const at = performance.now();
    this.#first ??= { stated, at };
    const passed = at - this.#first.at;
    const advance = stated - this.#first.stated;
    if (passed < telling || (advance >= passed / 2 - tolerance && advance <= passed * 2 + tolerance)) return undefined;
    // Begun anew: a computer that slept in between fails one path, a clock that is wrong one after another.
    this.#first = { stated, at };
    return `the server's time advanced by ${advance} ms, to ${stated}, while ${Math.round(passed)} ms passed: it is frozen, or not in milliseconds`;
  }
}

export class Walk {
  readonly #route: ModelRoute;
  readonly #options: WalkOptions;
  readonly #clock = steppedClock();
  readonly #sockets: WebSocketLike[] = [];
  readonly #log: WalkEntry[] = [];
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
  /** Each with its number: the same fact may be awaited in the same place again. */
  readonly #waits = new Map<string, number>();
  readonly #warnings: string[] = [];
  /** The last that came in this dial. */
  #frames: readonly HeardFrame[] = [];
  /** The server's time as of the name of this visit. */
  #namedTime: number | undefined;
  #clockFault: string | undefined;

  constructor(route: ModelRoute, options: WalkOptions) {
    this.#route = route;
    this.#options = options;
  }

  /** @throws {Error} which tells the story, where the connection leaves the path */
  async run(): Promise<void> {
    try {
      await this.#prepareDial(-1);
      this.#open();
      this.#story.push(`  dial → ${this.#place}`);
      this.#judgeSockets();
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
      protocol: this.#overheard(protocol),
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
    (this.#connection as Partial<Connection>).on?.('warning', ({ message }) => this.#warnings.push(message));
  }

  async #walk(step: ModelStep, i: number): Promise<void> {
    await this.#prepare(step, i);
    this.#story.push(`  ${step.name} → ${step.place}`);
    const entry = await this.#take(step);
    this.#judgeClock();
    if (entry.type !== step.event.type) throw this.#surprise(step.event.type, entry);
    this.#options.reached(entry.place);
    if (entry.place !== step.place) throw new Error(`it is in ${entry.place}, and should be in ${step.place}`);
    this.#judgeSockets();
  }

  /** Sets the world for what is to come: nothing that is under way by itself may come before it. */
  async #prepare({ from, place }: ModelStep, i: number): Promise<void> {
    if (/^(?:reconnecting|redialling)$/.test(from) && place.startsWith('connecting')) return this.#prepareDial(i);
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

  async #take(step: ModelStep): Promise<WalkEntry> {
    const { name } = step;
    if (name.startsWith('after ')) return this.#pass(name, step.event.type);
    if (isOurs(name)) return this.#doOurs(step);
    if (name === 'url.failed') this.#failUrl();
    else await this.#bringAbout(step);
    return this.#reported(step);
  }

  /** Lets the delay pass. */
  #pass(name: string, type: string): WalkEntry {
    if (name.endsWith(' late')) this.#jump += longAgo;
    for (let i = 0; i < manyTimers; i += 1) {
      const entry = this.#next(type);
      if (entry !== undefined) return entry;
      if (!this.#clock.step()) break;
    }
    throw new Error(`there is no timer for ${name.replace('after ', '')}`);
  }

  #doOurs({ name, from, event }: ModelStep): WalkEntry {
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
    const call = async () => {
      try {
        await this.#options[hand]?.(moment);
      } catch (error) {
        throw new Error(`the hand ${hand} has thrown: ${String(error)}`, { cause: error });
      }
    };
    const wait = `hand ${hand}`;
    await this.#patiently({ wait, what: `the promise of the ${wait}` }, (expired) => Promise.race([call(), expired]));
    this.#options.vain.delete(wait);
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
  #next(type: string): WalkEntry | undefined {
    for (;;) {
      const entry = this.#log[this.#read];
      if (entry === undefined) return undefined;
      this.#read += 1;
      const before = this.#log[this.#read - 2]?.place;
      if (entry.type === type || entry.place !== before || !this.#isNoise(entry)) return entry;
    }
  }

  /** A line is found stable on the way, wherever a path does not lead there for that; and a server that beats by itself does so when it likes. */
  #isNoise({ type, place }: WalkEntry): boolean {
    if (type.startsWith('xstate.after.stableAfter.')) return true;
    return (
      this.#options.protocol.liveness !== 'ask' &&
      type === 'peer.beat' &&
      this.#options.rules.comesByItself(type, place)
    );
  }

  #reported({ name, from, event: { type } }: ModelStep): Promise<WalkEntry> {
    const wait = this.#numbered(`${name} in ${from}`);
    return this.#patiently({ wait, what: type, advice: adviceOn(type) }, async (expired) => {
      for (;;) {
        const entry = this.#next(type);
        if (entry?.type === type) this.#options.vain.delete(wait);
        if (entry !== undefined) return entry;
        const heard = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        await Promise.race([heard, expired]);
      }
    });
  }

  /** Does what ends by `expired` at the latest. */
  async #patiently<T>({ wait, what, advice = '' }: Wait, work: (expired: Promise<never>) => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const { patience, vain } = this.#options;
    const before = vain.get(wait) ?? [];
    const isHopeless = before.length >= manyWaits;
    // Even then a moment, by which a server that has recovered is found.
    const ms = isHopeless ? patience / 100 : patience;
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (!isHopeless) vain.set(wait, [...before, this.#route.name]);
        const seen = `in ${manyWaits} paths before, for ${patience} ms each, the first being '${before[0]}'`;
        const awaited = isHopeless ? `in vain ${seen}` : `for ${patience} ms in vain`;
        reject(new Error(`${what} was awaited ${awaited}${advice}`));
      }, ms);
    });
    try {
      return await work(expired);
    } finally {
      clearTimeout(timer);
    }
  }

  #numbered(wait: string): string {
    const number = (this.#waits.get(wait) ?? 0) + 1;
    this.#waits.set(wait, number);
    return `${wait}, ${number}`;
  }

  #hear(event: InspectionEvent): void {
    for (const transition of transitionsIn(event)) this.#options.took(transition);
    if (event.type !== '@xstate.snapshot' || event.actorRef !== this.#connection?.actor) return;
    if (event.event.type.startsWith('xstate.init')) return;
    const fact = event.event as Fact;
    this.#noteTime(fact);
    this.#log.push({ type: fact.type, place: placeOf(event.snapshot as ModelSnapshot), detail: this.#detailOf(fact) });
    this.#wake();
  }

  #detailOf(fact: Fact): string {
    if (fact.type === 'socket.lost') return ` (${lossText(fact)})`;
    if (fact.type === 'url.failed') return ` (${fact.reason})`;
    if (fact.type !== 'peer.spoke') return '';
    const last = this.#frames.at(-1);
    return ` (${last === undefined ? 'a ping or a pong' : frameText(last.frame)})`;
  }

  /** Nobody who is told may throw: it is judged with the step. */
  #noteTime(fact: Fact): void {
    const { serverTimes } = this.#options;
    if (serverTimes === undefined) return;
    if (fact.type === 'socket.opened') this.#namedTime = undefined;
    if (fact.type !== 'peer.named' && fact.type !== 'peer.beat') return;
    const { type, serverTime } = fact;
    if (type === 'peer.named') this.#namedTime = serverTime;
    if (serverTime === undefined) return;
    this.#clockFault ??= this.#agedSinceName(serverTime) ?? serverTimes.judge(serverTime);
  }

  #agedSinceName(time: number): string | undefined {
    const named = this.#namedTime;
    if (named === undefined || time >= named - tolerance) return undefined;
    const effect = 'beyond heartbeat.maxAge users would see a warning of the clock, or the line given up as outdated';
    return `the server's answer states the time ${time}, which is ${named - time} ms before ${named}, the time in the name of its visit: ${effect}`;
  }

  #judgeClock(): void {
    if (this.#clockFault !== undefined) throw new Error(this.#clockFault);
  }

  /** What came instead of what was to come; `detail` of a `peer.spoke` shows it. */
  #surprise(type: string, { type: reported, detail }: WalkEntry): Error {
    if (reported !== 'peer.spoke') {
      return new Error(`${type} was to come, and the adapter reported ${reported}${detail}${adviceOn(type)}`);
    }
    const advice =
      type === 'peer.beat'
        ? `; if that was its answer, the protocol ${this.#options.protocol.name} does not take it for one`
        : '';
    return new Error(
      `${type} was to come, and the server said something of its own accord while the model walked${detail}: turn tickers off while the model walks${advice}`,
    );
  }

  /** The same protocol, whose sessions are listened in on. It may be of a class, and frozen. */
  #overheard(protocol: Protocol): Protocol {
    const { name, liveness, subprotocols, needsPing } = protocol;
    return {
      ...protocol,
      name,
      liveness,
      ...(subprotocols !== undefined && { subprotocols }),
      ...(needsPing !== undefined && { needsPing }),
      session: () => {
        const session = protocol.session();
        this.#frames = [];
        return {
          opened: () => session.opened?.(),
          received: (frame) => this.#receive(session, frame),
          ponged: () => session.ponged?.(),
          probe: () => session.probe?.(),
          closed: (code, reason) => session.closed?.(code, reason),
        };
      },
    };
  }

  #receive(session: Session, frame: Frame): Answer | undefined {
    const heard: HeardFrame = { frame, isSwallowed: false };
    this.#frames = [...this.#frames, heard].slice(-mostFrames);
    const answer = session.received?.(frame);
    heard.isSwallowed = answer?.swallow === true;
    return answer;
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
    if (this.#openSockets > most) throw new Error(`${counted(this.#openSockets, 'is')} open in ${this.#place}`);
  }

  /** What has come since the last step came by itself. */
  #judgeRest(): void {
    this.#judgeClock();
    const place = this.#route.steps.at(-1)?.place ?? '';
    const strange = this.#log.slice(this.#read).find(({ type }) => !this.#options.rules.comesByItself(type, place));
    if (strange !== undefined) throw this.#surprise('nothing more', strange);
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
    const alone = `To run this path alone, give your runner its name: node --test-name-pattern='${name}', vitest -t '${name}'`;
    if (this.#connection === undefined) return [`The path could not be begun: ${message}.`, alone].join('\n');
    const told = this.#log.map(({ type, place, detail }) => `${type}${detail} → ${place}`).join(', ') || 'nothing';
    const left = `${this.#openSockets} ${this.#openSockets === 1 ? 'is' : 'are'} still open`;
    return [
      `The connection has left its path: ${message}.`,
      `So far, with the step last at which it went wrong:`,
      ...this.#story,
      `The machine was told, after the dial: ${told}.`,
      ...this.#said(),
      ...this.#warnings.map((warning) => `The connection warned: ${warning}.`),
      `It is in ${this.#place}. ${counted(this.#sockets.length, 'was')} opened, and ${left}.`,
      alone,
      `(if it passes alone, the fault depends on what came before: its last dial was number ${this.#dial} of the model)`,
    ].join('\n');
  }

  #said(): string[] {
    if (this.#frames.length === 0) return ['In this dial the server said nothing.'];
    return [
      'In this dial the server said last:',
      ...this.#frames.map(
        ({ frame, isSwallowed }) =>
          `  ${frameText(frame)}${isSwallowed ? '' : ' (the protocol took it as a message to the app)'}`,
      ),
    ];
  }
}

/** Where a fact does not come. */
function adviceOn(type: string): string {
  if (type !== 'peer.spoke') return '';
  return ': the hand push was called, and no message came; does it reach every client, also after a reconnect?';
}

function counted(sockets: number, verb: 'is' | 'was'): string {
  if (sockets === 1) return `1 socket ${verb}`;
  return `${sockets} sockets ${verb === 'is' ? 'are' : 'were'}`;
}

/** As JSON writes it, but that quotes stay legible. */
function frameText(frame: Frame): string {
  if (typeof frame !== 'string') return `<${frame.byteLength} bytes>`;
  const text = JSON.stringify(frame)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"');
  return text.length > longestFrame ? `${text.slice(0, longestFrame - 1)}…` : text;
}

function lossText({ code, reason, status }: Extract<Fact, { type: 'socket.lost' }>): string {
  if (status !== undefined) return `HTTP ${status}`;
  return reason === '' ? `${code}` : `${code} ${reason}`;
}
