/**
 * An engine, as the soak uses it: a real one, behind a line of its own for everybody who uses it, and all that can make it lose what it has. Whoever asks for that, waits for
 * it; one thing at a time.
 */
import type { Log } from '../../../../push/index.server.ts';
import { type Engine, freePort } from '../../../helpers/engines.ts';
import { type FaultProxy, faultProxy } from '../../../kit/fault-proxy.ts';

export type EngineName = 'memory' | 'redis' | 'nats';

/** A log, and what it takes to be done with it. */
export interface Opened {
  readonly log: Log;
  readonly leave: () => Promise<unknown>;
}

/** What may become of an engine, by which all positions are of another life. */
export interface Loss {
  readonly weight: number;
  /** Resolves when it is over. @param amount 0 ≤ x < 1 @param settle to be awaited where another life has begun, and more follow */
  happen(amount: number, settle: () => Promise<void>): Promise<unknown>;
}

export interface SoakEngine {
  readonly name: EngineName;
  /** True: there is no hole in the numbers of a topic. */
  readonly isDense: boolean;
  /** Of nodes 0 and 1, and of publishers. Where nodes are their own engine, there are none. */
  readonly lines: readonly FaultProxy[];
  readonly losses: Readonly<Record<string, Loss>>;
  /** By a line, or, undefined, without one. */
  open(line?: FaultProxy): Promise<Opened>;
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

/** One that is a process by itself. */
export abstract class ServerEngine {
  /** How many messages of a topic it keeps. */
  protected readonly kept: number;
  #engine: Engine;
  #lines: readonly FaultProxy[] = [];

  constructor(kept: number, engine: Engine) {
    this.kept = kept;
    this.#engine = engine;
  }

  /** It can be reached. */
  async begin(): Promise<this> {
    this.#lines = await Promise.all([0, 1, 2].map(async () => faultProxy(this.#engine.port, await freePort())));
    return this;
  }

  get lines(): readonly FaultProxy[] {
    return this.#lines;
  }

  pause(): Promise<void> {
    return this.#engine.pause();
  }

  resume(): void {
    this.#engine.resume();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.close()));
    await this.#engine.stop();
  }

  protected get port(): number {
    return this.#engine.port;
  }

  protected readonly restarts = {
    'engine killed and restarted': { weight: 3, happen: (amount: number) => this.#restart(amount) },
    'engine killed, its files lost': {
      weight: 2,
      happen: (amount: number) => this.#restart(amount, () => this.#engine.empty()),
    },
  };

  /** All lines lead to another one from now on; under the ports that everybody knows. */
  protected async moveTo(engine: Engine): Promise<void> {
    const old = this.#engine;
    this.#engine = engine;
    const ports = this.#lines.map(({ port }) => port);
    await Promise.all(this.#lines.map((line) => line.close()));
    this.#lines = await Promise.all(ports.map((port) => faultProxy(engine.port, port)));
    await old.stop();
  }

  async #restart(amount: number, meanwhile = () => {}): Promise<void> {
    await this.#engine.kill();
    meanwhile();
    await pause(600 * amount);
    await this.#engine.start();
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
