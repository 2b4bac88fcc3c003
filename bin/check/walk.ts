/** The paths of the machine, walked by a real connection of ours to the server that is examined, through a fault proxy. */
import { WebSocket } from 'ws';

import type { Protocol } from '../../adapters/protocols/protocol.ts';
import { connectionModel, faultProxy } from '../../test/kit/index.ts';
import { connectedTo, frameIn, type Stand } from './stand.ts';

export interface Walked {
  readonly all: number;
  readonly passed: number;
  /** Connections that it took. */
  readonly connections: number;
  /** The story of the first that failed, and failed again. */
  readonly failure?: string;
}

/** @param time ms after which no other path is begun */
export async function walk(
  stand: Stand,
  time: number,
  progress: (done: number, all: number) => void,
): Promise<Walked | undefined> {
  const { protocol, subprotocols, signal } = stand;
  if (protocol.liveness !== 'ask') return undefined;
  const proxy = await faultProxy(stand.target);
  try {
    const model = connectionModel({
      url: stand.url,
      protocol,
      protocols: [...subprotocols],
      WebSocket: undistracted(stand, proxy.port),
      cut: () => proxy.silence(),
      heal: () => proxy.heal(),
      drop: () => proxy.reset(),
      stop: () => proxy.refuse(),
      start: () => proxy.heal(),
    });
    const until = stand.now() + time;
    const { length: all } = model.paths;
    let passed = 0;
    for (const path of model.paths) {
      if (stand.now() > until || signal.aborted) break;
      if (passed % 25 === 0) progress(passed + 1, all);
      try {
        // Another time, where a machine that stood still has made a path fail.
        await path.run().catch(() => path.run());
      } catch (error) {
        return { all, passed, connections: proxy.accepted, failure: (error as Error).message };
      }
      passed += 1;
    }
    return { all, passed, connections: proxy.accepted };
  } finally {
    await proxy.close();
  }
}

/** npm `ws`, through the proxy; what a server says of its own accord does not arrive: it is life, and at any moment, and the paths have none of it. */
function undistracted({ url, upgrade, protocol }: Stand, port: number): typeof WebSocket {
  return class extends WebSocket {
    readonly #means = meaningIn(protocol);

    constructor(address: string | URL, protocols?: string[], options?: object) {
      super(address, protocols, { ...options, ...upgrade, createConnection: connectedTo(port, url) });
    }

    override emit(event: string | symbol, ...args: unknown[]): boolean {
      if (event === 'ping') return false;
      if (event === 'message' && !this.#means(args[0] as Buffer, args[1] as boolean)) return false;
      return super.emit(event, ...args);
    }
  } as unknown as typeof WebSocket;
}

/** Whether a frame means something to the dialect. */
function meaningIn(protocol: Protocol): (data: Buffer, isBinary: boolean) => boolean {
  const session = protocol.session();
  let isNamed = session.opened?.()?.named !== undefined;
  return (data, isBinary) => {
    const frame = frameIn(data, isBinary);
    // Nobody is asked here, but what is an answer is known only by who waits for one.
    if (isNamed) session.probe?.();
    const answer = session.received?.(frame);
    isNamed ||= answer?.named !== undefined;
    return answer !== undefined;
  };
}
