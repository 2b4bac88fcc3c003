/**
 * `systole serve` and `systole watch`, as real processes.
 */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough } from 'node:stream';

import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { duration, printable, terminalOn } from '../../bin/terminal.ts';
import { run, served } from '../helpers/command.ts';
import { closedPort } from '../helpers/support.ts';
import { faultProxy } from '../kit/fault-proxy.ts';

/** Beats often; a busy machine has time to answer. */
const brisk = ['--interval', '300', '--timeout', '5000'];

/** The states a watch has printed, with what else was said of each. */
const told = (lines: string[]): string[] =>
  lines
    .map((line) => /^ +[\d.]+ +(?:[\w-]+ →)? +[○◔●◑↻◌×] (.*)/.exec(line)?.[1]?.replace(/ +/, ' ').trim())
    .filter((state) => state !== undefined);

/** A `ws` server for what `systole serve` does not do. */
async function webSocketServer(
  welcome: (socket: WebSocket) => void = () => {},
): Promise<WebSocketServer & { port: number }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', welcome);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

async function httpServer(listener: RequestListener): Promise<number> {
  const server = createServer(listener).on('upgrade', (request, socket) => {
    socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
    request.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test.each([
  [['--help'], ['demo', 'watch', 'serve', 'publish', 'visualize']],
  [
    ['serve', '--help'],
    ['--port', '--tick', '--push', '--log', '--messages', '--silence', '--allow-origin'],
  ],
  [
    ['publish', '--help'],
    ['TOPIC', 'TEXT', '--log', '--id', 'npm install'],
  ],
  [
    ['watch', '-h'],
    ['--protocol', '--interval', '--timeout', '--header', '--subprotocol', '--messages', '--json', '--retries'],
  ],
  [
    ['watch', '--help'],
    ['--topic', '--cursor', '--record FILE', '--force', '--ca FILE', '--insecure'],
  ],
  [
    ['demo', '--help'],
    ['--script', '--interval', '--timeout', '--port', '--page-port', '--no-open'],
  ],
  [
    ['visualize', '--help'],
    ['--port', '--connect', '--no-open'],
  ],
  [['--version'], ['0.']],
])('%j helps', async (args, words) => {
  const command = run(...args);
  expect(await command.ended).toEqual({ code: 0, signal: null });
  expect(words.filter((word) => !command.stdout.includes(word))).toEqual([]);
  // Readable in the narrowest of terminals.
  expect(command.lines.filter((line) => line.length > 80)).toEqual([]);
  expect(command.stderr).toBe('');
});

const secret = 'wss://ann:hunter2@127.0.0.1:1/?token=hunter2';
test.each([
  [[], 'usage'],
  [['frobnicate'], 'no such command'],
  [[secret], 'no such command'],
  [['serve', '--frob'], 'argument 1 is not an option'],
  [['watch', secret, '--json', '--hunter2'], 'argument 3 is not an option'],
  [['watch', secret, '--hunter2=hunter2'], 'argument 2 is not an option'],
  [['visualize', '--no-open', '-x', 'hunter2'], 'argument 2 is not an option'],
  [['serve', 'more'], 'options only'],
  [['serve', '--port', '65536'], '--port'],
  [['serve', '--port', '-1'], '--port'],
  [['serve', '--tick', '0'], '--tick'],
  [['serve', '--silence', 'long'], '--silence'],
  [['serve', '--log', 'memory'], '--push'],
  [['serve', '--push', '--log', secret], '--log must be memory, redis://HOST:PORT or nats://HOST:PORT'],
  [['serve', '--push', '--log', 'hunter2'], '--log'],
  [['serve', '--push', '--log', 'redis:hunter2'], '--log'],
  [['serve', '--push', '--log', 'redis://h/hunter2'], '--log'],
  [['serve', '--push', '--log', 'nats://h/?hunter2'], '--log'],
  [['serve', '--push', '--log', 'redis://ann:hunter2/x@h'], '--log'],
  [['serve', '--push', '--log', 'redis://ann:1/hunter2@h'], 'percent-encoded'],
  [['serve', '--push', '--log', 'redis://ann:hunter2%@h'], 'percent-encoded'],
  [['publish'], 'TOPIC'],
  [['publish', 'news'], 'TEXT'],
  [['publish', 'news', 'hunter2'], '--log'],
  [['publish', 'news', 'hunter2', 'more', '--log', 'redis://h'], 'one TEXT'],
  [['publish', secret, 'text?', '--log', 'redis://h'], 'TOPIC must be'],
  [['publish', 'news', 'text', '--log', 'memory'], 'memory is gone with this process'],
  [['publish', 'news', '-', '--log', 'redis://h', '--id', 'hunter2'], '--id'],
  [['watch', secret, '--topic', 'news', '--protocol', 'id-heartbeat'], '--protocol'],
  [['watch', secret, '--topic', 'hunter2 news'], '--topic'],
  [['watch', secret, '--topic', 'news', '--heartbeat', 'ping'], '--heartbeat'],
  [['watch', secret, '--cursor', 'hunter2.1'], '--cursor'],
  [['watch', secret, '--topic', 'a', '--topic', 'b', '--cursor', 'hunter2.1'], '--cursor'],
  [['watch', secret, '--topic', 'a', '--cursor', 'hunter2'], '--cursor'],
  [['serve', '--allow-origin', 'example.com'], '--allow-origin'],
  [['serve', '--allow-origin', 'https://example.com/path'], '--allow-origin'],
  [['demo', '--interval', '1e3'], '--interval'],
  [['demo', '--timeout'], '--timeout'],
  [['demo', '--port', '80.5'], '--port'],
  [['demo', '--page-port', '65536'], '--page-port'],
  [['visualize', 'more'], 'options only'],
  [['visualize', '--port', 'any'], '--port'],
  [['visualize', '--connect', secret], '--connect'],
  [['visualize', '--connect', 'ws://hunter2.example:8888'], '--connect'],
  [['visualize', '--connect', 'ws://127.0.0.1:8888@hunter2.example/'], '--connect'],
  [['visualize', '--connect', 'ws://ann:hunter2@127.0.0.1:8888'], '--connect'],
  [['visualize', '--connect', 'ws://127.0.0.1:8888/#hunter2'], '--connect'],
  [['visualize', '--connect', 'http://127.0.0.1:8888'], '--connect'],
  [['visualize', '--connect', 'ws://127.0.0.1:99999'], '--connect'],
  [['watch', secret, '--force'], '--force'],
  [['watch', secret, '--record'], '--record'],
  [['watch'], 'URL'],
  [['watch', secret, 'more'], 'one URL'],
  [['watch', `${secret}#fragment`], 'fragment'],
  [['watch', 'ftp://ann:hunter2@127.0.0.1/'], 'scheme'],
  [['watch', '//hunter2'], 'URL'],
  [['watch', secret, '--protocol', 'carrier-pigeon'], '--protocol'],
  [['watch', secret, '--protocol', '__proto__'], '--protocol'],
  [['watch', secret, '--interval', '2147483648'], '--interval'],
  [['watch', secret, '--timeout', secret], '--timeout'],
  [['watch', secret, '--retries', 'many'], '--retries'],
  [['watch', secret, '--heartbeat', 'ping'], '--heartbeat'],
  [['watch', secret, '--reply', 'pong'], '--reply'],
  [['watch', secret, '--header', 'hunter2'], '--header'],
  [['watch', secret, '--header', 'Authorization Bearer hunter2:x'], '--header'],
  [['watch', secret, '--header', 'A: b', '--header', 'hunter2 c: d'], 'number 2 of 2'],
  [['watch', secret, '--header', 'Authorization: hunter2\u0007'], '--header'],
  [['watch', secret, '--subprotocol', 'a b'], '--subprotocol'],
  [['watch', secret, '--subprotocol', 'a', '--subprotocol', 'Bearer hunter2'], '--subprotocol: number 2 of 2'],
  [['watch', secret, '--subprotocol', 'hunter2', '--subprotocol', 'hunter2'], '--subprotocol'],
  [['watch', 'hunter2:ann@127.0.0.1'], 'scheme'],
  [['watch', secret, '--json=yes'], '--json'],
])('typed wrongly: %j', async (args, named) => {
  const command = run(...args);
  expect(await command.ended).toEqual({ code: 2, signal: null });
  expect(command.stdout).toBe('');
  expect(command.stderr).toContain(named);
  expect(command.stderr).not.toContain('hunter2');
  expect(command.stderr).not.toContain('    at ');
});

test('a typed line arrives; the server is killed, the watch tells when it dials again; ctrl-C ends it', async () => {
  const server = await served();
  const watch = run('watch', `ws://127.0.0.1:${server.port}`, '--messages', ...brisk);
  await watch.line(/● alive/);
  expect(await server.line(/connected/)).toMatch(/\+ [0-9a-f]{8}  connected; 1 client$/);

  server.type('hello, all\n');
  expect(await watch.line(/message/)).toMatch(/‹ message +hello, all$/);
  expect(await server.line(/› pushed/)).toMatch(/pushed to 1 client: hello, all$/);
  await watch.line(/♥ beat +round trip [\d.]+ ms$/);

  server.process.kill('SIGKILL');
  expect(await watch.line(/alive → ↻ reconnecting/)).toMatch(/peer-closed · 1006 · dials in [\d.]+ m?s$/);
  expect(await watch.line(/connecting → ↻ reconnecting/)).toMatch(/refused · ECONNREFUSED · dials in [\d.]+ m?s$/);

  watch.process.kill('SIGINT');
  expect(await watch.ended).toEqual({ code: 0, signal: null });
  const states = told(watch.lines);
  expect(states[2]).toMatch(/^alive id …[0-9a-f]{2}$/);
  expect(states.map((state) => state.split(' ', 1)[0]).slice(0, 5)).toEqual([
    'connecting',
    'awaiting-id',
    'alive',
    'reconnecting',
    'connecting',
  ]);
  expect(states.at(-1)).toBe('closed user-closed');
  expect(watch.stderr + server.stderr).toBe('');
});

test('a pulled cable is noticed, and the watch closes a line that is alive with a handshake', async () => {
  const server = await served('--tick', '100');
  const cable = await faultProxy(server.port);
  onTestFinished(() => cable.close());
  const watch = run('watch', `ws://127.0.0.1:${cable.port}`, '--interval', '300', '--timeout', '1000');
  await watch.line(/● alive/);
  cable.silence();
  expect(await watch.line(/alive → ◑ stale/)).toMatch(/silent · asks again$/);
  expect(await watch.line(/stale → ↻ reconnecting/)).toMatch(/silent · dials at once$/);
  cable.heal();
  expect(await watch.line(/● alive .*back/)).toMatch(
    /id …[0-9a-f]{2} → …[0-9a-f]{2} · back after [\d.]+ m?s, \d+ dials?$/,
  );
  watch.process.kill('SIGTERM');
  expect(await watch.ended).toEqual({ code: 0, signal: null });
  expect(told(watch.lines).slice(-2)).toEqual(['closing user-closed', 'closed user-closed · 1000']);
  expect(watch.stdout).not.toContain('tick');
});

test('a second ctrl-C does not wait for a server that does not answer', async () => {
  const server = await served();
  const cable = await faultProxy(server.port);
  onTestFinished(() => cable.close());
  const watch = run('watch', `ws://127.0.0.1:${cable.port}`);
  await watch.line(/● alive/);
  cable.silence();
  watch.process.kill('SIGINT');
  await watch.line(/◌ closing/);
  watch.process.kill('SIGINT');
  expect(await watch.ended).toEqual({ code: 130, signal: null });
  expect(watch.stdout).not.toContain('× closed');
});

test('nobody listens: exit code 1 after the retries', async () => {
  const watch = run('watch', `ws://127.0.0.1:${await closedPort()}`, '--retries', '1');
  expect(await watch.ended).toEqual({ code: 1, signal: null });
  const states = told(watch.lines);
  expect(states[1]).toMatch(/^reconnecting refused · ECONNREFUSED · dials in \d+ ms$/);
  expect([states[0], ...states.slice(2)]).toEqual([
    'connecting',
    'connecting',
    'closed retries-exhausted · after refused · ECONNREFUSED',
  ]);
});

test('the server says no for good: exit code 1', async () => {
  const watch = run('watch', `ws://127.0.0.1:${await httpServer(() => {})}`);
  expect(await watch.ended).toEqual({ code: 1, signal: null });
  expect(told(watch.lines)).toEqual(['connecting', 'closed fatal · after refused · HTTP 401']);
});

test.each([[[]], [['--json']]])('no token of the URL and no header is ever printed %j', async (more) => {
  const server = await webSocketServer((socket) => socket.close(4000, 'go away'));
  const watch = run(
    'watch',
    `ws://ann:hunter2@127.0.0.1:${server.port}/hunter2/push?token=hunter2`,
    '--protocol=silent',
    '--retries=2',
    '--header',
    'X-Token: hunter2',
    ...more,
  );
  expect(await watch.ended).toEqual({ code: 1, signal: null });
  expect(watch.stdout).toContain('retries-exhausted');
  expect(watch.stdout + watch.stderr).not.toContain('hunter2');
  const shown = watch.lines.filter((line) => line.startsWith('systole watch'));
  expect(shown).toEqual(more.length > 0 ? [] : [`systole watch  ws://127.0.0.1:${server.port}/…  silent`]);
});

test('headers and subprotocols are sent, and a server of two words is understood', async () => {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => [...offered][1] ?? false,
  });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const asked: string[] = [];
  const upgraded = once(server, 'connection');
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      asked.push(data.toString());
      socket.send('here');
    });
  });
  const { port } = server.address() as AddressInfo;
  const texts = ['--protocol', 'plain', '--heartbeat', 'there?', '--reply', 'here', '--messages'];
  const extras = ['--header', 'X-One: 1', '--header', 'X-Two:two: 2', '--subprotocol', 'a', '--subprotocol', 'b'];
  const watch = run('watch', `ws://127.0.0.1:${port}`, ...texts, ...extras, ...brisk);
  const [socket, request] = (await upgraded) as [WebSocket, { headers: Record<string, string> }];
  expect(socket.protocol).toBe('b');
  expect(request.headers).toMatchObject({ 'x-one': '1', 'x-two': 'two: 2', 'sec-websocket-protocol': 'a,b' });
  await watch.line(/♥ beat/);
  expect(asked).toContain('there?');
  expect(watch.stdout).not.toContain('message');
  watch.process.kill('SIGINT');
  expect(await watch.ended).toEqual({ code: 0, signal: null });
});

