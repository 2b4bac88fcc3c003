/**
 * After two dials on which a server named nobody `systole watch` looks at it, and says which protocol it seems to speak.
 */
import { describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';

import { afterLook } from '../../bin/dialects.ts';
import { look, type Seen } from '../../bin/look.ts';
import { run } from '../helpers/command.ts';
import { closedPort, listen, textOf } from '../helpers/support.ts';

type Serve = (socket: WebSocket) => void;

const answering =
  (answer: (text: string) => string | undefined): Serve =>
  (socket) =>
    void socket.on('message', (data) => {
      const text = answer(textOf(data));
      if (text !== undefined) socket.send(text);
    });

const echo = answering((text) => text);
const beats = answering((text) => (text === 'heartbeat' ? `{"heartbeat":${Date.now()}}` : undefined));
const chatty: Serve = (socket) => {
  for (let i = 0; i < 40; i += 1) socket.send(`{"tick":${i}}`);
};

describe('what is seen of a server', () => {
  test.each<[name: string, serve: Serve, seen: Partial<Seen>]>([
    ['that echoes', echo, { ponged: true, answer: 'echo', said: [] }],
    ['that answers in its own way', answering(() => 'pong'), { ponged: true, answer: 'pong' }],
    ['that answers heartbeats', beats, { ponged: true, answer: 'id-heartbeat' }],
    ['that answers pings only', () => {}, { ponged: true, said: [] }],
    ['that says more than is heard', chatty, { ponged: true, said: expect.objectContaining({ length: 16 }) as never }],
    ['that begins in its way', (socket) => socket.send('{"type":"welcome"}'), { said: ['{"type":"welcome"}'] }],
    ['that leaves at once', (socket) => socket.close(4000), { said: [] }],
  ])('%s', async (_, serve, seen) => {
    const { url } = await listen(serve);
    // Who answers all is not waited for any longer.
    const patience = seen.answer === undefined ? 5_000 : 30_000;
    const found = await look(url, { protocols: [], signal: new AbortController().signal, patience });
    expect(found).toMatchObject(seen);
    expect(found?.answer).toBe(seen.answer);
  });

  test('that answers not even pings', async () => {
    const { url } = await listen(() => {}, { autoPong: false });
    const { signal } = new AbortController();
    expect(await look(url, { protocols: [], signal })).toEqual({ ponged: false, said: [] });
  });

  test('with what signs in, and the subprotocols', async () => {
    let asked: unknown;
    const { url, server } = await listen((socket, _, { headers }) => {
      asked = [socket.protocol, headers['x-token']];
    });
    const left = new Promise<void>((resolve) => {
      server.on('connection', (socket) => socket.on('close', resolve));
    });
    await look(url, { protocols: ['a'], headers: { 'X-Token': 'me' }, signal: new AbortController().signal });
    expect(asked).toEqual(['a', 'me']);
    // It does not stay.
    await left;
  });

  test('where there is none', async () => {
    const { signal } = new AbortController();
    expect(await look(`ws://127.0.0.1:${await closedPort()}`, { protocols: [], signal })).toBeUndefined();
    expect(await look('ws://127.0.0.1:1', { protocols: [], signal: AbortSignal.abort() })).toBeUndefined();
  });

  test('until somebody leaves', async () => {
    const leaving = new AbortController();
    const { url } = await listen((socket) => socket.on('message', () => leaving.abort()), { autoPong: false });
    // Nothing else ends it.
    const { signal } = leaving;
    expect(await look(url, { protocols: [], signal, patience: 2 ** 30 })).toBeUndefined();
  });
});

describe('what is said of it', () => {
  test.each<[seen: Seen, says: RegExp]>([
    [{ ponged: true, said: ['{"type":"welcome"}'] }, /begins as actioncable does: try --protocol actioncable$/],
    [{ ponged: true, said: [], answer: 'echo' }, /echoes .* --heartbeat heartbeat --reply heartbeat, or native-ping/],
    [{ ponged: false, said: [], answer: 'echo' }, /--protocol plain --heartbeat heartbeat --reply heartbeat$/],
    [{ ponged: false, said: [], answer: 'pong' }, /--protocol plain --heartbeat heartbeat --reply pong$/],
    [
      { ponged: false, said: [], answer: 'id-heartbeat' },
      /names nobody: it has to begin with \{"id":…,"now_time":…\}$/,
    ],
    [{ ponged: true, said: [], answer: 'id-heartbeat' }, /until then --protocol native-ping/],
    [{ ponged: true, said: ['$(rm -rf x)'] }, /^looked at, the server answers pings .* --protocol native-ping/],
    [{ ponged: false, said: [] }, /neither a ping nor 'heartbeat': what is left is --protocol silent/],
  ])('%j', (seen, says) => {
    const said = afterLook(seen, 'id-heartbeat');
    expect(said).toMatch(says);
    expect(said).not.toContain('rm -rf');
  });
});

const warningsOf = (lines: string[]) =>
  lines.filter((line) => line.includes('! warning')).map((line) => line.split('! warning')[1]!.trim());

describe('systole watch', () => {
  test('looks once, after the second dial, and tells last', { timeout: 120_000 }, async () => {
    const heard: string[][] = [];
    const tokens: unknown[] = [];
    const { url } = await listen((socket, _, { headers }) => {
      const texts: string[] = [];
      heard.push(texts);
      tokens.push(headers['x-token']);
      socket.on('message', (data) => texts.push(textOf(data)));
      socket.on('ping', () => texts.push('(ping)'));
      echo(socket);
    });
    const watch = run('watch', url, '--retries', '2', '--header', 'X-Token: me');
    expect(await watch.ended).toEqual({ code: 1, signal: null });
    const warnings = warningsOf(watch.lines).filter((line) => line.includes('--protocol'));
    expect(warnings).toEqual([
      expect.stringMatching(/^the server says nothing by itself: try --protocol plain/),
      expect.stringMatching(/^looked at, the server echoes/),
    ]);
    // Of four connections one was asked.
    expect(heard.filter((texts) => texts.length > 0)).toEqual([['(ping)', 'heartbeat']]);
    expect(tokens).toEqual(['me', 'me', 'me', 'me']);
    // What it advises is so.
    const plainly = /--protocol plain --heartbeat heartbeat --reply heartbeat/.exec(warnings[1]!)![0].split(' ');
    const tried = run('watch', url, ...plainly, '--interval', '300', '--timeout', '5000');
    await tried.line(/♥ beat/);
    tried.process.kill('SIGINT');
    expect(await tried.ended).toEqual({ code: 0, signal: null });
  });

  test('does not look where the welcome is known', { timeout: 120_000 }, async () => {
    let connections = 0;
    const { url } = await listen((socket) => {
      connections += 1;
      socket.send('{"type":"welcome"}');
    });
    const watch = run('watch', url, '--retries', '1');
    await watch.ended;
    expect(connections).toBe(2);
    expect(watch.stdout).not.toContain('looked at');
  });

  test.each([
    [[], 0],
    [['--retries', '1'], 1],
  ])('says no more where it is interrupted while it looks %j', { timeout: 120_000 }, async (more, code) => {
    const { url, server } = await listen(() => {}, { autoPong: false });
    const looks = new Promise<void>((resolve) => {
      server.on('connection', (socket) => socket.on('ping', () => resolve()));
    });
    const watch = run('watch', url, ...more);
    await looks;
    watch.process.kill('SIGINT');
    expect(await watch.ended).toEqual({ code, signal: null });
    expect(watch.stdout).toContain('× closed');
    expect(watch.stdout).not.toContain('looked at');
  });
});
