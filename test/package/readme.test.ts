/** What the README and the manual say twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { connectionInput } from '../../adapters/options.ts';
import { isHeartbeat, serveHeartbeats } from '../../adapters/server.ts';
import { settle } from '../../machines/settings.ts';
import { freePort, Run } from '../push/docs.ts';
import { diagram } from './diagram.ts';

const readme = readFileSync('README.md', 'utf8');
const manual = readFileSync('docs/OPTIONS.md', 'utf8');
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

/** The code block that follows a comment naming its source. */
function blockFrom(source: string, document = 'README.md'): string | undefined {
  return readFileSync(document, 'utf8').match(
    new RegExp(`<!-- ${source.replaceAll('.', '\\.')} -->\n\`\`\`\\w+\n([\\s\\S]*?)\`\`\``),
  )?.[1];
}

test('it is read in a few minutes: 150 lines at most', () => {
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test('it leads to every document', () => {
  const documents = readdirSync('docs').filter((name) => name.endsWith('.md'));
  expect(documents.length).toBeGreaterThan(15);
  for (const name of documents) expect(readme).toContain(`](docs/${name})`);
});

test('the picture is the machine', () => {
  expect(blockFrom('test/package/diagram.ts', 'docs/MACHINE.md')).toBe(diagram());
});

test('its example is the example, of less than 20 lines', () => {
  const example = readFileSync('examples/push.mjs', 'utf8');
  expect(blockFrom('examples/push.mjs')).toBe(example);
  expect(example.split('\n').filter((line) => line.trim() !== '').length).toBeLessThan(20);
});

test('the example of a server that is checked is the example, of less than 40 lines', () => {
  const example = readFileSync('examples/check-server.test.mjs', 'utf8');
  expect(blockFrom('examples/check-server.test.mjs', 'docs/TESTING.md')).toBe(example);
  expect(example.split('\n').length).toBeLessThan(40);
});

test('the manual’s defaults are the defaults', () => {
  const { backoff, heartbeat, ...settings } = settle(connectionInput('ws://127.0.0.1'));
  const defaults: [string, unknown][] = [
    ...Object.entries(heartbeat).map(([name, value]): [string, unknown] => [`heartbeat.${name}`, value]),
    ...Object.entries(backoff).map(([name, value]): [string, unknown] => [`backoff.${name}`, value]),
    ...Object.entries(settings).filter(([, value]) => typeof value === 'number'),
  ];
  expect(defaults.length).toBeGreaterThan(10);
  for (const [name, value] of defaults) {
    expect(manual).toContain(`| \`${name}\` | ${(value as number).toLocaleString('en').replace('∞', 'Infinity')} |`);
  }
});

test('the manual knows every cause', () => {
  const causes = [...readFileSync('machines/events.ts', 'utf8').matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(
    ([, cause]) => cause,
  );
  expect(causes.length).toBeGreaterThan(12);
  for (const cause of causes) expect(manual).toContain(`\`${cause}\``);
});

/** What each example prints, against a server that restarts and then says that no new dial can help. */
const stories: Record<string, { first?: RegExp; says: string; expected: RegExp[]; code?: number }> = {
  'push.mjs': {
    first: /^subscribe$/,
    says: 'news',
    expected: [
      /^connecting to 127\.0\.0\.1:\d+ …$/,
      /^alive, as [\w-]+$/,
      /^message: news$/,
      /^lost \(peer-closed\), again in \d\.\d s$/,
      /^alive again, as [\w-]+, after \d+ ms$/,
      /^lost \(peer-closed\)$/,
      /^closed \(fatal\)$/,
    ],
  },
  'embedding.mjs': {
    first: /^hello$/,
    says: 'news',
    expected: [
      /^signed in$/,
      /^open: [\w-]+$/,
      /^message: news$/,
      /^lost: peer-closed$/,
      /^back$/,
      /^lost: peer-closed$/,
      /^closed: fatal$/,
    ],
  },
  'worker.mjs': {
    says: 'news',
    expected: [
      /^listening$/,
      /^message: news$/,
      /^lost \(peer-closed\)/,
      /^back after \d+ ms$/,
      /^lost \(peer-closed\)/,
      /^ended after 1 messages$/,
    ],
    code: 1, // it was not told to end
  },
};

test('every example has a story', () => {
  const tests = [
    'check-server.test.mjs', // run by model-kit.test.ts
    'trusted-client.mjs', // run by docs.test.ts, as the next
    'trusted-server.mjs',
  ];
  expect(
    readdirSync('examples')
      .filter((name) => name.endsWith('.mjs'))
      .toSorted(),
  ).toEqual([...Object.keys(stories), ...tests].toSorted());
});

test.each(Object.entries(stories))('examples/%s runs', async (file, { first, says, expected, code = 0 }) => {
  const signIn = createServer((_, response) => response.end('a token')).listen(0, '127.0.0.1');
  const server = new WebSocketServer({ server: signIn });
  const received: string[] = [];
  let visits = 0;
  server.on('connection', (socket) => {
    visits += 1;
    const answer = () => {
      socket.send(says);
      socket.close(1012);
    };
    if (visits === 1 && first === undefined) setImmediate(answer);
    if (visits === 2) setTimeout(() => socket.close(1008), 50);
    socket.on('message', (data) => {
      if (isHeartbeat(data)) return;
      received.push((data as Buffer).toString());
      answer();
    });
  });
  serveHeartbeats(server);
  await once(signIn, 'listening');

  const { port } = signIn.address() as AddressInfo;
  const child = spawn(process.execPath, [`examples/${file}`, `ws://127.0.0.1:${port}/?token=secret`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const [ended] = await once(child, 'exit'); // by itself: nothing holds it any more
  expect(ended).toBe(code);
  expect(received).toEqual(first === undefined ? [] : [expect.stringMatching(first)]);
  expect(lines).toHaveLength(expected.length);
  for (const [i, line] of lines.entries()) expect(line).toMatch(expected[i] ?? /never/);
  expect(lines.join('\n')).not.toContain('secret');
  server.close();
  signIn.close();
});

test('the README’s example says why it cannot connect, and when it will try again', async () => {
  const port = await freePort();
  const child = new Run('.', ['examples/push.mjs', `ws://127.0.0.1:${port}/?token=secret`]);
  children.push(child.child);
  const said = await child.until('cannot connect');
  expect(said).toEqual([
    `connecting to 127.0.0.1:${port} …`,
    expect.stringMatching(/^cannot connect \(refused: ECONNREFUSED\), again in \d\.\d s$/),
  ]);
});
