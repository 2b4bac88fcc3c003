/**
 * A secret, wherever an app or a user may put one, is in nothing that systole says: no event, error, warning, snapshot, inspection, recording, nor line of the
 * terminal. The app itself is told the whole name of its session, and given its own messages; nobody else is.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createActor, createMachine } from 'xstate';

import { connect, type Connection, type ConnectionEvents, type ConnectOptions } from '../../adapters/index.ts';
import { connectionInput, HeartbeatWebSocket } from '../../adapters/index.websocket.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import { inspect, observe, serveInspection } from '../../visualizer/bridge/inspect.node.ts';
import { run } from '../helpers/command.ts';
import { closedPort, listen, speakIdHeartbeat, until, untilSo } from '../helpers/support.ts';

/** No word of anybody else, and one that passes as a token, a header's name, a path, a host's label. */
const secret = 'Hush7kqz';
/** Of a session. Its end, `…wxyz`, is shown. */
const name = 'Nym5jvq-of-the-session-wxyz';

/** Names its clients, agrees to what subprotocol is offered, and pushes what is secret. */
async function confidant() {
  return await listen(
    (socket) => {
      speakIdHeartbeat(socket, name);
      socket.send(`for you alone: ${secret}`);
    },
    { handleProtocols: (offered) => [...offered][0] ?? false },
  );
}

const addressOf = (port: number) => `ws://${secret}:${secret}@127.0.0.1:${port}/${secret}/x?${secret}&token=${secret}`;

/** What the app is told, but for what is its own: messages and names. */
function hearing(connection: Connection): unknown[] {
  const heard: unknown[] = [];
  const types: (keyof ConnectionEvents)[] = [
    'open',
    'lost',
    'retry',
    'restored',
    'drain',
    'state',
    'warning',
    'closed',
  ];
  for (const type of types) connection.on(type, (detail) => heard.push([type, detail]));
  return heard;
}

/** Whatever is in it, as JSON and as Node shows it; without names, which an app may see. */
function wordsOf(...values: unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join('\n');
}

function ThrowingWebSocket(url: string): never {
  throw new Error(`cannot dial ${url}`);
}

class FailingWebSocket extends EventTarget {
  onclose: ((event: object) => void) | null = null;
  readyState = 0;
  constructor() {
    super();
    queueMicrotask(() => {
      this.readyState = 3;
      this.onclose?.({ code: 1006, reason: '', wasClean: false });
    });
  }
  send(): void {}
  close(): void {}
}

/** Lives of connections, by where the secret is besides the address. */
const lives: [where: string, options: (port: number) => Promise<{ url?: unknown; options?: ConnectOptions }>][] = [
  [
    'headers and subprotocols',
    async () => ({ options: { headers: { authorization: secret, [secret]: secret }, protocols: [secret] } }),
  ],
  ['subprotocols that are none', async () => ({ options: { protocols: () => ['a', `${secret} ${secret}`] } })],
  ['subprotocols that come twice', async () => ({ options: { protocols: async () => [secret, secret] } })],
  ['a URL that is none', async () => ({ url: () => `${secret}//${secret}` })],
  ['a URL with a scheme of its own', async () => ({ url: () => `${secret}:${secret}` })],
  ['a URL with a fragment', async (port) => ({ url: () => `${addressOf(port)}#${secret}` })],
  [
    'what a function throws',
    async () => ({
      url: () => {
        throw new Error(secret);
      },
    }),
  ],
  ['what a function rejects with', async () => ({ url: async () => await Promise.reject(new Error(secret)) })],
  ['what the class throws', async () => ({ options: { WebSocket: ThrowingWebSocket as never } })],
  ['what the class fails of', async () => ({ options: { WebSocket: FailingWebSocket as never } })],
  ['a port at which nobody listens', async () => ({ url: addressOf(await closedPort()) })],
];

test.each(lives)('a life with a secret in %s', async (_, choose) => {
  const warned = (['log', 'warn', 'error', 'info', 'debug'] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation(() => {}),
  );
  onTestFinished(() => void vi.restoreAllMocks());
  const server = await confidant();
  const { url = addressOf(server.port), options } = await choose(server.port);
  const entries: unknown[] = [];
  const raw: string[] = [];
  const observation = observe((entry) => entries.push(entry));
  onTestFinished(() => observation.stop());
  const connection = connect(url as string, {
    ...options,
    retries: 1,
    backoff: { initial: 1, max: 1, spread: 0 },
    inspect: (event) => {
      observation(event);
      const { actorRef: _actor, rootId: _root, ...told } = event as unknown as Record<string, unknown>;
      raw.push(wordsOf(told));
    },
  });
  const heard = hearing(connection);
  connection.send(secret);
  const over = until(connection, 'closed');
  await untilSo(() => ['alive', 'closed'].includes(connection.state));
  const snapshots = [wordsOf(connection.actor.getSnapshot())];
  if (connection.state !== 'closed') {
    connection.send(secret);
    server.socket.terminate();
    await until(connection, 'restored');
    connection.close();
  }
  await over;
  snapshots.push(wordsOf(connection.actor.getSnapshot(), connection.actor.getPersistedSnapshot()));
  expect(
    wordsOf(
      heard,
      raw,
      snapshots,
      warned.map(({ mock }) => mock.calls.map(String)),
    ),
  ).not.toContain(secret);
  expect(entries.length).toBeGreaterThan(2);
  expect(wordsOf(entries, raw)).not.toMatch(/Hush7|Nym5/);
});

