/**
 * `systole demo`: the script tells the truth, also when a step does not happen; the faults are real, and the keys do what they say.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import { expect, test, type TestContext } from 'vitest';

import { type Connection, detectionBound } from '../../adapters/index.ts';
import { openStage, type Stage } from '../../bin/demo/cable-stage.ts';
import { playKeys } from '../../bin/demo/keys.ts';
import { playScript } from '../../bin/demo/script.ts';
import { Stagehand, type Status } from '../../bin/demo/stagehand.ts';
import { noPaint, type Terminal } from '../../bin/terminal.ts';
import { connectPush } from '../../push/index.ts';
import { Command, started, systole } from '../helpers/command.ts';
import { messagesOf, statesOf, until, untilState } from '../helpers/support.ts';

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
      'reconnecting connecting awaiting-id alive ✓',
      'closing closed ✓',
    ].join(' '),
  );
  expect(demo.stdout).toMatch(/stale → ↻ reconnecting {2}silent · dials at once/);
  expect(demo.stdout).toMatch(/alive → ↻ reconnecting {2}peer-closed · 1012 · restarting · dials in/);
  expect(demo.stdout).toMatch(/id …-A1 → …-A\d · back after/);
  expect(demo.stdout).toMatch(/alive → ↻ reconnecting {2}peer-closed · 1006 · dials in/);
  expect(demo.stdout).toMatch(/id …-A\d → …-B\d · back after/);
  expect(demo.stdout).toMatch(/id …-B\d → …-B\d · back after/);
  const counts = [...demo.stdout.matchAll(/✓ restored as …-[AB]\d.*; (\d+) caught up, 0 lost$/gm)];
  expect(counts).toHaveLength(3);
  expect(Number(counts[0]?.[1])).toBeGreaterThan(0);
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
  // That of the node on which the client is then.
  const port = Number(/node B :(\d+)/.exec(await demo.line(/node B :/))?.[1]);
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
  cable: sabotaged(stage.cable, broken),
});
const serverWith = (stage: Stage, broken: Partial<Stage['server']>): Partial<Stage> => ({
  server: sabotaged(stage.server, broken),
});

function sabotaged<T extends object>(part: T, broken: Partial<T>): T {
  return new Proxy(part, {
    get(_, name) {
      const value: unknown = broken[name as keyof T] ?? part[name as keyof T];
      return typeof value === 'function' ? value.bind(part) : value;
    },
  });
}

type Hear = (data: unknown, detail: object) => void;

/** A client to whose topic something else is heard. */
function hearing(stage: Stage, misheard: (hear: Hear, type: string) => Hear): Partial<Stage> {
  return {
    dial() {
      const { connection, ticks } = stage.dial();
      const on = (type: string, hear: Hear) => ticks.on(type as 'message', misheard(hear, type));
      return { connection, ticks: sabotaged(ticks, { on } as object) };
    },
  };
}

const losing = (stage: Stage) =>
  hearing(stage, (hear, type) => (data, detail) => {
    if (type !== 'message' || Number(data) % 3 > 0) hear(data, detail);
  });

const stammering = (stage: Stage) =>
  hearing(stage, (hear, type) => (data, detail) => {
    hear(data, detail);
    if (type === 'message') hear(data, detail);
  });

const gapping = (stage: Stage) =>
  hearing(stage, (hear, type) => {
    if (type === 'gap') hear({ reason: 'trimmed' }, {});
    return hear;
  });

