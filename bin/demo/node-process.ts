/** The process of a node: it is told and tells by its parent's channel, and ends with it. */
import { rmSync } from 'node:fs';

import { logAddress } from '../log.ts';
import { PushServer } from '../push-server.ts';
import type { NodeInput, NodeOrder, NodeReport } from './process-node.ts';

const { name, silence, engine } = JSON.parse(process.argv[2] ?? '') as NodeInput;

// Whoever ends the parent at once leaves the engine behind.
process.on('disconnect', () => {
  try {
    process.kill(engine.pid, 'SIGKILL');
    rmSync(engine.folder, { recursive: true, force: true });
  } finally {
    process.exit(1);
  }
});

const topics = await logAddress(engine.url).open();
let named = 0;
const server = await PushServer.open({
  port: 0,
  silence,
  log: topics.log,
  nextId: () => `client-${name}${(named += 1)}`,
  hear: () => tell({ type: 'clients', clients: server.clients }),
});

process.on('message', (order: NodeOrder) => void obey(order));
tell({ type: 'listening', port: server.port });

async function obey(order: NodeOrder): Promise<void> {
  switch (order.do) {
    case 'behave':
      return server.behave(order.manner);
    case 'push':
      return void server.push(order.text);
    case 'forget':
      return void server.forget();
    case 'restart': {
      const trouble = await server.restart(order.downFor).then(
        () => undefined,
        ({ message }: Error) => message,
      );
      return tell({ type: 'restarted', ...(trouble !== undefined && { trouble }) });
    }
    case 'close':
    default:
      await server.close();
      await topics.close();
      // Not by a channel that closes: see above.
      process.exit(0);
  }
}

function tell(report: NodeReport): void {
  process.send?.(report, () => {});
}