test('JSON: one object a line, times in ms, binary as base64', async () => {
  const server = await webSocketServer((socket) => {
    socket.send(JSON.stringify({ id: 'one', now_time: Date.now() }));
    socket.send('text');
    socket.send(Buffer.from([0, 255]));
    socket.close(4001, 'enough');
  });
  const watch = run('watch', `ws://127.0.0.1:${server.port}`, '--json', '--messages', '--retries', '0');
  expect(await watch.ended).toEqual({ code: 1, signal: null });
  const printed = watch.lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
  const end = { after: 'peer-closed', code: 4001, reason: 'enough', wasClean: true };
  const times = printed.map(({ at }) => at as number);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(printed.map(({ at: _at, ...rest }) => rest)).toEqual([
    { type: 'state', state: 'connecting' },
    { type: 'state', state: 'awaiting-id', previous: 'connecting' },
    { type: 'state', state: 'alive', previous: 'awaiting-id', id: '…e' },
    { type: 'message', data: 'text' },
    { type: 'message', base64: 'AP8=' },
    { type: 'state', state: 'closed', previous: 'alive', cause: 'peer-closed', ...end },
  ]);
});

test.each([[[]], [['--json']]])('nothing that a server sends is obeyed by the terminal %j', async (more) => {
  const hostile = '\u001b[2J\u009b31m\u0007\r\n\u202egnp.exe\u2028';
  const server = await webSocketServer((socket) => {
    socket.send(JSON.stringify({ id: hostile, now_time: Date.now() }));
    socket.send(hostile);
    socket.close(4000, hostile);
  });
  const watch = run('watch', `ws://127.0.0.1:${server.port}`, '--messages', '--retries', '0', ...more);
  expect(await watch.ended).toEqual({ code: 1, signal: null });
  expect(watch.stdout).toContain('gnp.exe');
  expect(watch.stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028-\u202e]/u);
  expect(watch.lines.filter((line) => line.includes('gnp.exe'))).toHaveLength(2);
  expect(watch.lines.filter((line) => line.includes('exe\\u2028'))).toHaveLength(3);
  const read =
    more.length === 0 ? [hostile] : watch.lines.filter((line) => line !== '').map((line) => JSON.parse(line).data);
  expect(read).toContain(hostile);
});