/** What is broken, how, and how the story ends. */
const sabotages: [name: string, sabotage: (stage: Stage) => Partial<Stage>, end: string][] = [
  ['nothing', () => ({}), '✓ closed, with a handshake'],
  [
    'the pull does nothing',
    (stage) => cableWith(stage, { silence() {} }),
    '✗ did not happen within 4.9 s: the state reconnecting',
  ],
  [
    'the pull closes the connection',
    (stage) => cableWith(stage, { silence: () => stage.server.forget() }),
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
      dial() {
        const slow = { heartbeat: { interval: 500, timeout: 2_500 } };
        const push = connectPush(`ws://127.0.0.1:${stage.cable.port}`, slow);
        return { connection: push.connection, ticks: push.topic('ticks') };
      },
    }),
    '✗ it should have been: noticed within 900 ms, not after …',
  ],
  ['the cable stays out', (stage) => cableWith(stage, { heal() {} }), '✗ did not happen within 4.9 s: the state alive'],
  [
    'the server pushes nothing',
    (stage) => serverWith(stage, { push: () => 0 }),
    "✗ did not happen within 4.9 s: the message 'hello'",
  ],
  [
    'nothing is published',
    (stage) => ({ ticker: sabotaged(stage.ticker, { start() {} }) }),
    '✗ did not happen within 4.9 s: a number',
  ],
  ['numbers are lost', losing, '✗ it should have been: 0 lost, not … caught up, … lost'],
  ['a gap is told', gapping, '✗ it should have been: 0 lost, not … caught up, 0 lost, 1 told as a gap'],
  ['numbers are heard twice', stammering, '✗ it should have been: 0 lost, not … caught up, 0 lost, … heard twice'],
  [
    'the kill does nothing',
    (stage) => serverWith(stage, { kill: async () => {} }),
    '✗ did not happen within 4.9 s: the state reconnecting',
  ],
  [
    'the node that is killed says good-bye',
    (stage) => serverWith(stage, { kill: () => stage.server.restart(0) }),
    '✗ it should have been: no close frame, and not code 1012',
  ],
  [
    'the server does not restart',
    (stage) => serverWith(stage, { restart: async () => {} }),
    '✗ did not happen within 4.9 s: the state reconnecting',
  ],
  [
    'the server vanishes rather than restart',
    (stage) => serverWith(stage, { restart: async () => stage.server.forget() }),
    '✗ it should have been: close code 1012 (service restart), not 1006',
  ],
];

test.concurrent.for(sabotages)('the script, and %s', async ([, sabotage, end], context) => {
  const terminal = recorder();
  const isTrue = await playScript(await stageFor(context, sabotage), terminal, patience);
  expect(isTrue).toBe(end.startsWith('✓'));
  const judged = terminal.lines.findLast((line) => /^ {2}[✓✗]/.test(line));
  const told = judged
    ?.trim()
    .replace(/after [\d.]+ s$/, 'after …')
    .replace(/\b\d+ caught/, '… caught')
    .replace(/\b[1-9]\d* lost$/, '… lost')
    .replace(/\b\d+ heard/, '… heard');
  expect(told).toBe(end);
  expect(terminal.lines.at(-1)).toMatch(isTrue ? /✓/ : /[✗×]/);
});

/** A client of the stage that is alive, and closed with the test. */
async function aliveOn(stage: Stage, { onTestFinished: atEnd }: Pick<TestContext, 'onTestFinished'>) {
  const { connection } = stage.dial();
  atEnd(() => connection[Symbol.asyncDispose]());
  await untilState(connection, 'alive');
  return connection;
}

test('mute: named and pushed to as before, but no heartbeat is answered', async (context) => {
  const stage = await stageFor(context);
  const connection = await aliveOn(stage, context);
  const messages = messagesOf(connection);
  const states = statesOf(connection);
  stage.server.mute();
  const pushing = setInterval(() => stage.server.push('still here'), 20);
  context.onTestFinished(() => clearInterval(pushing));
  // Whatever comes is a sign of life, also to the server, which cuts off who is silent for three times the bound.
  await sleep(4 * detectionBound(heartbeat));
  expect(states).toEqual(['alive']);
  expect(messages).toContain('still here');
  expect(connection.roundTripTime).toBeUndefined();

  clearInterval(pushing);
  const { cause } = await until(connection, 'lost');
  expect(cause).toBe('silent');
  expect(states.slice(0, 3)).toEqual(['alive', 'stale', 'reconnecting']);
  await until(connection, 'restored');
  stage.server.unmute();
  await untilRoundTrip(connection);
  expect(connection.state).toBe('alive');
});

