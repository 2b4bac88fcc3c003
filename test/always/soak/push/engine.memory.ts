/** Where the log is in the memory of the nodes: both are in one process, and die with it. */
import type { AppendOptions, Log, Payload, Position } from '../../../../push/index.server.ts';
import { positionIn } from '../../../../push/position.ts';
import { type Opened, pause, type SoakEngine } from './engine.ts';
import type { NodeProcess } from './nodes.ts';

export class MemoryEngine implements SoakEngine {
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

  async pause(): Promise<void> {
    this.#node.pause();
  }

  resume(): void {
    this.#node.resume();
  }

  async stop(): Promise<void> {}
}
