/**
 * The demo's server: two nodes on one log, of which clients are led to one. Either can be killed and brought back; all else befalls both.
 */
import { setImmediate as turn } from 'node:timers/promises';

import { type Manner, wellBehaved } from '../push-server.ts';

export type NodeName = 'A' | 'B';

/** A push server, wherever it runs. */
export interface Node {
  readonly port: number;
  readonly clients: number;
  /** Undefined: it is no process of its own. */
  readonly pid: number | undefined;
  behave(manner: Manner): void;
  /** To every client; answers how many there are. */
  push(text: string): number;
  forget(): void;
  /** Fulfilled when it is there again; rejected when it cannot be. */
  restart(downFor: number): Promise<void>;
  /** Without a word to anybody. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface NodeOptions {
  name: NodeName;
  /** Called when clients come and go. */
  changed: () => void;
  /** Called when it ends, whatever ended it. */
  ended: () => void;
}

export type StartNode = (options: NodeOptions) => Promise<Node>;

/** Messages of a flood between which others get their turn. */
const gush = 100;

export class Nodes {
  readonly #start: StartNode;
  readonly #changed: () => void;
  readonly #nodes = new Map<NodeName, Node>();
  #current: NodeName = 'A';
  #manner = wellBehaved;
  #restarting: Promise<unknown> | undefined;
  #isClosed = false;

  private constructor(start: StartNode, changed: () => void) {
    this.#start = start;
    this.#changed = changed;
  }

  static async open(start: StartNode, changed: () => void): Promise<Nodes> {
    const nodes = new Nodes(start, changed);
    try {
      await Promise.all([nodes.#open('A'), nodes.#open('B')]);
    } catch (error) {
      await nodes.close();
      throw error;
    }
    return nodes;
  }

  /** To which clients are led. */
  get current(): NodeName {
    return this.#current;
  }

  /** Those that are not there. */
  get killed(): NodeName[] {
    return names.filter((name) => !this.#nodes.has(name));
  }

  /** Undefined: it is not there. */
  portOf(name: NodeName): number | undefined {
    return this.#nodes.get(name)?.port;
  }

  /** Undefined: it is not there, or no process of its own. */
  pidOf(name: NodeName): number | undefined {
    return this.#nodes.get(name)?.pid;
  }

  get clients(): number {
    return sum(this.#all.map(({ clients }) => clients));
  }

  get isDown(): boolean {
    return this.#restarting !== undefined;
  }

  /** Ms by which its clock is ahead of this machine's. */
  get skew(): number {
    return this.#manner.skew;
  }

  get isMuted(): boolean {
    return this.#manner.isMuted;
  }

  get isRefusing(): boolean {
    return this.#manner.refused !== undefined;
  }

  /** From now on the time that it tells is `ms` ahead of this machine's; negative: behind. */
  skewClock(skew: number): void {
    this.#behave({ skew });
  }

  mute(): void {
    this.#behave({ isMuted: true });
  }

  unmute(): void {
    this.#behave({ isMuted: false });
  }

  /** @param retryAfter seconds that clients are asked to wait; default: not said */
  refuse(retryAfter?: number): void {
    this.#behave({ refused: retryAfter === undefined ? {} : { retryAfter } });
  }

  accept(): void {
    this.#behave({ refused: undefined });
  }

  /** To every client that is there; answers how many there are. */
  push(text: string): number {
    return sum(this.#all.map((node) => node.push(text)));
  }

  /**
   * Pushes `count` messages, as fast as others on this event loop allow; `text` is given the number of each, from 1. A client that cannot keep up
   * is cut off, as by any push.
   */
  async flood(count: number, text: (number: number) => string): Promise<void> {
    for (let number = 1; number <= count && !this.#isClosed; number += 1) {
      this.push(text(number));
      if (number % gush === 0) await turn();
    }
  }

  /** Ends every connection without a word, as a server does that lost its sessions. */
  forget(): void {
    for (const node of this.#all) node.forget();
  }

  /** Tells every client to go (1012), is away for `downFor` ms, and listens again on the same ports. */
  async restart(downFor: number): Promise<void> {
    this.#restarting ??= Promise.all(this.#all.map((node) => node.restart(downFor))).finally(() => {
      this.#restarting = undefined;
    });
    await this.#restarting;
  }

  /** It goes without a word; from now on clients are led to the other one, if that is there. */
  async kill(name: NodeName): Promise<void> {
    await this.#nodes.get(name)?.kill();
    this.#lose(name);
  }

  /** Brings back one that is gone. Where none was there, clients are led to it. */
  async revive(name: NodeName): Promise<void> {
    if (!this.#nodes.has(name)) await this.#open(name);
    if (!this.#nodes.has(this.#current)) this.#current = name;
    this.#changed();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#all.map((node) => node.close()));
  }

  get #all(): Node[] {
    return [...this.#nodes.values()];
  }

  async #open(name: NodeName): Promise<void> {
    const node = await this.#start({ name, changed: this.#changed, ended: () => this.#lose(name) });
    node.behave(this.#manner);
    this.#nodes.set(name, node);
  }

  #lose(name: NodeName): void {
    if (!this.#nodes.delete(name)) return;
    const other = otherThan(name);
    if (this.#current === name && this.#nodes.has(other)) this.#current = other;
    this.#changed();
  }

  #behave(change: Partial<Manner>): void {
    this.#manner = { ...this.#manner, ...change };
    for (const node of this.#all) node.behave(this.#manner);
  }
}

const names: readonly NodeName[] = ['A', 'B'];

export function otherThan(name: NodeName): NodeName {
  return name === 'A' ? 'B' : 'A';
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
