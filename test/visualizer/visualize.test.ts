/**
 * `systole visualize`, the page of `systole demo` and its `/control`, and `systole watch --record`: with a page of a few lines and the real bridge.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { openerFor } from '../../bin/browser.ts';
import { openStage } from '../../bin/demo/cable-stage.ts';
import { beat, type Told } from '../../bin/demo/control-line.ts';
import { commandIn, Control } from '../../bin/demo/control-server.ts';
import { Stagehand, type Status } from '../../bin/demo/stagehand.ts';
import { PageServer, readFiles } from '../../bin/page.ts';
import { noPaint } from '../../bin/terminal.ts';
import { Command, served, started } from '../helpers/command.ts';
import { until, untilState } from '../helpers/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'systole-visualize-'));
/** The built command line, in packages of their own: with a page and a bridge, and without. */
const whole = join(folder, 'whole');
const bare = join(folder, 'bare');
const page = join(whole, 'dist/visualizer/page');

const pageFiles: Record<string, string> = {
  'index.html': '<!doctype html><title>systole</title><script type="module" src="./assets/page-1.js"></script>',
  'assets/page-1.js': 'export {};',
  'assets/page-1.css': 'body{}',
  'mark.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'notes.unknown': 'not served',
};

beforeAll(() => {
  for (const [at, without] of [
    [whole, 'dist/visualizer/page'],
    [bare, 'dist/visualizer'],
  ] as const) {
    const isOurs = (source: string) => !resolve(source).startsWith(resolve(without));
    cpSync('dist', join(at, 'dist'), { recursive: true, filter: isOurs });
    cpSync('package.json', join(at, 'package.json'));
    symlinkSync(resolve('node_modules'), join(at, 'node_modules'));
  }
  mkdirSync(join(page, 'assets'), { recursive: true });
  for (const [name, content] of Object.entries(pageFiles)) writeFileSync(join(page, name), content);
});

afterAll(() => rmSync(folder, { recursive: true }));

const commandOf = (at: string) => join(at, 'dist/bin/systole.js');
const run = (...args: string[]) => started(new Command(process.execPath, [commandOf(whole), ...args]));
const runBare = (...args: string[]) => started(new Command(process.execPath, [commandOf(bare), ...args]));

