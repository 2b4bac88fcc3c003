/** `systole serve --push` and `systole watch --topic` by themselves, as real processes; and what is said where an engine or its package is not there. */
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { Command, run, served, started, systole } from '../helpers/command.ts';
import { closedPort, untilSo } from '../helpers/support.ts';
import { faultProxy } from '../kit/fault-proxy.ts';

const brisk = ['--interval', '300', '--timeout', '5000'];

test('a line is TOPIC TEXT; what is published while the cable is out is heard after it; a server that is new tells a gap', async () => {
  const server = await served('--push');
  expect(server.lines[0]).toMatch(/  push, topics in memory$/);
  const cable = await faultProxy(server.port);
  onTestFinished(() => cable.close());
  const watch = run(
    'watch',
    `ws://127.0.0.1:${cable.port}`,
    '--topic',
    'news',
    '--interval',
    '300',
    '--timeout',
    '1000',
  );
  await watch.line(/✓ caught up +news, cursor \S+\.0$/);
  expect(watch.lines[0]).toMatch(/  push$/);
  server.type('hello, all\nnews\nnews hello,  all\n');
  expect(await server.line(/news hello$/)).toMatch(
    /! not published: hello, all: a line is TOPIC TEXT, such as news hello$/,
  );
  expect(await server.line(/not published: news:/)).toMatch(/such as news hello$/);
  expect(await watch.line(/‹/)).toMatch(/‹ message +news 1: hello, {2}all$/);

  cable.silence();
  server.type('news missed\nnews this, too\n');
  await server.line(/this, too/);
  await watch.line(/↻ reconnecting +silent/);
  cable.heal();
  expect(await watch.line(/replayed.*missed/)).toMatch(/‹ replayed +news 2: missed$/);
  await watch.line(/‹ replayed +news 3: this, too$/);
  await untilSo(() => watch.lines.filter((line) => /✓ caught up +news, cursor \S+\.[03]$/.test(line)).length >= 2);

  server.process.kill('SIGKILL');
  await server.ended;
  const next = await served('--push', '--port', String(server.port));
  expect(await watch.line(/! gap/)).toMatch(/! gap +news: epoch$/);
  next.type('news after\n');
  await watch.line(/‹ message +news 1: after$/);
  watch.process.kill('SIGINT');
  expect(await watch.ended).toEqual({ code: 0, signal: null });
  next.process.kill('SIGINT');
  expect(await next.ended).toEqual({ code: 0, signal: null });
  expect(watch.stderr + server.stderr + next.stderr).toBe('');
});

test('--tick publishes numbers to the topic ticks; who asks for much is told shortly', async () => {
  const server = await served('--push', '--tick', '50');
  const topics = ['ticks', 'a', 'b', 'c', 'd', 'e', 'f'].flatMap((topic) => ['--topic', topic]);
  const watch = run('watch', `ws://127.0.0.1:${server.port}`, '--json', ...topics, ...brisk);
  expect(await server.line(/asks for/)).toMatch(/asks for ticks, a, b, c, d and 2 more$/);
  await untilSo(() => watch.lines.filter((line) => line.includes('"published"')).length > 2);
  watch.process.kill('SIGINT');
  await watch.ended;
  const heard = watch.lines
    .filter((line) => line.includes('"published"'))
    .map((line) => JSON.parse(line) as { data: string; place: number });
  const first = Number(heard[0]?.place);
  expect(heard.map(({ place }) => place)).toEqual(heard.map((_, i) => first + i));
  expect(heard.map(({ data }) => /^tick (\d+) \d{4}-/.exec(data)?.[1])).toEqual(
    heard.map(({ place }) => String(place)),
  );
});

test('a server that knows no topics: a warning', async () => {
  const server = await served();
  const watch = run('watch', `ws://127.0.0.1:${server.port}`, '--topic', 'news');
  expect(await watch.line(/warning/)).toMatch(/! warning +the server does not speak push/);
});

/** Somebody else's words, as a server may say them. */
test('nothing that is published is obeyed by the terminal', async () => {
  const server = await served('--push');
  const watch = run('watch', `ws://127.0.0.1:${server.port}`, '--topic', 'news');
  await watch.line(/✓ caught up/);
  server.type('news \u001b[2J\u202egnp.exe\n');
  expect(await watch.line(/gnp/)).toMatch(/news 1: \\u001b\[2J\\u202egnp\.exe$/);
  expect((watch.stdout + server.stdout).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
});

test('an engine that says nothing is given up', async () => {
  const mute = createServer(() => {}).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  onTestFinished(() => void mute.close());
  const { port } = mute.address() as AddressInfo;
  const commands = ['redis', 'nats'].map((scheme) =>
    run('publish', 'a', 'b', '--log', `${scheme}://127.0.0.1:${port}`),
  );
  for (const command of commands) expect(await command.ended).toEqual({ code: 1, signal: null });
  expect(commands.map(({ stderr }) => stderr.replace(/ cannot be reached.*/, ''))).toEqual([
    `systole publish: --log: Redis at 127.0.0.1:${port}\n`,
    `systole publish: --log: NATS at 127.0.0.1:${port}\n`,
  ]);
});

/** The command line where no optional package is installed. */
function bare(...args: string[]): Command {
  const folder = mkdtempSync(join(tmpdir(), 'systole-bare-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const home = join(folder, 'node_modules', 'systole');
  cpSync(dirname(dirname(systole)), join(home, 'dist'), { recursive: true });
  cpSync('package.json', join(home, 'package.json'));
  for (const name of ['ws', 'xstate']) symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name));
  return started(new Command(process.execPath, [join(home, 'dist', 'bin', 'systole.js'), ...args]));
}

test.each([
  ['redis', 'Redis', 'redis'],
  ['nats', 'NATS', '@nats-io/transport-node'],
])('without the package for %s: what installs it', async (scheme, name, its) => {
  const port = await closedPort();
  const command = bare('publish', 'a', 'b', '--log', `${scheme}://ann:hunter2@127.0.0.1:${port}`);
  expect(await command.ended).toEqual({ code: 1, signal: null });
  const why = `${name} at 127.0.0.1:${port} takes a package that is not installed: npm install ${its}`;
  expect(command.stderr).toBe(`systole publish: --log: ${why}\n`);
});

test('without any engine the demo is in memory, and says why', async () => {
  const demo = started(
    new Command('env', ['PATH=', process.execPath, systole, 'demo', '--script', '--interval', '500']),
  );
  expect(await demo.line(/is kept in/)).toBe(
    "the topic 'ticks' is kept in memory, and both nodes are in this process: for want of redis-server or nats-server",
  );
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  expect(demo.stdout).toMatch(/^Node A is gone without a word$/m);
  expect(demo.stdout).toMatch(/on node B; \d+ caught up, 0 lost$/m);
});

test('without a package the demo is in memory, too', async () => {
  const demo = bare('demo', '--script', '--interval', '500');
  expect(await demo.line(/is kept in memory/)).toMatch(
    /for want of (?:the package redis|redis-server) or (?:the package |nats-server)/,
  );
});
