/**
 * What the tests of a connection look at: everything it says, and every WebSocket it makes.
 */
import { expect } from 'vitest';

import {
  connect,
  type Connection,
  type ConnectionEvents,
  type ConnectOptions,
  eventTypes,
} from '../../adapters/connect.ts';
import type { WebSocketClass, WebSocketLike } from '../../adapters/web-socket.ts';
import type { CloseInfo, State } from '../../machines/events.ts';

export type Heard = {
  [T in keyof ConnectionEvents]: { type: T; at: number; detail: ConnectionEvents[T] };
}[keyof ConnectionEvents];
export type HeardOf<T extends Heard['type']> = Extract<Heard, { type: T }>;

/** A connection and all that it has said, in order, `at` epoch ms. */
export class Watch {
  readonly connection: Connection;
  readonly heard: Heard[] = [];
  #waiting: (() => void)[] = [];

  constructor(url: string, options: ConnectOptions) {
    this.connection = connect(url, options);
    this.heard.push({
      type: 'state',
      at: Date.now(),
      detail: { state: this.connection.state, previous: this.connection.state, cause: undefined },
    });
    for (const type of eventTypes) {
      this.connection.on(type, (detail) => {
        this.heard.push({ type, at: Date.now(), detail } as Heard);
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const look of waiting) look();
      });
    }
  }

  /** The states so far, as a path. */
  get path(): string {
    return this.all('state')
      .map(({ detail: { state } }) => state)
      .join(' - ');
  }

  all<T extends Heard['type']>(type: T): HeardOf<T>[] {
    return this.heard.filter((each): each is HeardOf<T> => each.type === type);
  }

  get messages(): ConnectionEvents['message'][] {
    return this.all('message').map(({ detail }) => detail);
  }

  /** The kinds of what was said, but for the states. */
  get kinds(): string[] {
    return this.heard.map(({ type }) => type).filter((type) => type !== 'state');
  }

  /** Waits for the `count`th of a kind since the beginning. */
  async next<T extends Heard['type']>(type: T, count = 1): Promise<HeardOf<T>> {
    for (;;) {
      const found = this.all(type)[count - 1];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Waits until the connection is in a state, or comes to it. */
  async until(state: State): Promise<void> {
    while (this.connection.state !== state) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** A WebSocket that a connection has made. Times in epoch ms. */
export interface Sight {
  readonly socket: WebSocketLike;
  readonly dialledAt: number;
  /** Of the last message. */
  heardAt: number | undefined;
  /** Its `close` events. */
  readonly closes: CloseInfo[];
}

/** A subclass that notes each socket made of it and disturbs none: what it does not listen to stays unheard. */
export function watched(Base: WebSocketClass): { WebSocket: WebSocketClass; sights: Sight[]; mostLive: () => number } {
  const sights: Sight[] = [];
  let mostLive = 0;
  class Watched extends (Base as new (...args: unknown[]) => WebSocketLike & EventTarget) {
    constructor(...args: unknown[]) {
      mostLive = Math.max(mostLive, 1 + sights.filter(isLive).length);
      const dialledAt = Date.now();
      super(...args);
      const sight: Sight = { socket: this, dialledAt, heardAt: undefined, closes: [] };
      sights.push(sight);
      this.addEventListener('message', () => (sight.heardAt = Date.now()));
      this.addEventListener('close', (event) => sight.closes.push(event as CloseEvent));
    }
  }
  return { WebSocket: Watched, sights, mostLive: () => mostLive };
}

/** Connecting or open, with somebody who listens. */
function isLive({ socket }: Sight): boolean {
  return socket.readyState <= 1 && socket.onmessage !== null;
}

/** The worst delay of a timer from now on, ms: what a measured time may be late by on a busy machine. */
export function lateness(): { worst(): number; stop(): void } {
  const pace = 5;
  let worst = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    worst = Math.max(worst, now - last - pace);
    last = now;
  };
  const timer = setInterval(look, pace);
  return {
    worst() {
      look();
      return worst;
    },
    stop: () => clearInterval(timer),
  };
}

/** `least ≤ value ≤ most`, and the figure in the message if not. */
export function expectWithin(value: number, least: number, most: number, what: string): void {
  expect(value, `${what}: ${value.toFixed(1)} ms`).toBeGreaterThanOrEqual(least);
  expect(value, `${what}: ${value.toFixed(1)} ms`).toBeLessThanOrEqual(most);
}
