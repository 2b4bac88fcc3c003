/** A node that is a process of its own, `node-process.ts`, on the log of an engine; both are ended with this process. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { Failure } from '../arguments.ts';
import type { Manner } from '../push-server.ts';
import type { Engine } from './engine.ts';
import type { Node, StartNode } from './nodes.ts';
import { own } from './owned.ts';

/** What a node is told. */
export type NodeOrder =
  | { do: 'behave'; manner: Manner }
  | { do: 'push'; text: string }
  | { do: 'forget' }
  | { do: 'restart'; downFor: number }
  | { do: 'close' };

/** What a node tells. */
export type NodeReport =
  | { type: 'listening'; port: number }
  | { type: 'clients'; clients: number }
  /** `trouble`: it cannot come back. */
  | { type: 'restarted'; trouble?: string };

/** With what it is started. */
export interface NodeInput {
  name: string;
  silence: number;
  /** Of the log, and of whom to end when nobody is there any more who does. */
  engine: Pick<Engine, 'url' | 'pid' | 'folder'>;
}

const file = fileURLToPath(new URL('./node-process.js', import.meta.url));

/** @param silence ms after which a client from whom nothing came is cut off */
export function processNodes({ url, pid, folder }: Engine, silence: number): StartNode {
  return async ({ name, changed, ended }): Promise<Node> => {
    const input: NodeInput = { name, silence, engine: { url, pid, folder } };
    // In a group of its own: ctrl-C is for the demo.
    const child = fork(file, [JSON.stringify(input)], { detached: true, execArgv: [] });
    const disown = own(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    child.on('exit', () => {
      disown();
      ended();
    });
    let clients = 0;
    let restarted: ((trouble?: string) => void) | undefined;
    // One that is gone is told nothing more.
    const tell = (order: NodeOrder) => void child.send(order, () => {});
    const port = await new Promise<number>((resolve, reject) => {
      void exited.then(() => reject(new Failure(`node ${name} does not start`)));
      child.on('message', (report: NodeReport) => {
        if (report.type === 'listening') resolve(report.port);
        else if (report.type === 'restarted') restarted?.(report.trouble);
        else {
          ({ clients } = report);
          changed();
        }
      });
    });
    return {
      port,
      pid: child.pid,
      get clients() {
        return clients;
      },
      behave: (manner) => tell({ do: 'behave', manner }),
      push(text) {
        tell({ do: 'push', text });
        return clients;
      },
      forget: () => tell({ do: 'forget' }),
      async restart(downFor) {
        const trouble = await new Promise<string | undefined>((resolve) => {
          restarted = resolve;
          void exited.then(() => resolve(undefined));
          tell({ do: 'restart', downFor });
        });
        if (trouble !== undefined) throw new Failure(`node ${name}: ${trouble}`);
      },
      async kill() {
        child.kill('SIGKILL');
        await exited;
      },
      async close() {
        tell({ do: 'close' });
        await exited;
      },
    };
  };
}
