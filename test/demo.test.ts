/**
 * `systole demo`: the script tells the truth, also when a step does not happen; the keys do what they say.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';

import { expect, test, type TestContext } from 'vitest';

import { connect } from '../adapters/index.ts';
import { playKeys } from '../bin/keys.ts';
import { playScript } from '../bin/script.ts';
import { openStage, type Stage } from '../bin/stage.ts';
import { noPaint, type Terminal } from '../bin/terminal.ts';
import { Command, started, systole } from './command.ts';

const heartbeat = { interval: 500, timeout: 400 };
/** What a step may take besides its timers, ms. */
const patience = 4_000;

const playing = (context: TestContext, ...args: string[]): Command =>
  started(new Command(process.execPath, [systole, ...args]), context);

/** What was printed of states, messages and judgements, without what varies. */
const plotOf = (lines: string[]): string[] =>
  lines.flatMap((line) => /[○◔●◑↻◌×‹] ([\w-]+)/.exec(line)?.[1] ?? /^ {2}([✓✗])/.exec(line)?.[1] ?? []);

test.concurrent('the script: each state in its order, exit code 0 by itself, in less than a minute', async (context) => {
  const start = performance.now();
  const demo = playing(context, 'demo', '--script');
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  expect(performance.now() - start).toBeLessThan(60_000);
  expect(demo.stderr).toBe('');
  const plot = plotOf(demo.lines)
    .join(' ')
    // The server is away for a second: how many dials it takes is chance. A busy machine may raise doubts that pass.
    .replaceAll(/( reconnecting connecting)+ reconnecting/g, ' reconnecting')
    .replaceAll(' stale alive', '');
  expect(plot).toBe(
    [
      'connecting awaiting-id alive ✓ message ✓',
      'stale reconnecting ✓ connecting awaiting-id alive message ✓',
      'reconnecting connecting awaiting-id alive ✓',
      'closing closed ✓',
    ].join(' '),
  );
  expect(demo.stdout).toMatch(/stale → ↻ reconnecting {2}silent · dials at once/);
  expect(demo.stdout).toMatch(/alive → ↻ reconnecting {2}peer-closed · 1012 · restarting · dials in/);
  expect(demo.stdout).toMatch(/id client-1 → client-2 · back after/);
  expect(demo.stdout).toMatch(/id client-2 → client-3 · back after/);
  expect(demo.stdout).toMatch(/noticed after [\d.]+ s, of 1\.6 s at most; no close event was fired/);
  expect(demo.stdout).not.toContain('\u001b');
});

test.concurrent('without a terminal to read keys from it says so, and plays the script', async (context) => {
  const demo = playing(context, 'demo', '--interval', '400', '--timeout', '400');
  demo.process.stdin.end();
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  expect(demo.lines[0]).toBe('There is no terminal to read keys from, so this is the script.');
  expect(demo.stdout).toContain('That is the whole story.');
});

test.concurrent('the server cannot come back, as somebody else has its port: exit code 1', async (context) => {
  const demo = playing(context, 'demo', '--script', '--interval', '300', '--timeout', '300');
  const port = Number(/server :(\d+)/.exec(await demo.line(/server :/))?.[1]);
  await demo.line(/1012/);
  const thief = createServer((socket) => socket.destroy());
  context.onTestFinished(() => void thief.close());
  for (let isTaken = false; !isTaken;) {
    thief.listen(port, '127.0.0.1');
    isTaken = await once(thief, 'listening').then(
      () => true,
      () => false,
    );
  }
  expect(await demo.ended).toEqual({ code: 1, signal: null });
  expect(demo.stdout).toMatch(/✗ did not happen within .*: the state alive\n/);
  expect(demo.stdout).toContain('a step of it did not happen');
});

/** A stage that the test leaves closed. */
async function stageFor(
  { onTestFinished: atEnd }: Pick<TestContext, 'onTestFinished'>,
  sabotage: (stage: Stage) => Partial<Stage> = () => ({}),
): Promise<Stage> {
  const stage = await openStage(heartbeat, 0);
  atEnd(() => stage.close());
  // Getters and all.
  const parts = [stage, sabotage(stage)].map((each) => Object.getOwnPropertyDescriptors(each));
  return Object.defineProperties({}, Object.assign({}, ...parts)) as Stage;
}

function recorder(): Terminal & { lines: string[] } {
  const lines: string[] = [];
  return { lines, paint: noPaint, print: (line) => void lines.push(...line.split('\n')) };
}

const cableWith = (stage: Stage, broken: Partial<Stage['cable']>): Partial<Stage> => ({
  cable: { ...stage.cable, ...broken },
});
const serverWith = ({ server }: Stage, broken: Partial<Stage['server']>): Partial<Stage> => ({
  server: {
    port: server.port,
    isDown: false,
    push: (text) => server.push(text),
    forget: () => server.forget(),
    restart: (downFor) => server.restart(downFor),
    ...broken,
  },
});

