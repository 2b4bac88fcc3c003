/**
 * How a child process speaks with the test that started it: lines of JSON, out through stdout, in through stdin.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Ms on the machine's monotonic clock, which all its processes share. */
export const now = () => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** Written at once: the next thing a child does may be to stop. */
export function say(event, detail = {}) {
  writeSync(1, `${JSON.stringify({ at: now(), event, ...detail })}\n`);
}

/** Hears the commands of the test. Holds the process up. */
export function onCommand(commands) {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { command, ...detail } = JSON.parse(line);
    commands[command](detail);
  });
}

/** How late timers have been at worst since it was last asked, ms: what this machine adds to every limit. */
export function lateness(every = 10) {
  let worst = 0;
  let due = now() + every;
  const timer = setInterval(() => {
    worst = Math.max(worst, now() - due);
    due = now() + every;
  }, every);
  return {
    take() {
      const taken = Math.max(worst, now() - due);
      worst = 0;
      return taken;
    },
    stop: () => clearInterval(timer),
  };
}

/** Keeps the event loop from turning, as a long computation would, but leaves the processor to others. */
export function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
