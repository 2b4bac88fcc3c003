/** A node in this process, and on a log that its like share. */
import type { Log } from '../../push/log.ts';
import { PushServer } from '../push-server.ts';
import type { Node, StartNode } from './nodes.ts';

/** @param silence ms after which a client from whom nothing came is cut off */
export function localNodes(log: Log, silence: number): StartNode {
  let clients = 0;
  return async ({ name, changed }): Promise<Node> => {
    const server = await PushServer.open({
      port: 0,
      silence,
      log,
      nextId: () => `client-${name}${(clients += 1)}`,
      hear: changed,
    });
    return {
      pid: undefined,
      get port() {
        return server.port;
      },
      get clients() {
        return server.clients;
      },
      behave: (manner) => server.behave(manner),
      push: (text) => server.push(text),
      forget: () => void server.forget(),
      restart: (downFor) => server.restart(downFor),
      kill: () => server.vanish(),
      close: () => server.close(),
    };
  };
}
