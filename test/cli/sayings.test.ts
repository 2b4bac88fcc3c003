/**
 * What clients say, as `systole serve` shows it: only where it is asked to, and nothing of it is obeyed.
 */
import { once } from 'node:events';

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';

import { Sayings } from '../../bin/sayings.ts';
import { type Command, served } from '../helpers/command.ts';

async function client(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

/** What stands behind the mark of what clients say. */
const saidIn = ({ lines }: Command): string[] =>
  lines.filter((line) => line.includes('‹')).map((line) => line.split('‹ ')[1]!);

async function ended(server: Command): Promise<void> {
  await server.line(/left|vanished/);
  server.process.kill('SIGINT');
  await server.ended;
}

describe('with --messages', () => {
  test('texts are shown up to a length, bytes by their number, heartbeats not at all', async () => {
    const server = await served('--messages');
    const socket = await client(server.port);
    const hostile = '\u001b[2J\u009b31m\u0007\r\n\u202egnp.exe';
    for (const each of ['hello, server', 'heartbeat', hostile, 'x'.repeat(500), Buffer.alloc(20, 7), '']) {
      socket.send(each);
    }
    socket.close();
    await ended(server);
    expect(saidIn(server).map((line) => line.replace(/^[0-9a-f]{8} {2}/, ''))).toEqual([
      'hello, server',
      '\\u001b[2J\\u009b31m\\u0007\\u000d\\u000a\\u202egnp.exe',
      `${'x'.repeat(400)}… (500 characters)`,
      `20 bytes ${'07'.repeat(16)}…`,
      '',
    ]);
    expect(server.stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028-\u202e]/u);
  });

  test('who says it is called as they are when they connect', async () => {
    const server = await served('--messages');
    const [one, other] = [await client(server.port), await client(server.port)];
    one.send('a');
    await server.line(/‹ .*a$/);
    other.send('b');
    await server.line(/‹ .*b$/);
    const names = server.lines.map((line) => /\+ (\w+)  connected/.exec(line)?.[1]).filter(Boolean);
    expect(saidIn(server)).toEqual([`${names[0]}  a`, `${names[1]}  b`]);
  });

  test('with topics, what is asked of them is no message', async () => {
    const server = await served('--messages', '--push');
    const socket = await client(server.port);
    for (const each of ['~s [["news",null,null]]', 'hello', '~~tilde', '~nonsense', 'heartbeat']) socket.send(each);
    socket.send(Buffer.from('~bytes'));
    socket.close();
    await ended(server);
    expect(server.stdout).toContain('asks for news');
    expect(saidIn(server).map((line) => line.slice(10))).toEqual(['hello', '~tilde', '6 bytes 7e6279746573']);
  });
});

test('without it only that somebody says something, once', async () => {
  const server = await served();
  const socket = await client(server.port);
  for (const each of ['heartbeat', 'hunter2', 'hunter2']) socket.send(each);
  socket.close();
  await ended(server);
  expect(saidIn(server)).toEqual([expect.stringMatching(/^[0-9a-f]{8} {2}says something; --messages shows what$/)]);
  expect(server.stdout).not.toContain('hunter2');
});

test('of more than a reader can bear it is told how much there was', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const told: string[] = [];
  const sayings = new Sayings((sentence) => told.push(sentence), 3);
  let asked = 0;
  const say = (text: string) =>
    sayings.add(() => {
      asked += 1;
      return text;
    });
  for (const each of 'abcdefg') say(each);
  expect(told).toEqual(['a', 'b', 'c']);
  vi.advanceTimersByTime(1_000);
  expect(told.at(-1)).toBe('and 4 more that are not shown');
  say('h');
  expect([told.at(-1), asked]).toEqual(['h', 4]);
  vi.advanceTimersByTime(1_000);
  expect(told).toHaveLength(5);
  for (const each of 'ijkl') say(each);
  sayings.end();
  expect(told.at(-1)).toBe('and 1 more that are not shown');
  // It holds no process.
  expect(vi.getTimerCount()).toBe(0);
});

test('a flood is counted, and not printed', async () => {
  const server = await served('--messages');
  const socket = await client(server.port);
  for (let i = 0; i < 20_000; i += 1) socket.send('flood');
  socket.close();
  await ended(server);
  const shown = saidIn(server).filter((line) => line.endsWith('flood')).length;
  const counted = saidIn(server).map((line) => Number(/^and (\d+) more/.exec(line)?.[1] ?? 0));
  expect(shown + counted.reduce((sum, each) => sum + each, 0)).toBe(20_000);
  expect(shown).toBeLessThan(20_000);
});
