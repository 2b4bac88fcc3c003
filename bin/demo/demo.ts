/**
 * `systole demo`: a real cut that fires no event, noticed and mended, and what was published meanwhile is heard.
 */
import { detectionBound } from '../../adapters/index.ts';
import { askedBy, milliseconds, noPositionals, parse, port } from '../arguments.ts';
import { openInBrowser } from '../browser.ts';
import { type RunningInspection, openInspection } from '../inspection.ts';
import { interrupts, onInterrupt } from '../interrupt.ts';
import { type Files, PageServer, readFiles } from '../page.ts';
import { duration, type Terminal } from '../terminal.ts';
import { openStage, type Stage } from './cable-stage.ts';
import { Control } from './control-server.ts';
import { type Engine, startEngine } from './engine.ts';
import { keysHelp, playKeys } from './keys.ts';
import { exitOn } from './owned.ts';
import { playScript } from './script.ts';
import { Stagehand } from './stagehand.ts';

const unhurried = { interval: 3_000, timeout: 2_000 };
const brisk = { interval: 1_000, timeout: 600 };

export const demoHelp = `usage: systole demo [options]

A push server of two nodes, a cable in front of them, and a client that connects
through the cable; all of it on 127.0.0.1. Numbers are published to a topic all
the time, and what the client missed of them is counted. Keys pull and plug the
cable, slow it down, kill the node that the client is on, restart the server,
make it forget, refuse or fall silent; every transition of the client is
printed. A page shows the same, and has the keys as buttons.

Where there is a redis-server (on the PATH, or named by SYSTOLE_REDIS) and the
package redis is installed, the topic is kept in one that the demo starts for
itself, and each node is a process of its own; or else in a nats-server
(SYSTOLE_NATS, @nats-io/transport-node); or else in memory, in one process.

  --script          play a fixed story instead, without a terminal; the exit
                    code is 0 if each step of it really happened
  --interval MS     from the last beat to the next heartbeat
                    (default ${unhurried.interval}, in the script ${brisk.interval})
  --timeout MS      for the answer, before the line is given up
                    (default ${unhurried.timeout}, in the script ${brisk.timeout})
  --port PORT       where the cable begins (default: any free port); connect to
                    it as well, with
                    systole watch ws://127.0.0.1:PORT --topic ticks
  --page-port PORT  where the page is served (default: any free port)
  --no-open         print the address of the page, and do not open it; the
                    script never does`;

export async function demo(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parse(args, {
    script: { type: 'boolean' },
    interval: { type: 'string' },
    timeout: { type: 'string' },
    port: { type: 'string' },
    'page-port': { type: 'string' },
    'no-open': { type: 'boolean' },
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
  const ports = { cable: port('port', values.port) ?? 0, page: port('page-port', values['page-port']) ?? 0 };
  const files = readFiles();
  const leaveToKeys = exitOn(interrupts);
  const undo: (() => unknown)[] = [leaveToKeys, exitOn({ SIGHUP: 129 })];
  try {
    const inspection = files && (await openInspection({ send: !isScript }));
    const engine = await startEngine();
    if (typeof engine === 'object') undo.push(() => engine.stop());
    const kept = typeof engine === 'object' ? engine : undefined;
    const stage = await askedBy('port', openStage(heartbeat, ports.cable, inspection?.inspect, kept));
    undo.push(() => stage.close());
    const stagehand = new Stagehand(stage, terminal);
    // A story is told undisturbed.
    const control = isScript ? undefined : new Control(stagehand);
    const page = files && (await askedBy('page-port', openPage(files, ports.page, inspection, control)));
    // Pages are told of the end, and have a moment to hear it.
    undo.push(() => page?.close());
    undo.push(() => inspection?.stop());
    undo.push(() => control?.stop());
    if (isScript && values.script !== true) print('There is no terminal to read keys from, so this is the script.');
    introduce(stage, engine, page, terminal);
    if (page !== undefined && !isScript && !values['no-open']) openInBrowser(page.address);
    leaveToKeys();
    if (!isScript) return await byHand(stagehand, terminal);
    const asked = new AbortController();
    let code = 1;
    const ignore = onInterrupt((its) => {
      code = its;
      asked.abort();
    });
    undo.push(ignore);
    const happened = await playScript(stage, terminal, undefined, asked.signal);
    if (asked.signal.aborted) return code;
    print(happened ? '\nThat is the whole story.' : '\nThe story ended here: a step of it did not happen.');
    return happened ? holdsNothing(terminal) : 1;
  } finally {
    // Who asks once more waits for nobody.
    const heed = exitOn(interrupts);
    for (const each of undo.toReversed()) await each();
    heed();
  }
}

/** The demo's page: what it listens to, and what it can order. */
export function openPage(
  files: Files,
  wanted: number,
  inspection: RunningInspection | undefined,
  control: Control | undefined,
): Promise<PageServer> {
  return PageServer.open({
    port: wanted,
    files,
    // Its buttons do harm, also those that are clicked without being seen.
    frameable: false,
    configFor: (host) => ({
      sources: inspection ? [`ws://${host}/inspect`] : [],
      control: control ? `ws://${host}/control` : null,
    }),
    upgrades: {
      ...(inspection && { '/inspect': (...upgraded) => inspection.upgrade(...upgraded) }),
      ...(control && { '/control': (...upgraded) => control.upgrade(...upgraded) }),
    },
  });
}

function introduce(
  { heartbeat, cable, server }: Stage,
  engine: Engine | string,
  page: PageServer | undefined,
  { print, paint }: Terminal,
): void {
  const way = `systole demo  client ─── cable :${cable.port} ─`;
  print(`${paint('bold', 'systole demo')}${way.slice('systole demo'.length)}┬─ node A :${server.portOf('A')}`);
  print(`${' '.repeat(way.length)}└─ node B :${server.portOf('B')}`);
  const bound = duration(detectionBound(heartbeat));
  print(
    paint(
      'dim',
      `a heartbeat every ${duration(heartbeat.interval)}, ${duration(heartbeat.timeout)} to answer: a dead line is given up within ${bound}`,
    ),
  );
  print(paint('dim', `the topic 'ticks' is kept in ${keeperOf(engine)}`));
  if (page !== undefined) print(`the page  ${paint('bold', page.address)}`);
  else print(paint('dim', 'without a page, which is not built here: npm run build'));
}

function keeperOf(engine: Engine | string): string {
  if (typeof engine === 'string') return `memory, and both nodes are in this process: ${engine}`;
  return `a ${engine.name} of its own, :${engine.port}, and each node is a process`;
}

async function byHand(stagehand: Stagehand, terminal: Terminal): Promise<number> {
  const keyboard = process.stdin;
  terminal.print(keysHelp(terminal.paint));
  terminal.print('');
  const restore = () => keyboard.setRawMode(false);
  // Also when something throws.
  process.once('exit', restore);
  const undo = onInterrupt(() => keyboard.emit('data', 'q'));
  keyboard.setRawMode(true);
  try {
    await playKeys(stagehand, keyboard);
  } finally {
    restore();
    process.off('exit', restore);
    // A read under way would hold the process.
    keyboard.destroy();
    undo();
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