interface HttpAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** As any client may ask, with any path and any headers. */
async function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<HttpAnswer> {
  const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk as string;
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** `open`, or the status that the upgrade was refused with. */
async function upgrade(url: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = new WebSocket(url, { headers });
  socket.on('error', () => {});
  const answer = await Promise.race([
    once(socket, 'open').then(() => 'open'),
    once(socket, 'unexpected-response').then(([, response]) => String((response as IncomingMessage).statusCode)),
  ]);
  socket.terminate();
  return answer;
}

const portIn = (text: string) => Number(/http:\/\/127\.0\.0\.1:(\d+)\//.exec(text)?.[1]);
const portOf = async (command: Command) => portIn(await command.line(/http:\/\//));

const foreign: Record<string, string>[] = [
  { host: 'evil.example' },
  { host: '127.0.0.1.evil.example' },
  { origin: 'https://evil.example' },
  { origin: 'http://localhost.evil.example' },
  { origin: 'null' },
];

async function taken(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('visualize: the files of the page, what it has to know, and nothing else', async () => {
  const command = run('visualize', '--port', '0');
  const port = await portOf(command);
  expect(await command.line(/http/)).toBe(`systole visualize  http://127.0.0.1:${port}/`);

  const index = await ask(port, '/');
  expect(index).toMatchObject({ status: 200, body: pageFiles['index.html'] });
  expect(index.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy':
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; frame-ancestors http://127.0.0.1:* http://localhost:* https://*; base-uri 'none'; form-action 'none'",
  });
  expect((await ask(port, '/index.html?x=1')).body).toBe(index.body);

  const config = await ask(port, '/config.json');
  expect(config.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  expect(JSON.parse(config.body)).toEqual({ sources: ['ws://127.0.0.1:8888'], control: null });

  const typed = ['/assets/page-1.js', '/assets/page-1.css', '/mark.svg'].map(async (path) => {
    const { status, headers, body } = await ask(port, path);
    return [status, headers['content-type'], headers['x-content-type-options'], body === pageFiles[path.slice(1)]];
  });
  expect(await Promise.all(typed)).toEqual([
    [200, 'text/javascript; charset=utf-8', 'nosniff', true],
    [200, 'text/css; charset=utf-8', 'nosniff', true],
    [200, 'image/svg+xml', 'nosniff', true],
  ]);

  const head = await ask(port, '/', { method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, body: '' });
  expect(head.headers['content-length']).toBe(String(index.body.length));
  const strange = ['/nothing', '/notes.unknown', '/assets', '/assets/', '//', '/../package.json', '/..%2fpackage.json'];
  for (const path of [...strange, '/%2e%2e/package.json', '/__proto__', '/constructor', '*', '/inspect', '/control']) {
    const { status, headers } = await ask(port, path);
    expect([path, status, headers['x-content-type-options']]).toEqual([path, 404, 'nosniff']);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const { status, headers } = await ask(port, '/', { method });
    expect([method, status, headers.allow]).toEqual([method, 405, 'GET, HEAD']);
  }

  for (const headers of foreign) {
    for (const path of ['/', '/config.json', '/nothing']) expect((await ask(port, path, { headers })).status).toBe(403);
  }
  expect((await ask(port, '/', { headers: { host: 'localhost:1', origin: 'http://localhost:3000' } })).status).toBe(
    200,
  );
  expect(await upgrade(`ws://127.0.0.1:${port}/control`)).toBe('404');

  command.process.kill('SIGINT');
  expect(await command.ended).toEqual({ code: 0, signal: null });
  expect(command.stderr).toBe('');
});

test('visualize: the sources it is told of; ctrl-C ends it, whoever is still connected', async () => {
  const sources = ['ws://127.0.0.1:8888', 'ws://localhost:9999/inspect?token=hunter2'];
  const command = run('visualize', '--port=0', '--no-open', ...sources.map((source) => `--connect=${source}`));
  const port = await portOf(command);
  expect(JSON.parse((await ask(port, '/config.json')).body)).toEqual({ sources, control: null });
  expect(await command.line(/listens/)).toBe('listens to 127.0.0.1:8888, localhost:9999; ctrl-C ends');
  expect(command.stdout).not.toContain('hunter2');

  // Another address of the same machine, on Linux; nothing at all elsewhere.
  const elsewhere = connect({ host: '127.0.0.2', port, timeout: 2_000 });
  const isOpen = new Promise((answer) => {
    for (const event of ['connect', 'error', 'timeout']) elsewhere.once(event, () => answer(event === 'connect'));
  });
  expect(await isOpen).toBe(false);
  elsewhere.destroy();

  const idle = connect(port, '127.0.0.1').on('error', () => {});
  await once(idle, 'connect');
  command.process.kill('SIGTERM');
  expect(await command.ended).toEqual({ code: 0, signal: null });
  idle.destroy();
});

test.each([
  ['visualize', '--port', []],
  ['demo', '--page-port', ['--script', '--no-open']],
  ['demo', '--port', ['--script', '--no-open']],
])('%s: a port in use is a plain error that names %s, and what to do', async (name, option, more) => {
  const port = await taken();
  const command = run(name, option, String(port), ...more);
  expect(await command.ended).toEqual({ code: 1, signal: null });
  const told = `^systole ${name}: ${option}: port ${port} is in use \\(EADDRINUSE\\), .* with ${option}, where 0 is any free one\n$`;
  expect(command.stderr).toMatch(new RegExp(told));
});

test('visualize, where another page of ours is: it can be opened there', async () => {
  const first = run('visualize', '--port', '0', '--no-open');
  const [address = ''] = /http:\S+/.exec(await first.line(/http:/)) ?? [];
  const second = run('visualize', '--port', new URL(address).port, '--no-open');
  expect(await second.ended).toEqual({ code: 1, signal: null });
  expect(second.stderr).toContain(`by another page of systole: open ${address}, or take another with --port`);
});

test.each([
  ['says nothing', () => {}],
  ['is another page', (_: IncomingMessage, response: ServerResponse) => response.end('{"name":"app"}')],
  [
    'leads elsewhere',
    (_: IncomingMessage, response: ServerResponse) => response.writeHead(302, { location: '/' }).end(),
  ],
])('visualize, where somebody %s: nobody knows who it is', async (_, answer) => {
  const server = createHttpServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const command = run('visualize', '--port', String(port), '--no-open');
  expect(await command.ended).toEqual({ code: 1, signal: null });
  expect(command.stderr).toContain(`port ${port} is in use (EADDRINUSE), perhaps by a systole in another window (lsof`);
});

test('without a page: visualize says why not, the demo plays on', async () => {
  const visualize = runBare('visualize', '--port', '0');
  expect(await visualize.ended).toEqual({ code: 1, signal: null });
  expect(visualize.stderr).toBe('systole visualize: the page is not here; npm run build builds it\n');

  const demo = runBare('demo', '--script', '--interval', '300', '--timeout', '300');
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  expect(demo.lines).toContain('without a page, which is not built here: npm run build');
  expect(demo.stdout).not.toContain('http://');
  expect(demo.stderr).toBe('');
});

test('the script has a page that shows it, and nobody may interfere', async () => {
  const demo = run('demo', '--script', '--no-open', '--interval', '500', '--timeout', '400');
  const port = await portOf(demo);
  expect(await demo.line(/http/)).toBe(`the page  http://127.0.0.1:${port}/`);
  const host = `127.0.0.1:${port}`;
  expect(JSON.parse((await ask(port, '/config.json')).body)).toEqual({
    sources: [`ws://${host}/inspect`],
    control: null,
  });
  expect(await upgrade(`ws://${host}/control`)).toBe('404');
  for (const headers of foreign) expect(await upgrade(`ws://${host}/inspect`, headers)).toBe('403');
  const seen = new WebSocket(`ws://${host}/inspect`);
  const frames: string[] = [];
  seen.on('message', (data: Buffer) => frames.push(data.toString()));
  const closed = once(seen, 'close');
  await once(seen, 'open');
  seen.send('{"type":"xstate.inspecting"}');
  await demo.line(/✂|stale → ↻/);
  // The connection is there, and its fall is told.
  expect(JSON.parse(frames[0]!)).toMatchObject({ type: 'service.register' });
  await expect
    .poll(() => frames.some((frame) => frame.includes('reconnecting') && frame.includes('silent')))
    .toBe(true);
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  await closed;
  expect(demo.stdout).toContain('That is the whole story.');
  expect(demo.stderr).toBe('');
});

/** The demo in this process: what the page would see, and what the terminal is told. */
async function playing() {
  const lines: string[] = [];
  const stage = await openStage({ interval: 400, timeout: 400 }, 0);
  const faults = new Stagehand(stage, { print: (line) => void lines.push(line), paint: noPaint });
  const control = new Control(faults);
  const server = await PageServer.open({
    port: 0,
    files: readFiles(page)!,
    frameable: false,
    configFor: (host) => ({ sources: [], control: `ws://${host}/control` }),
    upgrades: { '/control': (...upgraded) => control.upgrade(...upgraded) },
  });
  onTestFinished(async () => {
    control.stop();
    await server.close();
    await stage.close();
  });
  const { port } = new URL(server.address);
  const { body } = await ask(Number(port), '/config.json');
  const url = (JSON.parse(body) as { control: string }).control;
  expect(url).toBe(`ws://127.0.0.1:${port}/control`);
  return { stage, faults, control, server, lines, url };
}

/** A page at `/control`: what it was told, the last thing last. */
async function visit(url: string) {
  const socket = new WebSocket(url, { headers: { origin: url.replace('ws', 'http').replace('/control', '') } });
  const told: Status[] = [];
  /** How many of its orders have come, as it was told. */
  const confirmed: number[] = [];
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => {
    const { taken: orders, ...status } = JSON.parse(data.toString()) as Told;
    confirmed.push(orders);
    told.push(status);
  });
  await once(socket, 'message');
  return {
    socket,
    told,
    confirmed,
    order: (command: object) => socket.send(JSON.stringify(command)),
    /** When the page has been told all of this. */
    sees: async (change: { [F in keyof Status]?: Status[F] | undefined }) => {
      const isSo = (status = told.at(-1)) =>
        Object.entries(change).every(([field, value]) => {
          return value === undefined || status?.[field as keyof Status] === value;
        });
      while (!isSo()) await once(socket, 'message');
    },
  };
}

const initial: Status = {
  cable: 'plugged',
  delay: 0,
  heartbeats: 'answered',
  dials: 'accepted',
  skew: 0,
  server: 'up',
  node: 'A',
  killed: 'none',
  clients: 1,
  client: 'there',
  missed: 0,
  catchingUp: 0,
  returned: null,
  keeper: 'memory',
};

test('/control: what the page asks for happens, is told to each page, and in the terminal', async () => {
  const { faults, lines, url, stage } = await playing();
  faults.begin();
  await untilState(faults.connection!, 'alive');
  const { order, sees, told, confirmed, socket } = await visit(url);
  const other = await visit(url);
  expect(told).toEqual([initial]);
  expect(other.told).toEqual([initial]);

  const rows: [command: object, change: Partial<Status>, says: string][] = [
    [
      { do: 'mute' },
      { heartbeats: 'muted' },
      '▸ the server leaves heartbeats unanswered, and the numbers pause; messages pass',
    ],
    [{ do: 'unmute' }, { heartbeats: 'answered' }, '▸ the server answers heartbeats'],
    [{ do: 'delay', ms: 15 }, { delay: 15 }, '▸ the cable takes 15 ms, each way'],
    [{ do: 'delay', ms: 0 }, { delay: 0 }, '▸ the cable is as fast as ever'],
    [
      { do: 'refuse', retryAfter: 7 },
      { dials: 'refused' },
      '▸ the server refuses dials (HTTP 503), and asks to wait for 7 s',
    ],
    [{ do: 'accept' }, { dials: 'accepted' }, '▸ the server accepts dials'],
    [{ do: 'skew', ms: 5_000 }, { skew: 5_000 }, "▸ the server's clock is 5 s ahead"],
    [{ do: 'skew', ms: 0 }, { skew: 0 }, "▸ the server's clock is right"],
  ];
  for (const [command, change, says] of rows) {
    order(command);
    await sees(change);
    await other.sees(change);
    expect(lines.findLast((line) => line.startsWith('▸'))).toBe(says);
  }
  expect(told).toEqual(other.told);
  expect(told).toHaveLength(1 + rows.length);
  expect(confirmed).toEqual([0, ...rows.map((_, i) => i + 1)]);
  expect(new Set(other.confirmed)).toEqual(new Set([0]));

  const messages: unknown[] = [];
  faults.connection!.on('message', (data) => messages.push(data));
  const flooded = until(faults.connection!, 'message', (data) => data === 'flood 50 of 50');
  order({ do: 'push' });
  order({ do: 'flood', count: 50 });
  await flooded;
  expect(messages.slice(0, 2)).toEqual(['message 1', 'flood 1 of 50']);

  let restored = until(faults.connection!, 'restored');
  order({ do: 'pull' });
  await sees({ cable: 'pulled' });
  expect((await until(faults.connection!, 'lost')).cause).toBe('silent');
  order({ do: 'send', text: 'while away\u001b' });
  order({ do: 'plug' });
  await sees({ cable: 'plugged' });
  await restored;
  expect(lines).toContain('▸ the client sends: while away\\u001b; it waits for the line');
  expect(lines.filter((line) => line.startsWith('  noticed '))).toHaveLength(1);

  for (const what of ['reset', 'forget', 'reconnect']) {
    restored = until(faults.connection!, 'restored');
    order({ do: what });
    await restored;
  }
  restored = until(faults.connection!, 'restored');
  order({ do: 'restart' });
  await sees({ server: 'down' });
  await sees({ server: 'up' });
  await restored;
  await sees({ ...initial, returned: undefined });

  const first = faults.connection!;
  order({ do: 'close' });
  await untilState(first, 'closed');
  await sees({ clients: 0, client: 'closed' });
  order({ do: 'close' });
  order({ do: 'reconnect' });
  order({ do: 'send', text: 'too late' });
  order({ do: 'dial' });
  await sees({ clients: 1 });
  expect(lines).toContain('▸ the client sends: too late; refused');
  expect(faults.connection).not.toBe(first);

  // What the terminal does is seen on the page as well.
  faults.act({ do: 'pull' });
  await other.sees({ cable: 'pulled' });
  stage.cable.silence('none');
  other.socket.terminate();
  socket.terminate();
});

test('/control: what is malformed is ignored, what is too long ends the page, strangers are refused', async () => {
  const { faults, lines, url } = await playing();
  const { socket, order, sees, told, confirmed } = await visit(url);
  const nonsense = [
    '',
    '{',
    'null',
    '[]',
    '"pull"',
    '1',
    '{"do":1}',
    '{"do":"__proto__"}',
    '{"do":"constructor"}',
    '{"do":"quit"}',
  ];
  for (const text of nonsense) socket.send(text);
  socket.send(Buffer.from('{"do":"pull"}'));
  order({ do: 'delay', ms: '400' });
  order({ do: 'delay', ms: -1 });
  order({ do: 'flood', count: 1e9 });
  // Before there is a connection, there is nothing to do with it.
  for (const what of ['close', 'dial', 'reconnect']) order({ do: what });
  order({ do: 'send', text: 'x' });
  order({ do: 'mute' });
  await sees({ heartbeats: 'muted' });
  // An order that changes nothing is answered as well.
  expect(told).toHaveLength(6);
  expect(confirmed).toEqual([0, 1, 2, 3, 4, 5]);
  socket.send(beat.question);
  const [answer] = (await once(socket, 'message')) as [Buffer];
  expect(answer.toString()).toBe(beat.answer);
  expect(lines).toEqual(['▸ the server leaves heartbeats unanswered, and the numbers pause; messages pass']);

  const closed = once(socket, 'close');
  socket.send(JSON.stringify({ do: 'send', text: 'x'.repeat(20_000) }));
  expect((await closed)[0]).toBe(1009);
  for (const headers of foreign) expect(await upgrade(url, headers)).toBe('403');
  expect(await upgrade(url)).toBe('open');
  expect(await upgrade(url.replace('/control', '/controls'))).toBe('404');
  expect(await upgrade(url.replace('/control', '/__proto__'))).toBe('404');
  expect(faults.connection).toBeUndefined();
});

test('a page that does not answer does not hold the end', async () => {
  const { control, server, url } = await playing();
  const { host, port } = new URL(url);
  const mute = connect(Number(port), '127.0.0.1');
  const closed = new Promise((gone) => mute.on('close', gone));
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
  mute.write(`GET /control HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`);
  const [answer] = (await once(mute, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /);
  control.stop();
  await server.close();
  await closed;
});

test.each([
  ['{"do":"pull","more":1}', { do: 'pull' }],
  ['{"do":"delay","ms":400}', { do: 'delay', ms: 400 }],
  ['{"do":"delay","ms":60001}', undefined],
  ['{"do":"delay","ms":0.5}', undefined],
  ['{"do":"delay"}', undefined],
  ['{"do":"skew","ms":-90000}', { do: 'skew', ms: -90_000 }],
  ['{"do":"skew","ms":1e300}', undefined],
  ['{"do":"refuse"}', { do: 'refuse' }],
  ['{"do":"refuse","retryAfter":3600}', { do: 'refuse', retryAfter: 3_600 }],
  ['{"do":"refuse","retryAfter":"1\\r\\nX: y"}', undefined],
  ['{"do":"flood","count":10000}', { do: 'flood', count: 10_000 }],
  ['{"do":"flood","count":0}', undefined],
  [`{"do":"send","text":"${'x'.repeat(1_000)}"}`, { do: 'send', text: 'x'.repeat(1_000) }],
  [`{"do":"send","text":"${'x'.repeat(1_001)}"}`, undefined],
  ['{"do":"send","text":{}}', undefined],
  ['{"do":"kill","node":"A","more":1}', { do: 'kill', node: 'A' }],
  ['{"do":"revive","node":"B"}', { do: 'revive', node: 'B' }],
  ['{"do":"kill"}', undefined],
  ['{"do":"kill","node":"C"}', undefined],
  ['{"do":"kill","node":["A"]}', undefined],
])('the command %s', (text, command) => {
  expect(commandIn(text)).toEqual(command);
});

test.each<[platform: NodeJS.Platform, env: NodeJS.ProcessEnv, opener: string | undefined]>([
  ['darwin', {}, 'open'],
  ['darwin', { CI: 'true' }, undefined],
  ['linux', {}, undefined],
  ['linux', { DISPLAY: '' }, undefined],
  ['linux', { DISPLAY: ':0' }, 'xdg-open'],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, 'xdg-open'],
  ['linux', { DISPLAY: ':0', CI: '1' }, undefined],
  ['win32', { DISPLAY: ':0' }, undefined],
])('on %s with %j the page is opened with %s', (platform, env, opener) => {
  expect(openerFor(platform, env)).toBe(opener);
});

const hasPseudoTerminal =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

/** In a pseudo-terminal, on what passes for a desktop. */
function onDesktop(...args: string[]): Command & { opened: string } {
  const desktop = mkdtempSync(join(folder, 'desktop-'));
  const opened = join(desktop, 'opened');
  const opener = join(desktop, 'xdg-open');
  writeFileSync(opener, `#!/bin/sh\necho "$*" > '${opened}.part' && mv '${opened}.part' '${opened}'\n`);
  chmodSync(opener, 0o755);
  const env = ['-u', 'CI', 'DISPLAY=:0', `PATH=${desktop}:${process.env['PATH']}`];
  const typed = [process.execPath, commandOf(whole), ...args].map((word) => `'${word}'`).join(' ');
  return Object.assign(started(new Command('env', [...env, 'script', '-qec', typed, '/dev/null'])), { opened });
}

test.runIf(hasPseudoTerminal && process.platform === 'linux')(
  'the demo in a terminal opens its page: what is ordered there happens, and what the keys do is told there',
  async () => {
    const demo = onDesktop('demo', '--interval', '400', '--timeout', '400');
    const port = await portOf(demo);
    await expect.poll(() => existsSync(demo.opened), { timeout: 20_000 }).toBe(true);
    expect(readFileSync(demo.opened, 'utf8')).toBe(`http://127.0.0.1:${port}/\n`);
    const host = `127.0.0.1:${port}`;
    expect(JSON.parse((await ask(port, '/config.json')).body)).toEqual({
      sources: [`ws://${host}/inspect`],
      control: `ws://${host}/control`,
    });
    for (const path of ['inspect', 'control']) {
      for (const headers of foreign) expect(await upgrade(`ws://${host}/${path}`, headers)).toBe('403');
      expect(await upgrade(`ws://${host}/${path}`)).toBe('open');
    }
    await demo.line(/● alive/);
    const { order, sees } = await visit(`ws://${host}/control`);
    order({ do: 'pull' });
    await demo.line(/▸ the cable is pulled/);
    await demo.line(/noticed .* no close event/);
    demo.type('p');
    await sees({ cable: 'plugged' });
    await demo.line(/…-A1 → …-A\d/);
    order({ do: 'close' });
    await demo.line(/× closed/);
    demo.type('c');
    await demo.line(/▸ the client begins a new connection/);
    demo.type('q');
    expect(await demo.ended).toEqual({ code: 0, signal: null });
  },
);

test
  .runIf(hasPseudoTerminal && process.platform === 'linux')
  .each([
    [['visualize', '--port', '0', '--no-open']],
    [['demo', '--no-open']],
    [['demo', '--script', '--interval', '300', '--timeout', '300']],
  ])('%j opens nothing', async (args) => {
  const command = onDesktop(...args);
  await portOf(command);
  if (args.includes('--no-open')) await turn();
  else await command.line(/alive/);
  expect(existsSync(command.opened)).toBe(false);
});

interface RecordedLine {
  type?: string;
  at?: number;
  session?: string;
  value?: unknown;
  event?: { type: string };
  [field: string]: unknown;
}

const read = (file: string): RecordedLine[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedLine);

test('record: a line for each thing, without secrets, to the end of the connection', async () => {
  const server = await served();
  const file = join(mkdtempSync(join(folder, 'record-')), 'line.jsonl');
  const url = `ws://ann:hunter2@127.0.0.1:${server.port}/push?token=hunter2`;
  const args = ['--record', file, '--header', 'Authorization: hunter2', '--interval', '300', '--timeout', '5000'];
  const watch = run('watch', url, ...args);
  await watch.line(/♥ beat/);
  server.type('hunter2\n');
  await server.line(/pushed/);
  expect(read(file)[0]).toEqual({ systole: 'recording', version: 1 });
  // While it goes on.
  await expect.poll(() => read(file).map(({ event }) => event?.type)).toContain('peer.beat');
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);

  watch.process.kill('SIGINT');
  expect(await watch.ended).toEqual({ code: 0, signal: null });
  const text = readFileSync(file, 'utf8');
  expect(text).not.toContain('hunter2');
  expect(text.endsWith('\n')).toBe(true);
  const [, ...entries] = read(file);
  expect(entries[0]?.type).toBe('registered');
  expect(entries.at(-1)?.type).toBe('stopped');
  expect(new Set(entries.map(({ session }) => session)).size).toBe(1);
  const times = entries.map(({ at }) => at!);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(entries.map(({ event }) => event?.type)).toEqual(
    expect.arrayContaining(['socket.opened', 'peer.named', 'user.closed']),
  );
  expect(watch.stderr).toBe('');
});

test('record: a file that is there is overwritten with --force only; what fails names no file', async () => {
  const server = await served();
  const url = `ws://127.0.0.1:${server.port}`;
  const file = join(mkdtempSync(join(folder, 'record-')), 'hunter2');
  writeFileSync(file, 'precious');
  const refused = run('watch', url, '--record', file);
  expect(await refused.ended).toEqual({ code: 1, signal: null });
  expect(refused.stderr).toBe('systole watch: --record: there is such a file already; --force overwrites it\n');
  // Nor by what was typed wrongly.
  const wrong = run('watch', `${url}#fragment`, '--record', file, '--force');
  expect((await wrong.ended).code).toBe(2);
  expect(readFileSync(file, 'utf8')).toBe('precious');

  const astray = run('watch', url, '--record', `${url}/?token=hunter2`);
  expect(await astray.ended).toEqual({ code: 1, signal: null });
  expect(astray.stderr).toBe('systole watch: --record: the file cannot be written (ENOENT)\n');

  const forced = run('watch', url, '--record', file, '--force', '--interval', '200', '--timeout', '5000');
  await forced.line(/♥ beat/);
  // Nothing is lost of a process that is killed.
  forced.process.kill('SIGKILL');
  await forced.ended;
  expect(read(file)[0]).toEqual({ systole: 'recording', version: 1 });
  expect(read(file).map(({ event }) => event?.type)).toContain('peer.named');

  const without = runBare('watch', url, '--record', join(folder, 'never'));
  expect(await without.ended).toEqual({ code: 1, signal: null });
  expect(without.stderr).toBe('systole watch: --record: the visualizer is not built here: npm run build\n');
  expect(existsSync(join(folder, 'never'))).toBe(false);
});

test.runIf(process.platform !== 'win32')(
  'record: --force leaves nothing to read for others, also where they have the file open, or a link is in its place',
  async () => {
    // As it is built, beside the bridge.
    const built = (await import(join(whole, 'dist/bin/recording.js'))) as typeof import('../../bin/recording.ts');
    const inside = mkdtempSync(join(folder, 'record-'));
    const [file, link, precious] = ['line.jsonl', 'link.jsonl', 'precious'].map((name) => join(inside, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(file, 'old', { mode: 0o644 });
    writeFileSync(precious, 'precious', { mode: 0o644 });
    symlinkSync(precious, link);
    const reader = openSync(file, 'r');
    onTestFinished(() => closeSync(reader));

    for (const name of [file, link]) {
      const recording = await built.Recording.open(name, true);
      expect(statSync(name).mode & 0o777).toBe(0o600);
      recording.end();
      expect(read(name)).toEqual([{ systole: 'recording', version: 1 }]);
    }
    expect(readFileSync(reader, 'utf8'), 'who had it open').toBe('old');
    expect(readFileSync(precious, 'utf8'), 'where the link led').toBe('precious');
    expect(statSync(precious).mode & 0o777).toBe(0o644);
    expect(readdirSync(inside).toSorted()).toEqual(['line.jsonl', 'link.jsonl', 'precious']);

    // Where it cannot take the name: nothing is left of it.
    mkdirSync(join(inside, 'folder'));
    await expect(built.Recording.open(join(inside, 'folder'), true)).rejects.toThrow('cannot be written (EISDIR)');
    expect(readdirSync(inside)).toHaveLength(4);
  },
);

test('record: no file is larger than the page loads: it ends there, and says so', async () => {
  const server = await served();
  const file = join(mkdtempSync(join(folder, 'record-')), 'line.jsonl');
  // As they are built, beside the bridge.
  const built = async <T>(path: string) => (await import(join(whole, 'dist', path))) as T;
  const { Recording } = await built<typeof import('../../bin/recording.ts')>('bin/recording.js');
  const { connect: dial } = await built<typeof import('../../adapters/index.ts')>('adapters/index.js');
  const recording = await Recording.open(file, false, 200_000);
  const connection = dial(`ws://127.0.0.1:${server.port}`, { inspect: recording.inspect });
  onTestFinished(() => connection.close());
  const again = setInterval(() => connection.reconnect(), 5);
  await recording.failed;
  clearInterval(again);
  expect(() => recording.end()).toThrow('--record: the file is full: the page loads 100 MiB');
  expect(statSync(file).size).toBeLessThanOrEqual(200_000);
  expect(read(file).length).toBeGreaterThan(10);
});

test.runIf(existsSync('/dev/full'))('record: on a full disk the watch ends, and says so', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  onTestFinished(() => server.close());
  const { port } = server.address() as AddressInfo;
  const watch = run('watch', `ws://127.0.0.1:${port}`, '--protocol', 'silent', '--record', '/dev/full', '--force');
  expect(await watch.ended).toEqual({ code: 1, signal: null });
  expect(watch.stderr).toBe('systole watch: --record: the file cannot be written (ENOSPC)\n');
  expect(watch.lines.at(-2)).toMatch(/× closed/);
});