/** What is broken, how, and how the story ends. */
const sabotages: [name: string, sabotage: (stage: Stage) => Partial<Stage>, end: string][] = [
  ['nothing', () => ({}), '✓ closed, with a handshake'],
  [
    'the pull does nothing',
    (stage) => cableWith(stage, { pull() {} }),
    '✗ did not happen within 4.9 s: the state reconnecting',
  ],
  [
    'the pull closes the connection',
    (stage) => cableWith(stage, { pull: () => stage.server.forget() }),
    '✗ it should have been: cause silent, not peer-closed',
  ],
  [
    'the pull fires a close event',
    () => {
      let closeEvents = 0;
      return {
        get closeEvents() {
          return (closeEvents += 1);
        },
      };
    },
    '✗ it should have been: no close event',
  ],
  [
    'the client is slower than it says',
    (stage) => ({
      dial: () => connect(`ws://127.0.0.1:${stage.cable.port}`, { heartbeat: { interval: 500, timeout: 2_500 } }),
    }),
    '✗ it should have been: noticed within 900 ms, not after …',
  ],
  ['the cable stays out', (stage) => cableWith(stage, { plug() {} }), '✗ did not happen within 4.9 s: the state alive'],
  [
    'the server pushes nothing',
    (stage) => serverWith(stage, { push: () => 0 }),
    "✗ did not happen within 4.9 s: the message 'hello'",
  ],
  [
    'the server does not restart',
    (stage) => serverWith(stage, { restart: async () => {} }),
    '✗ did not happen within 4.9 s: the state reconnecting',
  ],
  [
    'the server vanishes rather than restart',
    (stage) => serverWith(stage, { restart: async () => void stage.server.forget() }),
    '✗ it should have been: close code 1012 (service restart), not 1006',
  ],
];

test.concurrent.for(sabotages)('the script, and %s', async ([, sabotage, end], context) => {
  const terminal = recorder();
  const isTrue = await playScript(await stageFor(context, sabotage), terminal, patience);
  expect(isTrue).toBe(end.startsWith('✓'));
  const judged = terminal.lines.findLast((line) => /^ {2}[✓✗]/.test(line));
  expect(judged?.trim().replace(/after [\d.]+ s$/, 'after …')).toBe(end);
  expect(terminal.lines.at(-1)).toMatch(isTrue ? /✓/ : /[✗×]/);
});

test('the keys: pull, notice, plug, restart, forget, push, quit', async (context) => {
  const terminal = recorder();
  const lines = new PassThrough();
  const keyboard = new PassThrough();
  const printed = (pattern: RegExp) => until(lines, terminal, pattern);
  const stage = await stageFor(context);
  const { print } = terminal;
  const played = playKeys(stage, keyboard, {
    ...terminal,
    print: (line) => {
      print(line);
      lines.write('.');
    },
  });

  await printed(/● alive +id client-1$/);
  keyboard.write('mx');
  await printed(/▸ the server pushes message 1 to 1 client$/);
  await printed(/‹ message +message 1$/);
  await printed(/♥ beat/);

  keyboard.write('p');
  await printed(/▸ the cable is pulled/);
  await printed(/alive → ◑ stale +silent/);
  await printed(/stale → ↻ reconnecting +silent · dials at once$/);
  await printed(/^ {2}noticed [\d.]+ m?s after the pull, of 900 ms at most; the socket fired no close event$/);
  keyboard.write('p');
  await printed(/▸ the cable is plugged in/);
  await printed(/● alive +id client-1 → client-2 · back after/);

  keyboard.write('rrf');
  await printed(/▸ the server restarts, and is away for 1 s$/);
  await printed(/▸ the server is restarting already$/);
  await printed(/▸ the server is restarting, and has forgotten all$/);
  await printed(/↻ reconnecting +peer-closed · 1012 · restarting · dials in/);
  await printed(/● alive +id client-2 → client-3 · back after/);

  keyboard.write('f');
  await printed(/▸ the server forgets its clients/);
  await printed(/↻ reconnecting +peer-closed · 1006 · dials in/);
  await printed(/● alive +id client-3 → client-4 · back after/);

  keyboard.write('q');
  await played;
  await printed(/× closed +user-closed · 1000$/);
  expect(keyboard.listenerCount('data') + keyboard.listenerCount('end')).toBe(0);
});

test.for(['q', '\u0003', '\u0004', null])(
  'the keys: %j quits, and a second one does not wait',
  async (key, context) => {
    const terminal = recorder();
    const keyboard = new PassThrough();
    const stage = await stageFor(context);
    const connection = stage.dial();
    const played = playKeys({ ...stage, cable: stage.cable, dial: () => connection }, keyboard, terminal);
    await new Promise<void>((resolve) => connection.on('open', () => resolve()));
    stage.cable.pull();
    const changed = new Promise<void>((resolve) => connection.on('state', () => resolve()));
    if (key === null) keyboard.end();
    else keyboard.write(key);
    await changed;
    expect(connection.state).toBe('closing');
    if (key !== null) keyboard.write(key);
    await played;
    expect(connection.state).toBe(key === null ? 'closed' : 'closing');
    connection.close();
  },
);

const scriptCommand = [
  '-qec',
  `'${process.execPath}' '${systole}' demo --interval 300 --timeout 300; stty -a`,
  '/dev/null',
];
const hasPseudoTerminal =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;
if (!hasPseudoTerminal) {
  console.warn('skipped: the keys in a terminal, for want of script (util-linux): apt-get install bsdutils');
}

test.runIf(hasPseudoTerminal)('the keys in a terminal, which is left as it was', async () => {
  const demo = started(new Command('script', scriptCommand));
  await demo.line(/● alive/);
  expect(demo.stdout).toContain('pull or plug the cable');
  demo.type('p');
  await demo.line(/noticed .* no close event/);
  demo.type('p');
  await demo.line(/client-1 → client-2/);
  demo.type('\u0003');
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  expect(demo.stdout).toMatch(/× closed/);
  expect(demo.stdout).toMatch(/ icanon/);
  expect(demo.stdout).not.toMatch(/-icanon|-echo /);
});

async function until(changed: PassThrough, { lines }: { lines: string[] }, pattern: RegExp): Promise<void> {
  while (!lines.some((line) => pattern.test(line))) await once(changed, 'data');
}