test('an inspector that XState tells itself hears the end of the name, the app the whole of it', async () => {
  const server = await confidant();
  const seen: unknown[] = [];
  const told: {
    type: string;
    event?: object;
    snapshot?: { matches?: (value: string) => boolean; context?: unknown };
  }[] = [];
  const connection = connect(server.url, {
    inspect: { next: (event) => void told.push(event as never) },
    backoff: { initial: 1, max: 1, spread: 0 },
  });
  connection.on('open', ({ id }) => seen.push(id));
  connection.on('restored', ({ id, previousId }) => seen.push(id, previousId));
  const back = until(connection, 'restored');
  await untilSo(() => connection.state === 'alive');
  server.socket.terminate();
  await back;
  seen.push(connection.id, connection.actor.getSnapshot().context.id);
  connection.close();
  await until(connection, 'closed');
  expect(seen).toEqual(Array(5).fill(name));
  const words = told.map((each) => wordsOf({ ...each, actorRef: undefined, sourceRef: undefined }));
  expect(words.join('\n')).toContain('…wxyz');
  expect(words.join('\n')).not.toContain('Nym5');
  // The same event is the same thing each time, and a snapshot can do what it could.
  const named = told.filter(
    ({ type, event }) => /event|snapshot/.test(type) && (event as { type?: string })?.type === 'peer.named',
  );
  expect(new Set(named.map(({ event }) => event)).size).toBe(2);
  expect(named.length).toBe(4);
  expect(named.find(({ type }) => type === '@xstate.snapshot')?.snapshot?.matches?.('socket')).toBe(true);
});

/** Misuse, each with a secret in what is wrong. */
const misuse: [string, () => unknown][] = [
  ['no URL', () => connect(secret)],
  ['a relative URL', () => connect(`/${secret}?${secret}`)],
  ['another scheme', () => connect(`${secret}://h/`)],
  ['user information without a scheme', () => connect(`${secret}:pass@h/`)],
  ['a fragment', () => connect(`wss://${secret}@h/?${secret}#${secret}`)],
  ['a subprotocol that is none', () => connect('wss://h/', { protocols: ['a', `Bearer ${secret}`] })],
  ['a subprotocol that is offered twice', () => connect('wss://h/', { protocols: [secret, secret] })],
  ['subprotocols of another type', () => connect('wss://h/', { protocols: { [secret]: secret } as never })],
  ['a header that is none', () => connect('wss://h/', { headers: { [`${secret} ${secret}`]: 'x' } })],
  ["a header's value that is none", () => connect('wss://h/', { headers: { authorization: `${secret}\n` } })],
  ['headers of another type', () => connect('wss://h/', { headers: `authorization: ${secret}` as never })],
  ['headers in pairs', () => connect('wss://h/', { headers: [[secret, `${secret}\n`]] })],
  ['a protocol that is none', () => connect('wss://h/', { protocol: secret as never })],
  ['an option of another type', () => connect('wss://h/', { retries: secret as never, buffer: secret as never })],
  ['a word that is none', () => connect('wss://h/', { buffer: { overflow: secret as never } })],
  ['an inspector that is none', () => connect('wss://h/', { inspect: secret as never })],
  ['a text to ask with', () => plain({ heartbeat: { toString: () => secret } as never, reply: secret })],
  ['a machine of one’s own', () => connectionInput(`${secret}:x`, { protocols: [`${secret},`] })],
  ['the drop-in class', () => new HeartbeatWebSocket(`${secret}:x`)],
  ['subprotocols of the drop-in class', () => new HeartbeatWebSocket('wss://h/', `${secret} ${secret}`)],
  ['a port of the inspector', () => inspect({ port: secret as never })],
  ['origins of the inspector', () => serveInspection({ origins: [`https://${secret}@h/`] })],
  ['the page of the inspector', () => inspect({ url: `${secret}:x` } as never)],
];

