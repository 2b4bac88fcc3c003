/**
 * `systole demo`: a real cut that fires no event, noticed and mended.
 */
import { detectionBound } from '../adapters/index.ts';
import { milliseconds, noPositionals, parse, port } from './arguments.ts';
import { onInterrupt } from './interrupt.ts';
import { keysHelp, playKeys } from './keys.ts';
import { playScript } from './script.ts';
import { openStage, type Stage } from './stage.ts';
import { duration, type Terminal } from './terminal.ts';

const unhurried = { interval: 3_000, timeout: 2_000 };
const brisk = { interval: 1_000, timeout: 600 };

export const demoHelp = `usage: systole demo [options]

A push server, a cable in front of it, and a client that connects through the
cable; all of it on 127.0.0.1. Keys pull and plug the cable, restart the server,
make it forget the session; every transition of the client is printed.

  --script       play a fixed story instead, without a terminal; the exit code
                 is 0 if each step of it really happened
  --interval MS  from the last beat to the next heartbeat
                 (default ${unhurried.interval}, in the script ${brisk.interval})
  --timeout MS   for the answer, before the line is given up
                 (default ${unhurried.timeout}, in the script ${brisk.timeout})
  --port PORT    where the cable begins (default: any free port); connect to it
                 as well, with systole watch ws://127.0.0.1:PORT`;

export async function demo(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parse(args, {
    script: { type: 'boolean' },
    interval: { type: 'string' },
    timeout: { type: 'string' },
    port: { type: 'string' },
  });
  const { print } = terminal;
  if (values.help) {
    print(demoHelp);
    return 0;
  }
  noPositionals(positionals);
  const isScript = values.script === true || !process.stdin.isTTY;
  const standard = isScript ? brisk : unhurried;
  const heartbeat = {
    interval: milliseconds('interval', values.interval) ?? standard.interval,
    timeout: milliseconds('timeout', values.timeout) ?? standard.timeout,
  };
  const stage = await openStage(heartbeat, port('port', values.port) ?? 0);
  if (isScript && values.script !== true) print('There is no terminal to read keys from, so this is the script.');
  introduce(stage, terminal);
  if (!isScript) return byHand(stage, terminal);
  const happened = await playScript(stage, terminal);
  await stage.close();
  print(happened ? '\nThat is the whole story.' : '\nThe story ended here: a step of it did not happen.');
  return happened ? holdsNothing(terminal) : 1;
}

function introduce({ heartbeat, cable, server }: Stage, { print, paint }: Terminal): void {
  const bound = duration(detectionBound(heartbeat));
  print(`${paint('bold', 'systole demo')}  client ─── cable :${cable.port} ─── server :${server.port}`);
  print(
    paint(
      'dim',
      `a heartbeat every ${duration(heartbeat.interval)}, ${duration(heartbeat.timeout)} to answer: a dead line is given up within ${bound}`,
    ),
  );
}

async function byHand(stage: Stage, terminal: Terminal): Promise<number> {
  const keyboard = process.stdin;
  terminal.print(keysHelp(terminal.paint));
  terminal.print('');
  const restore = () => keyboard.setRawMode(false);
  // Also when something throws.
  process.once('exit', restore);
  const undo = onInterrupt(() => keyboard.emit('data', 'q'));
  keyboard.setRawMode(true);
  try {
    await playKeys(stage, keyboard, terminal);
  } finally {
    restore();
    process.off('exit', restore);
    // A read under way would hold the process.
    keyboard.destroy();
    undo();
    await stage.close();
  }
  return 0;
}

/** A timer that does not hold the process: if it fires, something else does. */
function holdsNothing({ print }: Terminal): number {
  setTimeout(() => {
    print(`but something still holds the process: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit(1);
  }, 5_000).unref();
  return 0;
}
