/** NATS JetStream, with files: restarted, and its stream deleted. */
import { connect, type NatsConnection } from '@nats-io/transport-node';

import { natsLog } from '../../../../push/nats.ts';
import { startNats } from '../../../helpers/engines.ts';
import type { FaultProxy } from '../../../kit/fault-proxy.ts';
import { type Opened, pause, ServerEngine, type SoakEngine } from './engine.ts';

export class NatsEngine extends ServerEngine implements SoakEngine {
  readonly name = 'nats';
  readonly isDense = false;

  static async start(kept: number): Promise<NatsEngine> {
    return new NatsEngine(kept, await startNats()).begin();
  }

  readonly losses = {
    ...this.restarts,
    'engine wiped': { weight: 4, happen: () => this.#delete() },
  };

  async open(line?: FaultProxy): Promise<Opened> {
    const connection = await this.#connected(line?.port ?? this.port);
    const log = natsLog({ connection, messages: this.kept });
    return {
      log,
      async leave() {
        await log.close();
        await connection.close();
      },
    };
  }

  /** While nobody can make it anew: nats-server 2.9 may take away the files of one that is made while another one of its name is being deleted. */
  async #delete(): Promise<void> {
    const connection = await this.#connected(this.port);
    for (const line of this.lines) line.silence('to-server');
    await pause(50);
    await connection.request('$JS.API.STREAM.DELETE.systole');
    await pause(100);
    for (const line of this.lines) line.silence('none');
    await connection.close();
  }

  #connected(port: number): Promise<NatsConnection> {
    return connect({
      servers: `127.0.0.1:${port}`,
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      pingInterval: 1_000,
      maxPingOut: 2,
    });
  }
}