test.each(misuse)('the error about %s names the option at most', (_, wrong) => {
  let message = '';
  try {
    wrong();
  } catch (error) {
    const { message: told, stack } = error as Error;
    message = `${told}\n${stack}`;
  }
  expect(message).not.toBe('');
  expect(message.replaceAll(/^ +at .*$/gm, '')).not.toContain(secret);
});

test('machines of others, as a page is told of them', async () => {
  const inspection = serveInspection();
  onTestFinished(() => inspection.stop());
  const entries: string[] = [];
  const told = observe((entry) => entries.push(wordsOf(entry)));
  const machine = createMachine({
    id: 'app',
    context: {
      user: { jwt: secret, pin: new Map([[secret, secret]]), raw: `{"a":"${secret}"}`, link: `/x?${secret}` },
    },
    on: { '*': {} },
  });
  const actor = createActor(machine, { inspect: (event) => told(event), id: secret }).start();
  actor.send({ type: 'LOGIN', password: secret, list: [['cookie', secret]], error: new Error(secret) });
  actor.stop();
  // A name of letters and one digit is no plain word.
  expect(entries.length).toBeGreaterThan(3);
  expect(entries.join('\n')).not.toContain(secret);
});

test.each([[[]], [['--json']]])('watch, in a terminal and in a recording %j', async (more) => {
  const server = await confidant();
  const folder = mkdtempSync(join(tmpdir(), 'systole-secrets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'life.jsonl');
  const watch = run(
    'watch',
    addressOf(server.port),
    `--header=authorization: Bearer ${secret}`,
    `--header=${secret}: ${secret}`,
    `--subprotocol=${secret}`,
    `--record=${file}`,
    ...more,
  );
  const isBack = () => server.accepted.length === 2 && watch.stdout.split('alive').length > 2;
  await untilSo(() => server.accepted.length === 1 && /\balive\b/.test(watch.stdout));
  server.socket.terminate();
  await untilSo(isBack);
  watch.process.kill('SIGINT');
  expect(await watch.ended).toEqual({ code: 0, signal: null });
  const recording = readFileSync(file, 'utf8');
  for (const text of [watch.stdout, recording]) expect(text).toContain('…wxyz');
  expect(watch.stdout + watch.stderr + recording).not.toMatch(/Hush7|Nym5/);
});

test('visualize, with a secret in what it listens to', async () => {
  const visualize = run('visualize', '--port', '0', '--connect', `ws://127.0.0.1:1/${secret}?${secret}`);
  await visualize.line(/listens/);
  visualize.process.kill('SIGINT');
  expect(await visualize.ended).toEqual({ code: 0, signal: null });
  expect(visualize.stdout + visualize.stderr).not.toContain(secret);
});

test('serve, with a secret in what a client sends', async () => {
  const serve = run('serve', '--port', '0');
  const port = Number(/:(\d+)/.exec(await serve.line(/ws:\/\//))?.[1]);
  const client = new WebSocket(addressOf(port), [secret], { headers: { authorization: secret } });
  client.on('error', () => {});
  await once(client, 'open');
  client.send(secret);
  client.close(1000, secret);
  await serve.line(/left/);
  serve.process.kill('SIGINT');
  await serve.ended;
  expect(serve.stdout + serve.stderr).not.toContain(secret);
});

/** With each, where a log is not. */
const logs: [where: string, url: (at: string) => string][] = [
  ['a password', (at) => `redis://ann:${secret}@${at}`],
  ['a user', (at) => `redis://${secret}@${at}`],
  ['a path', (at) => `redis://${at}/${secret}`],
  ['a query', (at) => `rediss://ann:${secret}@${at}/0?${secret}`],
  ['a token', (at) => `nats://${secret}@${at}`],
  ['a password with a slash', (at) => `nats://ann:7/${secret}@${at}`],
  ['a password with a hash', (at) => `redis://${secret}#${secret}@${at}`],
  ['an unknown scheme', (at) => `${secret}://${at}`],
  ['no scheme', (at) => `ann:${secret}@${at}`],
  ['a port', () => `redis://127.0.0.1:${secret}`],
];

test.each(logs)('a log that is not there, with a secret in %s', async (_, urlOf) => {
  const url = urlOf(`127.0.0.1:${await closedPort()}`);
  const commands = [
    run('publish', 'news', secret, '--log', url),
    run('publish', 'news', '--log', url, '--', secret, secret),
    run('serve', '--push', '--port', '0', '--log', url),
  ];
  for (const { ended } of commands) expect((await ended).code).toBeGreaterThan(0);
  for (const { stdout, stderr } of commands) {
    expect(stderr).toContain('systole');
    expect(stdout + stderr).not.toContain(secret);
  }
});
