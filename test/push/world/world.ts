/**
 * Two hubs on one engine, and clients that come and go: real ones, with nothing between them but queues. Nothing moves by itself: whoever plays says what happens
 * next, one thing after the other, so that every order in which things can happen can be tried.
 */
import { setImmediate as turn } from 'node:timers/promises';

import type { Session } from '../../../adapters/protocols/protocol.ts';
import { PushDialect } from '../../../push/dialect.ts';
import type { Guest, Permission } from '../../../push/guest.ts';
import { Hub } from '../../../push/hub.ts';
import type { Outlet } from '../../../push/peer.ts';
import { type Position, positionIn } from '../../../push/position.ts';
import { Records } from '../../../push/store.ts';
import { Topic } from '../../../push/topic.ts';
import { steppedClock } from '../../kit/clock.ts';
import { Engine, Link } from './engine.ts';

/** What happened, in order. Places count the messages of a topic in all lives of the engine. */
export type Event =
  | { type: 'did'; what: string }
  | { type: 'published'; topic: string; place: number }
  | { type: 'began'; who: string; place: number; position: Position; life: number }
  | { type: 'heard'; who: string; place: number; text: string }
  | {
      type: 'gap';
      who: string;
      place: number;
      position: Position;
      /** Of the engine. */
      life: number;
      reason: string;
      missed: number | undefined;
    }
  | { type: 'cursor'; who: string; position: Position }
  | { type: 'loading' | 'loaded'; who: string }
  | { type: 'waiting'; bytes: number; most: number }
  /** A server has sent it. `published`: how many of the topic there were when the line came; `now`: how many there are. */
  | { type: 'sent'; line: number; who: 'client' | 'liar' | 'stranger'; frame: string; published: number; now: number };

export interface WorldOptions {
  readonly topics: readonly string[];
  readonly clients: number;
  /** How many messages of a topic are kept by the engine, and by a hub. */
  readonly kept: number;
  readonly recent: number;
  /** Bytes that may wait for a client. */
  readonly unsent: number;
  /** What else can happen than that messages are published, carried and answered. */
  readonly wipes: boolean;
  readonly kills: boolean;
  readonly loads: boolean;
  readonly slow: boolean;
  readonly reloads: boolean;
  /** Times at which a client may be cut off. */
  readonly cuts: number;
  readonly publishes: number;
  /** Publishing is tried again, though it had worked. */
  readonly retries: boolean;
  /** What is published may be missed by a hub, and nobody tells it. */
  readonly silent: boolean;
  /** Heads are compared now and then. */
  readonly checks: boolean;
  /** Lines come that ask for what they never heard, or may not hear. */
  readonly forgers: boolean;
  /** What a hub asked of the engine is found, and arrives later, or never. */
  readonly late: boolean;
}

export const small: WorldOptions = {
  topics: ['t'],
  clients: 1,
  kept: 3,
  recent: 2,
  unsent: 1_000,
  wipes: true,
  kills: false,
  loads: false,
  slow: false,
  reloads: false,
  cuts: 2,
  publishes: 3,
  retries: false,
  silent: false,
  checks: true,
  forgers: false,
  late: false,
};

export interface Action {
  readonly name: string;
  readonly run: () => unknown;
}

interface Line {
  readonly client: VirtualClient;
  readonly session: Session;
  readonly guest: Guest<string>;
  /** On their way. */
  readonly up: string[];
  readonly down: { readonly frame: Uint8Array; readonly left: (() => void) | undefined }[];
  /** What was sent, and waits in the server. */
  readonly buffer: { readonly frame: Uint8Array; readonly left: (() => void) | undefined }[];
  readonly node: Node;
  /** The client has left it, or the server has. */
  isLeft: boolean;
  isGone: boolean;
}

interface Node {
  readonly name: string;
  hub: Hub<string>;
  link: Link;
}

class VirtualClient {
  readonly name: string;
  readonly store = new Map<string, string>();
  dialect!: PushDialect;
  topics: Topic[] = [];
  line: Line | undefined;
  lives = 0;

  constructor(name: string) {
    this.name = name;
  }
}

const decoder = new TextDecoder();
/** Of a message, in bytes. */
const messageSize = 60;

