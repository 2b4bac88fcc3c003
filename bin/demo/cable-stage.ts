/**
 * What the demo is played on, all of it on loopback: two nodes of a push server on one log, what leads to them, a cable that can be pulled in front
 * of that, and a client that dials through the cable and hears a topic of numbers.
 */
import { WebSocket } from 'ws';

import { type Connection, type ConnectOptions, detectionBound } from '../../adapters/index.ts';
import { connectPush, type Topic } from '../../push/index.ts';
import { memoryLog } from '../../push/memory.ts';
import { type FaultProxy, faultProxy } from '../../test/kit/index.ts';
import { logAddress, type OpenedLog } from '../log.ts';
import type { Engine } from './engine.ts';
import { Front } from './front.ts';
import { localNodes } from './local-node.ts';
import { Nodes } from './nodes.ts';
import { processNodes } from './process-node.ts';
import { Ticker } from './ticker.ts';

export interface Stage {
  readonly heartbeat: { interval: number; timeout: number };
  readonly cable: Omit<FaultProxy, 'links' | 'accepted' | 'close'>;
  readonly server: Omit<Nodes, 'close'>;
  readonly ticker: Omit<Ticker, 'stop'>;
  /** The program that keeps the topics, or `memory`. */
  readonly keeper: string;
  /** Close events that the client's sockets have fired so far. */
  readonly closeEvents: number;
  /** Called when clients come and go, and nodes, and when a number is published; the answer undoes it. */
  onChange(listener: () => void): () => void;
  dial(): Client;
  close(): Promise<void>;
}

export interface Client {
  readonly connection: Connection;
  readonly ticks: Topic;
}

/**
 * @param port of the cable; 0: any free one
 * @param inspect hears the machines of all connections that are dialled
 * @param engine keeps the topics, and each node is a process of its own. Default: they are kept in memory, and the nodes are in this process
 */
export async function openStage(
  heartbeat: Stage['heartbeat'],
  port: number,
  inspect?: ConnectOptions['inspect'],
  engine?: Engine,
): Promise<Stage> {
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  let closeEvents = 0;
  class WitnessedWebSocket extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      this.on('close', () => (closeEvents += 1));
    }
  }
  const undo: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const each of undo.splice(0).toReversed()) await each();
  };
  try {
    const { log, ...topics } = await openLog(engine);
    undo.push(() => topics.close());
    const silence = 3 * detectionBound(heartbeat);
    const server = await Nodes.open(engine ? processNodes(engine, silence) : localNodes(log, silence), changed);
    undo.push(() => server.close());
    const front = await Front.open(() => server.portOf(server.current));
    undo.push(() => front.close());
    const cable = await faultProxy(front.port, port);
    undo.push(() => cable.close());
    const ticker = new Ticker(log, changed);
    undo.push(() => ticker.stop());
    return {
      heartbeat,
      cable,
      server,
      ticker,
      keeper: engine?.name ?? 'memory',
      get closeEvents() {
        return closeEvents;
      },
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      dial() {
        const push = connectPush(`ws://127.0.0.1:${cable.port}`, { heartbeat, WebSocket: WitnessedWebSocket, inspect });
        return { connection: push.connection, ticks: push.topic(ticker.topic) };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openLog(engine: Engine | undefined): Promise<Pick<OpenedLog, 'log' | 'close'>> {
  if (engine !== undefined) return logAddress(engine.url).open();
  const log = memoryLog();
  return { log, close: () => log.close() };
}
