/**
 * The engines, as the soak uses them: real ones, each behind a line of its own for everybody who uses it, and all that can make one lose what it has. Whoever asks for
 * that, waits for it; one thing at a time.
 */
import { createClient } from 'redis';

import { type AppendOptions, type Log, type Payload, type Position, publisher } from '../../../../push/index.server.ts';
import { positionIn } from '../../../../push/position.ts';
import { redisLog } from '../../../../push/redis.ts';
import { type Engine, freePort, startRedis } from '../../../helpers/engines.ts';
import { type FaultProxy, faultProxy } from '../../../kit/fault-proxy.ts';
import type { NodeProcess } from './nodes.ts';

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
  /** Of nodes 0 and 1, and of publishers. Where there is no process, there are none. */
  readonly lines: readonly FaultProxy[];
  readonly losses: Readonly<Record<string, Loss>>;
  /** By a line, or, undefined, without one. */
  open(line?: FaultProxy): Promise<Opened>;
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Lines to an engine that may move. */
const lineCount = 3;

export async function startEngine(name: Exclude<EngineName, 'memory'>, kept: number): Promise<SoakEngine> {
  return name === 'redis' ? SoakRedis.start(kept) : Promise.reject(new Error('not yet'));
}

/** Where the log is in the memory of the nodes. */
export class SoakMemory implements SoakEngine {
  readonly name = 'memory';
  readonly isDense = true;
  readonly lines = [];
  readonly #node: NodeProcess;

  constructor(node: NodeProcess) {
    this.#node = node;
  }

  readonly losses = {
    'nodes killed, and their memory with them': {
      weight: 4,
      happen: async (amount: number) => {
        await this.#node.kill();
        await pause(600 * amount);
        await this.#node.start();
      },
    },
  };

  /** What is asked of it, a node is asked. */
  async open(): Promise<Opened> {
    const call = async (name: string, ...given: unknown[]) =>
      positionIn(await this.#node.call(name, ...given)) as Position;
    const log = {
      append: (topic: string, data: Payload, { id }: AppendOptions = {}) => call('publish', topic, data, id),
      head: (topic: string) => call('position', topic),
    } as Log;
    return { log, leave: async () => {} };
  }

  pause(): void {
    this.#node.pause();
  }

  resume(): void {
    this.#node.resume();
  }

  async stop(): Promise<void> {}
}

class SoakRedis implements SoakEngine {
  readonly name = 'redis';
  readonly isDense = true;
  readonly #kept: number;
  #redis: Engine;
  #lines: FaultProxy[] = [];

  static async start(kept: number): Promise<SoakRedis> {
    const its = new SoakRedis(kept, await startRedis({ persistent: true }));
    for (let i = 0; i < lineCount; i += 1) its.#lines.push(await faultProxy(its.#redis.port, await freePort()));
    return its;
  }

  private constructor(kept: number, redis: Engine) {
    this.#kept = kept;
    this.#redis = redis;
  }

  get lines(): readonly FaultProxy[] {
    return this.#lines;
  }

  readonly losses = {
    'engine killed and restarted': { weight: 3, happen: (amount: number) => this.#restart(amount) },
    'engine killed, its files lost': {
      weight: 2,
      happen: (amount: number) => this.#restart(amount, () => this.#redis.wipe()),
    },
    'engine wiped': { weight: 3, happen: () => asked(this.#redis.port, ['FLUSHALL']) },
    'engine failed over to an older replica': {
      weight: 3,
      happen: (amount: number, settle: () => Promise<void>) => this.#failOver(amount, settle),
    },
  };

  async open(line?: FaultProxy): Promise<Opened> {
    const client = createClient({
      socket: {
        host: '127.0.0.1',
        port: line?.port ?? this.#redis.port,
        reconnectStrategy: (tries) => Math.min(20 * 2 ** tries, 500),
      },
      pingInterval: 500,
    });
    client.on('error', () => {});
    await client.connect();
    const log = redisLog({ client, messages: this.#kept });
    return {
      log,
      async leave() {
        await log.close();
        client.destroy();
      },
    };
  }

  pause(): void {
    this.#redis.pause();
  }

  resume(): void {
    this.#redis.resume();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.close()));
    await this.#redis.stop();
  }

  async #restart(amount: number, meanwhile = () => {}): Promise<void> {
    await this.#redis.kill();
    meanwhile();
    await pause(600 * amount);
    await this.#redis.start();
  }

  /** What was written after the replica was cut off, is gone. */
  async #failOver(amount: number, settle: () => Promise<void>): Promise<void> {
    const old = this.#redis;
    const cable = await faultProxy(old.port);
    // By word of mouth: when it is restarted, it is to be a master.
    const replica = await startRedis({ persistent: true });
    await asked(replica.port, ['REPLICAOF', '127.0.0.1', String(cable.port)]);
    for (;;) {
      const said = String(await asked(replica.port, ['INFO', 'replication']));
      if (said.includes('master_link_status:up')) break;
      await pause(20);
    }
    // A master is called otherwise as soon as it has its first replica.
    await settle();
    await pause(200);
    cable.silence();
    await pause(1_500 * amount);
    await asked(replica.port, ['REPLICAOF', 'NO', 'ONE']);
    this.#redis = replica;
    // They are there again under the ports that everybody knows.
    const ports = this.#lines.map(({ port }) => port);
    await Promise.all(this.#lines.map((line) => line.close()));
    this.#lines = await Promise.all(ports.map((port) => faultProxy(replica.port, port)));
    await cable.close();
    await old.stop();
  }
}

async function asked(port: number, words: string[]): Promise<unknown> {
  const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: 50 } });
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Where each topic is now, by the engine itself. It is asked until it answers. */
export async function positionsOf(open: () => Promise<Opened>, topics: readonly string[]): Promise<string[]> {
  const { log, leave } = await open();
  try {
    const out = publisher(log);
    const positions: string[] = [];
    for (const topic of topics) positions.push(await eventually(() => out.position(topic)));
    return positions;
  } finally {
    await leave();
  }
}

async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch {
      await pause(50);
    }
  }
}
