/**
 * Many clients that lose their server at once, and come back to one that takes so many a second: when each of them dials, in simulated time, ms by ms. Nothing is
 * in it but their rules of waiting, a queue, and chance; the same seed, the same herd.
 */
import { chance } from '../test/kit/schedule.ts';

/** One client, as far as its dials go. All times in ms since the loss. */
export interface Dialler {
  /** Its line is lost, or its dial has failed: ms until the next one; undefined: it has given up. */
  wait(now: number): number | undefined;
  /** It dials: ms after which it gives this dial up; Infinity: it waits as long as the server likes. */
  dial(now: number): number;
}

export type DiallerOf = (random: () => number) => Dialler;

export interface Herd {
  clients: number;
  dialler: DiallerOf;
  /** Ms for which all dials are refused. */
  away: number;
  /** Then the server takes so many a second, first come, first served. A client that has left its queue costs it nothing. */
  perSecond: number;
  /** So many may be in its queue; beyond them dials are refused at once. */
  room: number;
  /** What is looked at: until this share of all clients is back, or for so many ms. Default 0.99, 600,000. */
  share?: number;
  until?: number;
  /** Ms within which all clients have heard that their line is lost. Default 100. */
  heardWithin?: number;
  /** Ms from a dial to its refusal. Default 50. */
  roundTrip?: number;
  /** Default 1. */
  seed?: number;
  onDial?: (client: number, now: number) => void;
}

export interface Outcome {
  /** Ms from the server's return until the share was back; Infinity: it never was. */
  back: number;
  /** Dials in each 100 ms since the loss. */
  dials: number[];
  /** Clients that have given up. */
  gone: number;
}

export function stampede(herd: Herd): Outcome {
  const { clients, away, perSecond, room, share = 0.99, until = 600_000, heardWithin = 100, roundTrip = 50 } = herd;
  const random = chance(herd.seed ?? 1);
  const diallers = Array.from({ length: clients }, () => herd.dialler(random));
  const [failing, leaving, dialling] = [new Agenda(), new Agenda(), new Agenda()];
  const dials: number[] = [];
  let [left, gone] = [Math.ceil(share * clients), 0];

  const queue = new Queue();
  /** When each client gives up waiting in it; undefined: it is not there. */
  const patience: (number | undefined)[] = [];

  let now = 0;
  const lose = (client: number) => {
    const wait = diallers[client]!.wait(now);
    if (wait === undefined) gone += 1;
    else dialling.add(now + wait, client);
  };
  for (let client = 0; client < clients; client += 1) failing.add(random() * heardWithin, client);
  for (; now <= until; now += 1) {
    for (const client of failing.take(now)) lose(client);
    for (const client of leaving.take(now)) {
      if (patience[client] !== now) continue;
      patience[client] = undefined;
      queue.waiting -= 1;
      lose(client);
    }
    const bin = Math.floor(now / 100);
    for (const client of dialling.take(now)) {
      dials[bin] = (dials[bin] ?? 0) + 1;
      herd.onDial?.(client, now);
      const limit = Math.ceil(diallers[client]!.dial(now));
      if (now < away || queue.waiting >= room) {
        failing.add(now + Math.min(roundTrip, limit), client);
        continue;
      }
      patience[client] = now + limit;
      queue.enter(client, now + limit);
      if (limit < Infinity) leaving.add(now + limit, client);
    }
    const taken = Math.floor(((now + 1) * perSecond) / 1_000) - Math.floor((now * perSecond) / 1_000);
    for (let i = 0; i < taken && queue.waiting > 0; i += 1) {
      patience[queue.take(patience)] = undefined;
      left -= 1;
    }
    if (left <= 0) return { back: now - away, dials, gone };
  }
  return { back: Infinity, dials, gone };
}

/** The most dials in so many ms, a multiple of 100, of those that begin with `since` or later. */
export function peakOf(dials: readonly number[], window: number, since = 0): number {
  const sums = Array.from({ length: dials.length }, (_, i) =>
    sumOf(dials.slice(Math.max(i, since / 100), Math.max(i, since / 100) + window / 100)),
  );
  return Math.max(...sums);
}

export function sumOf(dials: readonly (number | undefined)[]): number {
  let sum = 0;
  for (let i = 0; i < dials.length; i += 1) sum += dials[i] ?? 0;
  return sum;
}

/** Whose turn it is at which ms. */
class Agenda {
  readonly #turns: (number[] | undefined)[] = [];

  add(at: number, client: number): void {
    (this.#turns[Math.ceil(at)] ??= []).push(client);
  }

  take(now: number): readonly number[] {
    const clients = this.#turns[now] ?? [];
    this.#turns[now] = undefined;
    return clients;
  }
}

class Queue {
  waiting = 0;
  #places: { client: number; until: number }[] = [];
  #first = 0;

  enter(client: number, until: number): void {
    this.#places.push({ client, until });
    this.waiting += 1;
  }

  /** The first one that is still there. @param patience until when each client waits */
  take(patience: readonly (number | undefined)[]): number {
    for (;;) {
      const { client, until } = this.#places[this.#first]!;
      this.#first += 1;
      if (patience[client] !== until) continue;
      this.waiting -= 1;
      return client;
    }
  }
}
