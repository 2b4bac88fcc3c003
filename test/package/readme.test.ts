/** What the README and the manual say twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

import { transformWithOxc } from 'vite';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';

import type { Snapshot } from '../../adapters/index.ts';
import { connectionInput } from '../../adapters/options.ts';
import { isHeartbeat, serveHeartbeats } from '../../adapters/server.ts';
import { settle } from '../../machines/settings.ts';
import { freePort, Run } from '../push/docs.ts';
import { blocksIn } from './blocks.ts';
import { packed } from './packed.ts';

const readme = readFileSync('README.md', 'utf8');
const manual = readFileSync('docs/OPTIONS.md', 'utf8');
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

test('it is read in a few minutes: 150 lines at most', () => {
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test('it leads to every document', () => {
  const documents = readdirSync('docs').filter((name) => name.endsWith('.md'));
  expect(documents.length).toBeGreaterThan(15);
  for (const name of documents) expect(readme).toContain(`](docs/${name})`);
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

test('the dialect that docs/DIALECTS.md writes passes the test that it writes', async () => {
  const { folder, remove } = packed(['ws', 'xstate']);
  try {
    await writeScripts(folder, 'docs/DIALECTS.md');
    const child = new Run(folder, ['--test', 'our-dialect.test.mjs']);
    children.push(child.child);
    await once(child.child, 'close'); // behind all that it has said
    expect(child.said).toContainEqual(expect.stringMatching(/ pass 1$/));
  } finally {
    remove();
  }
});

test('the words that docs/USERS.md makes of a snapshot are right in each situation', async () => {
  const { folder, remove } = packed([]);
  try {
    await writeScripts(folder, 'docs/USERS.md');
    const { wordsFor } = (await import(pathToFileURL(join(folder, 'line.mjs')).href)) as {
      wordsFor: (snapshot: Partial<Snapshot>, now: number) => { text: string; offer?: string } | undefined;
    };
    const said = (snapshot: Partial<Snapshot>) => {
      const { text, offer } = wordsFor(snapshot, 1_000) ?? { text: '' };
      return offer === undefined ? text : `${text} [${offer}]`;
    };
    const situations: [Partial<Snapshot>, string][] = [
      [{ state: 'connecting' }, 'connecting …'],
      [{ state: 'awaiting-id' }, 'connecting …'],
      [{ state: 'alive' }, ''],
      [{ state: 'stale', cause: 'silent' }, 'checking the line …'],
      [{ state: 'reconnecting', cause: 'silent', nextDialAt: 3_001 }, 'offline, trying again in 3 s [try now]'],
      [{ state: 'reconnecting', cause: 'silent', nextDialAt: 900 }, 'offline, trying again in 1 s [try now]'],
      [{ state: 'reconnecting', cause: 'silent', nextDialAt: Infinity }, 'offline, waiting [try now]'],
      [{ state: 'connecting', cause: 'silent' }, 'offline, trying now …'],
      [{ state: 'awaiting-id', cause: 'silent' }, 'offline, trying now …'],
      [{ state: 'closing', cause: 'user-closed' }, ''],
      [{ state: 'closed', cause: 'user-closed' }, ''],
      [{ state: 'closed' }, ''],
      [{ state: 'closed', cause: 'fatal' }, 'signed out [sign in]'],
      [{ state: 'closed', cause: 'retries-exhausted' }, 'the connection is closed [reload]'],
    ];
    expect(situations.map(([snapshot]) => said(snapshot))).toEqual(situations.map(([, words]) => words));
  } finally {
    remove();
  }
});

/** The TypeScript of a document that has names, as it runs. */
async function writeScripts(folder: string, document: string): Promise<void> {
  for (const { name, language, text } of blocksIn(document)) {
    if (language !== 'ts' || name === undefined) continue;
    const { code } = await transformWithOxc(text, name);
    writeFileSync(
      join(folder, name.replace(/ts$/, 'mjs')),
      code.replaceAll(/(from ['"]\.\/[\w.-]+)\.ts(['"])/g, '$1.mjs$2'),
    );
  }
}