test('refuse: HTTP 503, with and without Retry-After; who is connected stays', async (context) => {
  const stage = await stageFor(context);
  const connection = await aliveOn(stage, context);
  stage.server.refuse();
  await untilRoundTrip(connection);
  const refused = until(connection, 'retry');
  stage.server.forget();
  const { cause, reason, nextDialIn } = await refused;
  expect({ cause, reason }).toEqual({ cause: 'refused', reason: 'HTTP 503' });
  expect(nextDialIn).toBeLessThan(10_000);

  stage.server.refuse(90);
  const asked = await until(connection, 'retry', ({ nextDialIn: wait = 0 }) => wait > 30_000);
  expect(asked.nextDialIn).toBeGreaterThanOrEqual(90_000);
  stage.server.accept();
  connection.reconnect();
  await untilState(connection, 'alive');
});

test('skew: beats of a clock set back are outdated; then the client knows the clock', async (context) => {
  const stage = await stageFor(context);
  const connection = await aliveOn(stage, context);
  await untilRoundTrip(connection);
  expect(Math.abs(connection.clockOffset!)).toBeLessThan(1_000);
  stage.server.skewClock(-90_000);
  expect((await until(connection, 'lost')).cause).toBe('outdated');
  await until(connection, 'restored');
  expect(Math.abs(connection.clockOffset! + 90_000)).toBeLessThan(1_000);
  expect(stage.server.skew).toBe(-90_000);
});

test('flood: all of it arrives, in order, on a line that stays alive', async (context) => {
  const stage = await stageFor(context);
  const connection = await aliveOn(stage, context);
  const messages = messagesOf(connection);
  const last = until(connection, 'message', (data) => data === '5000');
  await stage.server.flood(5_000, String);
  await last;
  expect(messages).toEqual(Array.from({ length: 5_000 }, (_, index) => String(index + 1)));
});

test('reset: the client hears of it at once, and comes back', async (context) => {
  const stage = await stageFor(context);
  const connection = await aliveOn(stage, context);
  const lost = until(connection, 'lost');
  const restored = until(connection, 'restored');
  stage.cable.reset();
  expect(await lost).toMatchObject({ cause: 'peer-closed', code: 1006 });
  await restored;
});

test('the keys: pull, notice, plug, restart, forget, push, quit', async (context) => {
  const terminal = recorder();
  const lines = new PassThrough();
  const keyboard = new PassThrough();
  const printed = (pattern: RegExp) => untilPrinted(lines, terminal, pattern);
  const stage = await stageFor(context);
  const { print } = terminal;
  const faults = new Stagehand(stage, {
    ...terminal,
    print: (line) => {
      print(line);
      lines.write('.');
    },
  });
  const played = playKeys(faults, keyboard);

  await printed(/● alive +id …-A1$/);
  keyboard.write('mz');
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
  await printed(/● alive +id …-A1 → …-A2 · back after/);

  keyboard.write('rrf');
  await printed(/▸ the server restarts, and is away for 1 s$/);
  await printed(/▸ the server is restarting already$/);
  await printed(/▸ the server is restarting, and has forgotten all$/);
  await printed(/↻ reconnecting +peer-closed · 1012 · restarting · dials in/);
  await printed(/● alive +id …-A2 → …-A3 · back after/);

  keyboard.write('f');
  await printed(/▸ the server forgets its clients/);
  await printed(/↻ reconnecting +peer-closed · 1006 · dials in/);
  await printed(/● alive +id …-A3 → …-A4 · back after/);

  keyboard.write('k');
  await printed(/▸ node A is gone without a word; dials are led to node B$/);
  await printed(/● alive +id …-A4 → …-B\d · back after/);
  while (!(terminal.lines.findLast((line) => /-B\d · back|caught up/.test(line)) ?? '').endsWith(' lost')) {
    await once(lines, 'data');
  }
  keyboard.write('k');
  await printed(/▸ node A is there again, on the same log$/);

  keyboard.write('q');
  await played;
  await printed(/× closed +user-closed · 1000$/);
  expect(terminal.lines.filter((line) => /caught up/.test(line) && !line.endsWith(' caught up, 0 lost'))).toEqual([]);
  expect(keyboard.listenerCount('data') + keyboard.listenerCount('end')).toBe(0);
});