test('a reader that goes away ends the watch', async () => {
  const server = await served('--tick', '20');
  const watch = run('watch', `ws://127.0.0.1:${server.port}`, '--messages');
  await watch.line(/● alive/);
  watch.process.stdout.destroy();
  expect(await watch.ended).toEqual({ code: 0, signal: null });
  expect(watch.stderr).toBe('');
});

async function upgrade(port: number, headers: Record<string, string>): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers });
  socket.on('error', () => {});
  const outcome = Promise.race([
    once(socket, 'open').then(() => 'open'),
    once(socket, 'unexpected-response').then(([, response]) => String((response as { statusCode: number }).statusCode)),
  ]);
  const answer = await outcome;
  socket.terminate();
  return answer;
}

test('serve: only this machine and the pages it was told of may connect', async () => {
  const { port, ...server } = await served(
    '--allow-origin',
    'https://app.example.com',
    '--allow-origin',
    'HTTPS://Other.example:443/',
  );
  const local = `127.0.0.1:${port}`;
  const rows: [headers: Record<string, string>, answer: string][] = [
    [{ host: local }, 'open'],
    [{ host: 'localhost' }, 'open'],
    [{ host: 'LocalHost:99' }, 'open'],
    [{ host: '[::1]:99' }, 'open'],
    [{ host: 'evil.example' }, '403'],
    [{ host: `evil.example:${port}` }, '403'],
    [{ host: `localhost.evil.example:${port}` }, '403'],
    [{ host: '127.0.0.1.evil.example' }, '403'],
    [{ host: 'localhost:80:80' }, '403'],
    [{ host: '192.168.0.1' }, '403'],
    [{ host: local, origin: 'http://localhost:3000' }, 'open'],
    [{ host: local, origin: 'https://127.0.0.1' }, 'open'],
    [{ host: local, origin: 'http://[::1]:3000' }, 'open'],
    [{ host: local, origin: 'https://app.example.com' }, 'open'],
    [{ host: local, origin: 'https://other.example' }, 'open'],
    [{ host: local, origin: 'https://app.example.com:8443' }, '403'],
    [{ host: local, origin: 'http://app.example.com' }, '403'],
    [{ host: local, origin: 'https://app.example.com.evil.example' }, '403'],
    [{ host: local, origin: 'http://localhost.evil.example' }, '403'],
    [{ host: local, origin: 'http://127.0.0.1@evil.example' }, '403'],
    [{ host: local, origin: 'file://' }, '403'],
    [{ host: local, origin: 'null' }, '403'],
    [{ host: local, origin: 'chrome-extension://localhost' }, '403'],
    [{ host: 'evil.example', origin: 'https://app.example.com' }, '403'],
  ];
  const answers = [];
  for (const [headers] of rows) answers.push([headers, await upgrade(port, headers)]);
  expect(answers).toEqual(rows);
  expect(server.process.exitCode).toBeNull();
});

