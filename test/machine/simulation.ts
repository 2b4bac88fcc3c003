/** A world for the machine alone: a clock that is stepped, and a line without a socket. */
import { createActor, fromCallback, type InspectionEvent } from 'xstate';

import { connectionMachine } from '../../machines/connection.ts';
import type { Fact, Line, LivingActor, Obstacle, Order } from '../../machines/events.ts';
import type { PartialSettings } from '../../machines/settings.ts';
import { steppedClock } from '../kit/clock.ts';
import { placeOf } from '../kit/paths.ts';

/** A line whose wall clock can jump, and whose silence and network are as the test says. */
export interface SimulatedLine extends Line {
  jump: number;
  /** By how much the monotonic clock has run on while timers stood still. */
  ahead: number;
  silence: number;
  blocked: Obstacle | undefined;
  /** Those that have begun. */
  readonly actors: LivingActor[];
  /** Its connection is. */
  isOver: boolean;
}

export function simulatedLine(clock: { now(): number }): SimulatedLine {
  return {
    jump: 0,
    ahead: 0,
    silence: 0,
    blocked: undefined,
    now() {
      return clock.now() + this.ahead;
    },
    wallTime() {
      return clock.now() + this.jump;
    },
    random: () => 0.5,
    silentFor() {
      return this.silence;
    },
    obstacle() {
      return this.blocked;
    },
    isOver: false,
    actors: [],
    begin(actor) {
      this.actors.push(actor);
      actor.subscribe({ complete: () => void (this.isOver = true), error: () => {} });
    },
  };
}

/** The machine with a socket that does nothing but tell what was asked of it. */
export class LoneMachine {
  /** What the machine did: `dial` and `cut` of the socket, `→` orders to it, `!` reports, `⏱` timers armed, in ms. */
  readonly did: string[] = [];
  readonly orders: Order[] = [];
  /** When each dial left, by its clock. */
  readonly dials: number[] = [];
  readonly clock = steppedClock((ms) => this.did.push(`⏱${ms}`));
  readonly line = simulatedLine(this.clock);
  readonly actor;

  constructor(settings: PartialSettings = {}, inspect?: (event: InspectionEvent) => void) {
    const socket = fromCallback<Order, Line, Fact>(({ input, receive }) => {
      this.dials.push(this.clock.now());
      this.did.push(input === this.line ? 'dial' : 'dial of another line');
      receive((order) => {
        this.orders.push(order);
        this.did.push(`→${order.type}${order.type === 'probe' && order.again ? ' again' : ''}`);
      });
      return () => void this.did.push('cut');
    });
    const machine = connectionMachine.provide({ actors: { socket } });
    this.actor = createActor(machine, {
      input: { line: this.line, ...settings },
      clock: this.clock,
      ...(inspect && { inspect }),
    });
    this.actor.on('*', (report) => {
      const cause = 'cause' in report ? ` ${report.cause} ${report.nextDialIn ?? 'never'}` : '';
      this.did.push(`!${report.type}${cause}`);
    });
    this.actor.start();
  }

  get place(): string {
    return placeOf(this.actor.getSnapshot());
  }

  tell(...facts: Fact[]): this {
    // A closed actor is done, and XState warns of everything it is told.
    if (this.actor.getSnapshot().status === 'active') for (const fact of facts) this.actor.send(fact);
    return this;
  }

  /** Lets time pass until the machine is somewhere else. */
  wait(): this {
    const { place } = this;
    const until = this.clock.now() + 7_200_000;
    while (this.place === place && this.clock.now() < until && this.clock.step());
    return this;
  }
}
