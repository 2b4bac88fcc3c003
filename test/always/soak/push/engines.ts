import { publisher } from '../../../../push/index.server.ts';
import { NatsEngine } from './engine.nats.ts';
import { RedisEngine } from './engine.redis.ts';
import { type EngineName, type Opened, pause, type SoakEngine } from './engine.ts';

/** @param kept how many messages of a topic */
export function startEngine(name: Exclude<EngineName, 'memory'>, kept: number): Promise<SoakEngine> {
  return name === 'redis' ? RedisEngine.start(kept) : NatsEngine.start(kept);
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
