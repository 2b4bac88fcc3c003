/** A process of the example's own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Ms until who was asked to end is not asked any more. */
const patience = 5_000;

/**
 * @param {string[]} args of Node
 * @param {{ cwd: string, env?: Record<string, string>, says?: (line: string) => void }} options `says` hears each line; default prints it
 */
export function child(args, { cwd, env = {}, says = console.log }) {
  const started = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: started.stdout }).on('line', says);
  const ended = once(started, 'close');
  return {
    ended,
    async close() {
      const timer = setTimeout(() => started.kill('SIGKILL'), patience);
      started.kill('SIGINT');
      await ended;
      clearTimeout(timer);
    },
  };
}
