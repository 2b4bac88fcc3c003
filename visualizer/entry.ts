/**
 * What is known of a machine at work, one thing after another: what the bridge tells, what the page shows, and what a recording holds (one line of
 * JSON each). All of it is plain JSON, already without secrets, and in the terms of XState 4, which `@xstate/inspect` speaks.
 */
import type { Amount } from '../adapters/buffer.ts';

export type Entry = Registered | Happened | Changed | Counted | Stopped;

interface Told {
  /** Epoch ms. */
  at: number;
  /** Which machine; unique among all that a source tells of. */
  session: string;
  /** Counts what is told of a machine, from 0: a page that is told twice knows it, and knows what it was not told. Other inspectors do not count. */
  seq?: number;
}

/** A machine is there. */
export interface Registered extends Told {
  type: 'registered';
  /** What people call it. */
  name: string;
  parent?: string;
  definition: Definition;
  value: StateValue;
  context: unknown;
}

/** It was told something; what it did with it is in the `changed` that follows. */
export interface Happened extends Told {
  type: 'event';
  event: { type: string; [field: string]: unknown };
}

/** It was somewhere else, or knows something else. */
export interface Changed extends Told {
  type: 'changed';
  value: StateValue;
  context: unknown;
  /**
   * Delays that now run, by the type of the event that ends them, such as `xstate.after(backoff)#connection.reconnecting`: for how long, ms, and since
   * when, epoch ms. One that is armed anew begins anew.
   */
  delays?: Record<string, Delay>;
  done: boolean;
}

/** What passed by a connection's machine, since the beginning; told a few times a second where it has changed. */
export interface Counted extends Told {
  type: 'counted';
  sent: Amount;
  received: Amount;
  /** Waiting here, of at most `room`. `null` bytes or messages: unbounded. */
  held: Amount;
  room: { messages: number | null; bytes: number | null };
  unconfirmed: Amount;
  /** When the last frame came, epoch ms. */
  heardAt?: number;
  /** Of trusted push: what is heard of each topic. */
  topics?: TopicTold[];
}

export interface TopicTold {
  /** A plain word as it is, else how long it is. */
  name: string;
  /** `asking`: what comes next is not known. `behind`: what was missed comes. `live`: there is nothing else. `loading`: its state is being fetched. */
  state: 'asking' | 'behind' | 'live' | 'loading';
  /** The place of the newest message that was delivered; null: it has not begun. */
  at: number | null;
  /** Of the last return, or of the one under way: messages that were missed, and came. */
  caughtUp: number;
  /** Of the same return: messages that are known to be lost; null: some may be, and nobody knows how many. */
  lost: number | null;
  /** Gaps since the beginning. */
  gaps: number;
}

/** It is done, or was stopped. */
export interface Stopped extends Told {
  type: 'stopped';
  output?: unknown;
}

export interface Delay {
  ms: number;
  since: number;
}

export type StateValue = string | { [state: string]: StateValue };

/** `machine.definition` of XState 4: of the root, and of each state in it. */
export interface Definition {
  id: string;
  key: string;
  type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** The key of the child that is entered first. */
  initial?: string;
  /** By key. */
  states: Record<string, Definition>;
  /** `''` for those that are taken at once; `xstate.after(DELAY)#ID` for those that time takes. */
  transitions: Transition[];
  entry: Action[];
  exit: Action[];
  invoke: { id: string; src: string }[];
  tags?: string[];
  /** Of a history state: how much it remembers. */
  history?: 'shallow' | 'deep';
}

export interface Transition {
  eventType: string;
  source: string;
  /** Ids as `#connection.socket.alive`; empty: it stays where it is. */
  target: string[];
  cond?: { name: string };
  actions: Action[];
  internal: boolean;
}

export interface Action {
  type: string;
}
