import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Start } from '../library.ts';

const script = fileURLToPath(new URL('colyseus.child.mjs', import.meta.url));

/** A process of its own: there is one matchmaker in each, and it takes its time to leave. */
export const start: Start = async (...wanted) => {
  const child = fork(script, wanted.map(String), { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [port] = (await once(child, 'message')) as [number];
  return {
    port,
    tell: (news) => child.connected && child.send(news),
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
};
