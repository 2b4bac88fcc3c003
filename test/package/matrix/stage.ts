/** What a whole life is led through: the far end of it, a cable, and what it has to have told in the end. */
import { EventEmitter, once } from 'node:events';

import { expect, onTestFinished } from 'vitest';

import { serveHeartbeats } from '../../../adapters/server.ts';
import { listen } from '../../helpers/support.ts';
import { faultProxy } from '../../kit/index.ts';

export const doors = ['connect', 'HeartbeatWebSocket'] as const;

/** Who tells, line by line. */
export interface Teller {
  readonly lines: readonly string[];
  /** The first line that matches, as soon as it is told. */
  line(pattern: RegExp): Promise<unknown>;
}

export interface Stage {
  readonly url: string;
  /** Open, a message, a silent cut, the return, the end. */
  readonly lead: (teller: Teller) => Promise<void>;
}

const life = ['open string', 'message news', 'lost silent', 'restored', 'closed user-closed true'];

/** Gone with the test that asked for it. */
export async function stage(): Promise<Stage> {
  const { server, port } = await listen();
  serveHeartbeats(server);
  const proxy = await faultProxy(port);
  onTestFinished(() => proxy.close());
  return {
    url: `ws://127.0.0.1:${proxy.port}/`,
    async lead(teller) {
      await teller.line(/^open/);
      for (const client of server.clients) client.send('news');
      await teller.line(/^message/);
      proxy.silence();
      await teller.line(/^lost/);
      proxy.heal();
      await teller.line(/^closed/);
      expect(teller.lines.filter((line) => line !== '')).toEqual(life);
    },
  };
}

/** Told from elsewhere, line by line. */
export class Told implements Teller {
  readonly lines: string[] = [];
  readonly #told = new EventEmitter();

  tell(line: string): void {
    this.lines.push(line);
    this.#told.emit('line');
  }

  async line(pattern: RegExp): Promise<void> {
    while (!this.lines.some((line) => pattern.test(line))) await once(this.#told, 'line');
  }
}
