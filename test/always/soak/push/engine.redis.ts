/** Redis: restarted, wiped, and failed over to a replica that does not have everything. */
import { createClient } from 'redis';

import { redisLog } from '../../../../push/redis.ts';
import { startRedis } from '../../../helpers/engines.ts';
import { type FaultProxy, faultProxy } from '../../../kit/fault-proxy.ts';
import { type Opened, pause, ServerEngine, type SoakEngine } from './engine.ts';

export class RedisEngine extends ServerEngine implements SoakEngine {
  readonly name = 'redis';
  readonly isDense = true;

  static async start(kept: number): Promise<RedisEngine> {
    return new RedisEngine(kept, await startRedis({ persistent: true })).begin();
  }

  readonly losses = {
    ...this.restarts,
    'engine wiped': { weight: 3, happen: () => asked(this.port, ['FLUSHALL']) },
    'engine failed over to an older replica': {
      weight: 3,
      happen: (amount: number, settle: () => Promise<void>) => this.#failOver(amount, settle),
    },
  };

  async open(line?: FaultProxy): Promise<Opened> {
    const client = await connected(line?.port ?? this.port, 500);
    const log = redisLog({ client, messages: this.kept });
    return {
      log,
      async leave() {
        await log.close();
        client.destroy();
      },
    };
  }

  /** What was written after the replica was cut off, is gone. */
  async #failOver(amount: number, settle: () => Promise<void>): Promise<void> {
    const cable = await faultProxy(this.port);
    // By word of mouth: when it is restarted, it is to be a master.
    const replica = await startRedis({ persistent: true });
    await asked(replica.port, ['REPLICAOF', '127.0.0.1', String(cable.port)]);
    while (!(await asked(replica.port, ['INFO', 'replication'])).includes('master_link_status:up')) await pause(20);
    // A master is called otherwise as soon as it has its first replica.
    await settle();
    await pause(200);
    cable.silence();
    await pause(1_500 * amount);
    await asked(replica.port, ['REPLICAOF', 'NO', 'ONE']);
    await this.moveTo(replica);
    await cable.close();
  }
}

async function connected(port: number, latest: number) {
  const reconnectStrategy = (tries: number) => Math.min(20 * 2 ** tries, latest);
  const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy }, pingInterval: 500 });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function asked(port: number, words: string[]): Promise<string> {
  const client = await connected(port, 50);
  try {
    return (await client.sendCommand(words)) as unknown as string;
  } finally {
    client.destroy();
  }
}