export class World {
  readonly events: Event[] = [];
  readonly engine: Engine;
  readonly options: WorldOptions;
  readonly #clock = steppedClock();
  readonly #nodes: Node[];
  readonly #clients: VirtualClient[];
  readonly #lines = new Set<Line>();
  #published = 0;
  #last: [topic: string, text: string, id: string] | undefined;
  #forged = 0;
  #numbered = 0;
  #cuts = 0;
  /** Loads under way. */
  readonly #loads: { readonly what: string; readonly end: () => void }[] = [];

  private constructor(options: WorldOptions, engine: Engine) {
    this.options = options;
    this.engine = engine;
    this.#nodes = ['A', 'B'].map((name) => this.#nodeNamed(name));
    this.#clients = Array.from({ length: options.clients }, (_, i) => new VirtualClient(`client ${i + 1}`));
    for (const client of this.#clients) this.#live(client);
  }

  static async begin(options: WorldOptions): Promise<World> {
    return new World(options, await Engine.start(options.kept));
  }

  /** What can happen next. */
  get actions(): Action[] {
    const { options } = this;
    const actions: Action[] = [];
    const can = (name: string, run: () => unknown) => void actions.push({ name, run });
    if (this.#published < options.publishes) {
      for (const topic of options.topics) can(`publish to ${topic}`, () => this.publish(topic));
    }
    for (const { link, name } of this.#nodes) {
      const [asked] = link.asked;
      if (asked) can(`answer ${name}: ${asked.what}`, () => asked.answer());
      if (asked && options.late && !asked.isFound) can(`find for ${name}: ${asked.what}`, () => asked.find());
      if (asked && options.late) can(`fail ${name}: ${asked.what}`, () => asked.fail());
      if (link.published.length > 0) can(`${name} hears`, () => link.hear());
      if (link.published.length > 0) can(`${name} misses, and is told`, () => link.reset());
      if (link.published.length > 0 && options.silent) can(`${name} misses in silence`, () => link.miss());
    }
    for (const line of this.#lines) {
      const { client, node } = line;
      if (line.up.length > 0) can(`up from ${client.name} to ${node.name}`, () => this.#carryUp(line));
      if (line.down.length > 0 && !line.isLeft) can(`down to ${client.name}`, () => this.#carryDown(line));
      if (line.buffer.length > 0) can(`${client.name} reads`, () => this.#drain(line));
      if (line.isLeft) can(`${node.name} notices that ${client.name} has left`, () => this.#gone(line));
    }
    for (const client of this.#clients) {
      if (client.line === undefined) {
        for (const node of this.#nodes) can(`${client.name} comes to ${node.name}`, () => this.come(client, node));
      } else if (this.#cuts < options.cuts) {
        can(`${client.name} is cut off`, () => this.#cut(client));
      }
      if (options.reloads && this.#cuts < options.cuts) can(`${client.name} is reloaded`, () => this.#reload(client));
    }
    for (const load of this.#loads) can(load.what, load.end);
    if (options.retries && this.#last) can('publish once more', () => this.engine.append(...this.#last!));
    if (options.forgers && this.#forged < 3) {
      for (const node of this.#nodes) can(`a liar comes to ${node.name}`, () => this.#forge(node, 'liar'));
      for (const node of this.#nodes) can(`a stranger comes to ${node.name}`, () => this.#forge(node, 'stranger'));
    }
    if (options.wipes && this.#cuts < options.cuts) can('the engine is wiped', () => this.#wipe());
    if (options.kills && this.#cuts < options.cuts) {
      for (const node of this.#nodes) can(`kill -9 ${node.name}`, () => this.#kill(node));
    }
    return actions;
  }

  async do({ name, run }: Action): Promise<void> {
    this.events.push({ type: 'did', what: name });
    await run();
    await turn();
    this.#look();
  }

  async publish(topic: string): Promise<void> {
    this.#published += 1;
    const text = `m${this.engine.count(topic) + 1} `.padEnd(messageSize, '.');
    this.#last = [topic, text, `id ${this.#published}`];
    await this.engine.append(...this.#last);
    this.events.push({ type: 'published', topic, place: this.engine.count(topic) });
  }

  /** All is well, for as long as it takes: everybody comes back, everything is carried, and heads are compared. */
  async settle(): Promise<void> {
    this.events.push({ type: 'did', what: 'all is well' });
    for (let round = 0; round < 4; round += 1) {
      for (const client of this.#clients) if (client.line === undefined) this.come(client, this.#nodes[round % 2]!);
      await this.carry();
      this.#clock.advance(20_000);
      await turn();
      await this.carry();
    }
  }

  /** A few steps, by name, where they are possible. */
  async play(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const action = this.actions.find((each) => each.name.startsWith(name));
      if (action === undefined)
        throw new Error(`${name} is not possible, but ${this.actions.map((each) => each.name).join(', ')}`);
      await this.do(action);
    }
  }

  end(): void {
    for (const { hub } of this.#nodes) hub.close();
  }

  /** Everybody has come, and hears everything. */
  async gather(): Promise<void> {
    for (const [i, client] of this.#clients.entries()) this.come(client, this.#nodes[i % 2]!);
    await this.carry();
  }

  come(client: VirtualClient, node: Node): void {
    // Whatever comes with the welcome is written at once.
    const up: string[] = [];
    const session = client.dialect.session({ tell: ({ write = [] }) => void up.push(...(write as string[])) });
    const line: Line = {
      client,
      session,
      node,
      up,
      down: [],
      buffer: [],
      isLeft: false,
      isGone: false,
      guest: node.hub.join(
        this.#outletOf(() => line, 'client'),
        'user',
      ),
    };
    client.line = line;
    this.#lines.add(line);
    const { write = [] } = session.received!(JSON.stringify({ id: 'x', now_time: 1, push: 1 })) ?? {};
    up.push(...(write as string[]));
  }

  /** Everything that is under way arrives. */
  async carry(): Promise<void> {
    for (let i = 0; i < 10_000; i += 1) {
      const next = this.actions.find(({ name }) => /^(?:answer|up|down|. hears|. notices|.* reads$|load)/.test(name));
      if (next === undefined) {
        // Pauses end.
        if (this.#clock.pending.every((due) => due > 1_000)) return;
        this.#clock.advance(1_000);
      } else {
        await next.run();
      }
      await turn();
      this.#look();
    }
    throw new Error('it never rests');
  }

  #nodeNamed(name: string): Node {
    const link = new Link(this.engine);
    return { name, link, hub: this.#hubOn(link) };
  }

  #hubOn(log: Link): Hub<string> {
    const { unsent, recent, checks } = this.options;
    const checkEvery = checks ? 15_000 : 1e9;
    const authorize = (session: string): Permission => (session === 'user' ? true : { history: false });
    return new Hub<string>({
      log,
      authorize,
      unsent,
      recent: { messages: recent, bytes: 1e6 },
      checkEvery,
      clock: this.#clock,
    });
  }

  /** A page, or a process, that begins. */
  #live(client: VirtualClient): void {
    client.lives += 1;
    const records = this.options.reloads ? new Records(client.store, () => {}) : undefined;
    client.dialect = new PushDialect(this.#clock, { messages: 2, bytes: 1_000 }, records);
    client.topics = this.options.topics.map((name) => this.#topic(client, name));
  }

  #topic(client: VirtualClient, name: string): Topic {
    const who = `${client.name}.${client.lives} on ${name}`;
    const load = () =>
      new Promise<void>((resolve) => {
        this.events.push({ type: 'loading', who });
        const loading = {
          what: `load of ${who}`,
          end: () => {
            this.#loads.splice(this.#loads.indexOf(loading), 1);
            if (topic === client.topics.find((each) => each.name === name)) this.events.push({ type: 'loaded', who });
            resolve();
          },
        };
        this.#loads.push(loading);
      });
    const topic = new Topic(name, this.options.loads ? { load } : {}, client.dialect);
    const positionOf = () => positionIn(topic.cursor)!;
    topic.on('message', (data, { at }) => {
      const place = this.engine.placeOf(name, { epoch: positionOf().epoch, at });
      this.events.push({ type: 'heard', who, place, text: (data as string).split(' ')[0]! });
    });
    topic.on('gap', ({ reason, missed }) => {
      const position = positionOf();
      const place = this.engine.placeOf(name, position);
      const life = this.engine.lifeOf(position.epoch);
      this.events.push({ type: 'gap', who, place, position, life, reason, missed });
    });
    return topic;
  }

  /** What can be seen without asking. */
  #look(): void {
    for (const client of this.#clients) {
      for (const topic of client.topics) {
        const position = positionIn(topic.cursor);
        if (position === undefined) continue;
        const who = `${client.name}.${client.lives} on ${topic.name}`;
        const place = this.engine.placeOf(topic.name, position);
        if (!this.events.some((event) => event.type === 'began' && event.who === who)) {
          this.#begun(client, topic.name, who, place, position);
        }
        this.events.push({ type: 'cursor', who, position });
      }
    }
    for (const { buffer } of this.#lines) {
      const bytes = buffer.reduce((sum, { frame }) => sum + frame.length, 0);
      this.events.push({ type: 'waiting', bytes, most: this.options.unsent });
    }
  }

  #begun(client: VirtualClient, topic: string, who: string, place: number, position: Position): void {
    // A life that goes on from a cursor has begun where that was; else where it is first seen, before anything was heard.
    const at = this.events.findIndex((event) => 'who' in event && event.who === who);
    const before =
      client.lives > 1 && this.options.reloads
        ? this.#endOf(`${client.name}.${client.lives - 1} on ${topic}`)
        : undefined;
    const heard = this.events.filter((event) => event.type === 'heard' && event.who === who).length;
    const began = before ?? place - heard;
    this.events.splice(at < 0 ? this.events.length : at, 0, {
      type: 'began',
      who,
      place: began,
      position,
      life: this.engine.lifeOf(position.epoch),
    });
  }

  /** Where the life before has come to. */
  #endOf(who: string): number | undefined {
    const last = this.events.findLast((event) => 'who' in event && event.who === who && 'place' in event);
    return last && 'place' in last ? last.place : undefined;
  }

  #outletOf(lineOf: () => Line, who: 'client' | 'liar' | 'stranger'): Outlet {
    const { slow } = this.options;
    this.#numbered += 1;
    const number = this.#numbered;
    const published = this.engine.count(this.options.topics[0]!);
    const tell = (frame: Uint8Array) => {
      const now = this.engine.count(this.options.topics[0]!);
      this.events.push({ type: 'sent', line: number, who, frame: decoder.decode(frame), published, now });
    };
    return {
      get bufferedAmount() {
        return who === 'client' ? lineOf().buffer.reduce((sum, { frame }) => sum + frame.length, 0) : 0;
      },
      send(frame, _, left) {
        tell(frame);
        if (who !== 'client') return;
        const line = lineOf();
        if (line.isGone) return;
        if (slow) line.buffer.push({ frame, left });
        else line.down.push({ frame, left });
        if (!slow) left?.();
      },
      close: () => this.#gone(lineOf()),
      terminate: () => this.#gone(lineOf()),
    };
  }

  #drain(line: Line): void {
    const [first] = line.buffer.splice(0, 1);
    if (!line.isLeft) line.down.push(first!);
    first!.left?.();
  }

  #carryUp(line: Line): void {
    const frame = line.up.shift()!;
    if (!line.isGone) line.guest.received(frame);
  }

  #carryDown(line: Line): void {
    line.session.received!(decoder.decode(line.down.shift()!.frame));
  }

  #cut({ line }: VirtualClient): void {
    this.#cuts += 1;
    this.#leave(line!);
  }

  #leave(line: Line): void {
    line.isLeft = true;
    line.down.length = 0;
    line.client.line = undefined;
    line.session.ended!(this.#clock.now());
  }

  #gone(line: Line): void {
    line.isGone = true;
    line.up.length = 0;
    line.guest.left();
    this.#lines.delete(line);
    if (!line.isLeft) this.#leave(line);
  }

  #reload(client: VirtualClient): void {
    this.#cuts += 1;
    for (const topic of client.topics) topic.close();
    if (client.line) this.#leave(client.line);
    this.#live(client);
  }

  /** Who has never been here. `liar`: says to have heard more than there is. `stranger`: asks for all there was, and may not hear it. */
  async #forge({ hub }: Node, who: 'liar' | 'stranger'): Promise<void> {
    this.#forged += 1;
    const [topic] = this.options.topics;
    const { epoch, at } = await this.engine.log.head(topic!);
    const cursor = `${epoch}.${who === 'liar' ? at + 2 : 0}`;
    const none = (): never => {
      throw new Error('it has no line');
    };
    const session = who === 'liar' ? 'user' : 'stranger';
    // Its line takes everything at once.
    hub.join(this.#outletOf(none, who), session).received(`~s [["${topic}","${cursor}",0]]`);
  }

  #wipe(): Promise<void> {
    this.#cuts += 1;
    // What the engine has forgotten is published anew.
    this.#last = undefined;
    return this.engine.wipe();
  }

  #kill(node: Node): void {
    this.#cuts += 1;
    node.link.cut();
    for (const line of [...this.#lines].filter((each) => each.node === node)) this.#gone(line);
    node.hub.close();
    node.link = new Link(this.engine);
    node.hub = this.#hubOn(node.link);
  }
}
