/** They publish, and try again with the same id until it is acknowledged. */
import { LogError, type Position, publisher } from '../../../../push/index.server.ts';
import { chance } from '../../../kit/schedule.ts';
import { nameOf } from './ledger.ts';
import { CallError } from './nodes.ts';
import { pickOf } from './plan.ts';
import type { World } from './world.ts';

/** Ms between two messages of a publisher, on average. */
const pace = 25;
/** How long ids are kept, less a little, ms: what takes longer to be acknowledged might be there twice. */
const mostTrying = 110_000;

export type Way = (topic: string, text: string, id: string) => Promise<string>;

export class Publisher {
  readonly name: string;
  readonly #world: World;
  /** One for each try, in turn. */
  readonly #ways: readonly Way[];
  readonly #random: () => number;
  /** Messages to come at once, to one topic. */
  #burst: { topic: string; left: number; size: number } | undefined;
  #isOver = false;
  #running: Promise<void> | undefined;

  constructor(name: string, { world, ways, seed }: { world: World; ways: readonly Way[]; seed: number }) {
    this.name = name;
    this.#world = world;
    this.#ways = ways;
    this.#random = chance(seed);
  }

  burst(topic: string, left: number, size: number): void {
    this.#burst = { topic, left, size };
  }

  /** Resolves when all that it has begun is acknowledged. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  goOn(): void {
    this.#isOver = false;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const burst = this.#burst;
      if (burst !== undefined && burst.left > 0) {
        burst.left -= 1;
        await this.say(burst.topic, burst.size);
      } else {
        await this.say(pickOf(this.#world.topics, this.#random()), this.#random() < 0.95 ? 20 : 4_000);
        await pause(2 * pace * this.#random());
      }
    }
  }

  /** Resolves when it is acknowledged, or undefined: it has given up. @param size of the filler */
  async say(topic: string, size: number): Promise<Position | undefined> {
    const { ledger } = this.#world;
    const publication = ledger.begin(this.name, topic);
    const text = `${nameOf(publication)} ${'x'.repeat(Math.ceil(size))}`;
    const id = `${topic} ${nameOf(publication)}`;
    const since = performance.now();
    let position: Position | undefined;
    while (position === undefined && performance.now() - since < mostTrying) {
      publication.tries += 1;
      const publish = this.#ways[publication.tries % this.#ways.length]!;
      const isSteady = this.#world.steadiness();
      try {
        const cursor = await publish(topic, text, id);
        position = ledger.acknowledged(publication, cursor, isSteady(topic, cursor));
      } catch (error) {
        this.#judge(error);
        ledger.retries += 1;
        await pause(50);
      }
    }
    if (position === undefined) this.#world.complain(`${this.name} has tried "${id}" for too long`);
    return position;
  }

  /** What passes is no answer. */
  #judge(error: unknown): void {
    const code = error instanceof LogError || error instanceof CallError ? error.code : String(error);
    if (code === 'unavailable' || code === 'gone' || code === 'late') return;
    this.#world.complain(`${this.name} has been told: ${code}: ${(error as Error).message}`);
  }
}

/** By a log in this process. */
export function byLog(log: Parameters<typeof publisher>[0]): Way {
  const out = publisher(log);
  return (topic, text, id) => out.publish(topic, text, { id });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