test('serve: tells of whom it refused, without obeying them', async () => {
  const server = await served();
  await upgrade(server.port, { host: 'evil.example' });
  await upgrade(server.port, { origin: 'http://evil.example/\u009b2J' });
  expect(await server.line(/Host/)).toMatch(/! refused: the Host evil\.example is not this machine$/);
  expect(await server.line(/Origin/)).toMatch(/refused: the Origin http:\/\/evil\.example\/.*2J is not allowed$/);
  expect(server.stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});

test('serve: listens on 127.0.0.1 alone', async () => {
  const { port } = await served();
  // Another address of the same machine, on Linux; nothing at all elsewhere.
  const socket = connect({ host: '127.0.0.2', port, timeout: 2_000 });
  const outcome = await new Promise((resolve) => {
    socket
      .on('connect', () => resolve('connected'))
      .on('error', () => resolve('refused'))
      .on('timeout', () => resolve('refused'));
  });
  socket.destroy();
  expect(outcome).toBe('refused');
});

test('serve: goes on without input, drops who is silent, and says good-bye', async () => {
  const server = await served('--silence', '2500', '--tick', '50');
  server.process.stdin.end();
  const mute = new WebSocket(`ws://127.0.0.1:${server.port}`, { autoPong: false });
  const [code] = (await once(mute, 'close')) as [number];
  expect(code).toBe(1006);
  expect(await server.line(/dropped/)).toMatch(/- [0-9a-f]{8}  dropped: silent for more than 2\.5 s; 0 clients$/);

  const socket = new WebSocket(`ws://127.0.0.1:${server.port}`);
  const messages: string[] = [];
  socket.on('message', (data: Buffer) => messages.push(data.toString()));
  while (messages.length < 3) await once(socket, 'message');
  expect(messages[1]).toMatch(/^tick \d+ \d{4}-/);
  server.process.kill('SIGTERM');
  expect((await once(socket, 'close'))[0]).toBe(1001);
  expect(await server.ended).toEqual({ code: 0, signal: null });
  expect(await server.line(/left/)).toMatch(/left \(1001\); 0 clients$/);
  expect(server.lines.at(-2)).toMatch(/× ended$/);
});

test('serve: ends though a client does not answer its close, and another says nothing at all', async () => {
  const server = await served();
  const cable = await faultProxy(server.port);
  onTestFinished(() => cable.close());
  const socket = new WebSocket(`ws://127.0.0.1:${cable.port}`);
  await once(socket, 'message');
  const idle = connect(server.port, '127.0.0.1');
  await once(idle, 'connect');
  cable.silence();
  server.process.kill('SIGINT');
  expect(await server.ended).toEqual({ code: 0, signal: null });
  idle.destroy();
  socket.terminate();
});

test('a port in use is a plain error', async () => {
  const { port } = await served();
  const second = run('serve', '--port', String(port));
  expect(await second.ended).toEqual({ code: 1, signal: null });
  expect(second.stderr).toMatch(/^systole serve: --port: .*EADDRINUSE.*\n$/);
});

test('colour and renewed lines only where a person looks', () => {
  const written = (env: NodeJS.ProcessEnv, isTTY: boolean) => {
    const out = Object.assign(new PassThrough(), { isTTY, columns: 80 });
    const { print, paint } = terminalOn(out as never, env);
    print(paint('green', 'a'));
    print('b', true);
    print('c', true);
    print('x'.repeat(81), true);
    print('d');
    print('e', true);
    return String(out.read());
  };
  const long = 'x'.repeat(81);
  const up = '\u001b[1A\u001b[2K';
  expect(written({}, true)).toBe(`\u001b[32ma\u001b[0m\nb\n${up}c\n${long}\nd\ne\n`);
  expect(written({ NO_COLOR: '1' }, true)).toBe(`a\nb\n${up}c\n${long}\nd\ne\n`);
  for (const plain of [written({}, false), written({ TERM: 'dumb' }, true)])
    expect(plain).toBe(`a\nb\nc\n${long}\nd\ne\n`);
});

test('texts of strangers are cut, durations rounded', () => {
  expect(printable('x'.repeat(1_000_000))).toBe(`${'x'.repeat(400)}… (1000000 characters)`);
  expect(printable('a\n\u001bb é 👩‍🚀')).toBe('a\\u000a\\u001bb é 👩‍🚀');
  expect([0.456, 9.96, 999.4, 999.6, 1_600, 60_000, 3_600_000].map(duration)).toEqual([
    '0.46 ms',
    '10 ms',
    '999 ms',
    '1 s',
    '1.6 s',
    '60 s',
    '3600 s',
  ]);
});