test('the keys: every other fault, and what holds then', async (context) => {
  const terminal = recorder();
  const keyboard = new PassThrough();
  const faults = new Stagehand(await stageFor(context), terminal);
  const told: Partial<Status>[] = [];
  faults.onStatus((status) => told.push(status));
  const played = playKeys(faults, keyboard);
  const initial = { ...faults.status, clients: 1 };
  await untilState(faults.connection!, 'alive');
  expect(told).toEqual([{ ...initial, clients: 0 }, initial]);

  /** What a key changes, and what it says. */
  const rows: [key: string, change: Partial<Status>, says: string][] = [
    ['h', { heartbeats: 'muted' }, 'the server leaves heartbeats unanswered, and the numbers pause; messages pass'],
    ['h', { heartbeats: 'answered' }, 'the server answers heartbeats'],
    ['n', { dials: 'refused' }, 'the server refuses dials (HTTP 503)'],
    ['n', { dials: 'accepted' }, 'the server accepts dials'],
    ['s', { skew: -90_000 }, "the server's clock is 90 s behind"],
    ['s', { skew: 0 }, "the server's clock is right"],
    ['d', { delay: 400 }, 'the cable takes 400 ms, each way'],
    ['p', { cable: 'pulled', delay: 400 }, 'the cable is pulled: both sockets stay open, nothing passes'],
    ['p', { cable: 'plugged', delay: 400 }, 'the cable is plugged in'],
    ['d', { delay: 0 }, 'the cable is as fast as ever'],
  ];
  for (const [key, change, says] of rows) {
    keyboard.write(key);
    await turn();
    expect(told.at(-1)).toMatchObject(change);
    expect(terminal.lines.findLast((line) => line.startsWith('▸'))).toContain(`▸ ${says}`);
  }
  expect(told).toHaveLength(2 + rows.length);

  const flooded = until(faults.connection!, 'message', (data) => data === 'flood 1000 of 1000');
  keyboard.write('ll');
  await flooded;
  expect(terminal.lines.filter((line) => line.startsWith('▸')).slice(-2)).toEqual([
    '▸ the server pushes 1000 messages at once',
    '▸ the server is flooding already',
  ]);

  for (const key of ['u', 'x']) {
    const restored = until(faults.connection!, 'restored');
    keyboard.write(key);
    await restored;
  }

  // A closed connection is final: the next one is another.
  const first = faults.connection!;
  keyboard.write('c');
  await untilState(first, 'closed');
  while (faults.status.clients > 0) await turn();
  expect(told.at(-1)).toEqual({ ...initial, clients: 0, client: 'closed', returned: told.at(-1)?.returned });
  keyboard.write('uc');
  await turn();
  expect(faults.connection).not.toBe(first);
  await untilState(faults.connection!, 'alive');
  keyboard.write('q');
  await played;
  expect(faults.connection!.state).toBe('closed');
});

test.for(['q', '\u0003', '\u0004', null])(
  'the keys: %j quits, and a second one does not wait',
  async (key, context) => {
    const terminal = recorder();
    const keyboard = new PassThrough();
    const stage = await stageFor(context);
    const client = stage.dial();
    const { connection } = client;
    const played = playKeys(new Stagehand({ ...stage, dial: () => client }, terminal), keyboard);
    await new Promise<void>((resolve) => connection.on('open', () => resolve()));
    stage.cable.silence();
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
  await demo.line(/…-A1 → …-A2/);
  demo.type('\u0003');
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  expect(demo.stdout).toMatch(/× closed/);
  expect(demo.stdout).toMatch(/ icanon/);
  expect(demo.stdout).not.toMatch(/-icanon|-echo /);
});

/** Waits for the next answer to a heartbeat. */
async function untilRoundTrip({ actor }: Connection): Promise<void> {
  const last = actor.getSnapshot().context.roundTripTime;
  await new Promise<void>((resolve) => {
    const subscription = actor.subscribe(({ context }) => {
      if (context.roundTripTime === last || context.roundTripTime === undefined) return;
      subscription.unsubscribe();
      resolve();
    });
  });
}

async function untilPrinted(changed: PassThrough, { lines }: { lines: string[] }, pattern: RegExp): Promise<void> {
  while (!lines.some((line) => pattern.test(line))) await once(changed, 'data');
}
