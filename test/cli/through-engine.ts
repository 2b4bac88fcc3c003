/**
 * The command line with a real engine: servers that share it, publishers that have no server, and watches that miss nothing.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { run, served } from '../helpers/command.ts';
import type { Engine } from '../helpers/engines.ts';
import { untilSo } from '../helpers/support.ts';

export interface Rig {
  /** As it is named, and as its URLs begin. */
  name: string;
  scheme: string;
  start: () => Promise<Engine>;
}

/** Beats often; a busy machine has time to answer. */
const brisk = ['--interval', '300', '--timeout', '5000'];

export function describeThrough({ name, scheme, start }: Rig): void {
  describe(`through ${name}`, () => {
    let engine: Engine;
    let log: string;
    beforeAll(async () => {
      engine = await start();
      log = `${scheme}://127.0.0.1:${engine.port}`;
    });
    afterAll(() => engine.stop());

    /** Prints the cursor. */
    async function published(topic: string, text: string, ...more: string[]): Promise<string> {
      const command = run('publish', topic, text, '--log', log, ...more);
      expect(await command.ended).toEqual({ code: 0, signal: null });
      expect(command.stderr).toBe('');
      return command.stdout.trim();
    }

    test('what is published is heard; the server is killed, and another one goes on where it was', async () => {
      const server = await served('--push', '--log', log);
      expect(server.lines[0]).toMatch(new RegExp(`  push, topics in ${name} at 127\\.0\\.0\\.1:${engine.port}$`));
      const watch = run('watch', `ws://127.0.0.1:${server.port}`, '--topic', 'a:news', '--topic', 'a:more', ...brisk);
      await watch.line(/✓ caught up +a:news, cursor \S+$/);
      await watch.line(/✓ caught up +a:more, cursor \S+$/);
      expect(await server.line(/asks for/)).toMatch(/\? [0-9a-f]{8}  asks for a:news, a:more$/);

      const cursor = await published('a:news', 'from nobody’s server');
      const [, place] = /^\S+\.(\d+)$/.exec(cursor) ?? [];
      expect(await watch.line(/nobody/)).toMatch(new RegExp(`‹ message +a:news ${place}: from nobody’s server$`));
      server.type('a:more typed here\n');
      expect(await server.line(/› published/)).toMatch(/published to a:more as \S+\.\d+: typed here$/);
      await watch.line(/‹ message +a:more \d+: typed here$/);

      server.process.kill('SIGKILL');
      await watch.line(/↻ reconnecting +peer-closed · 1006/);
      await published('a:news', 'missed 1');
      await published('a:news', 'missed 2');
      await served('--push', '--log', log, '--port', String(server.port));
      await watch.line(/‹ replayed +a:news \d+: missed 2$/);
      await untilSo(() => watch.lines.filter((line) => /caught up +a:news/.test(line)).length >= 2);
      const heard = watch.lines.filter((line) => /replayed|gap|caught up +a:news/.test(line));
      expect(heard.map((line) => /[‹!✓] ([a-z]+)/.exec(line)?.[1])).toEqual([
        'caught',
        'replayed',
        'replayed',
        'caught',
      ]);

      watch.process.kill('SIGINT');
      expect(await watch.ended).toEqual({ code: 0, signal: null });
      expect(watch.stderr + server.stderr).toBe('');
    });

    test('lines of the input are messages, in order; the same id is one message; a watch begins at a cursor', async () => {
      const input = run('publish', 'b', '-', '--log', log);
      input.process.stdin.end('one\ntwo\nthree\n');
      expect(await input.ended).toEqual({ code: 0, signal: null });
      const [first = '', ...others] = input.lines.slice(0, -1);
      expect(others).toHaveLength(2);
      const fourth = await published('b', 'four', '--id', 'the fourth');
      expect(await published('b', 'four, again', '--id', 'the fourth')).toBe(fourth);

      const server = await served('--push', '--log', log);
      const watch = run('watch', `ws://127.0.0.1:${server.port}`, '--json', '--topic', 'b', '--cursor', first);
      await watch.line(/caught-up/);
      watch.process.kill('SIGINT');
      await watch.ended;
      const told = watch.lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
      const placeOf = (cursor = '') => Number(cursor.split('.')[1]);
      expect(told.filter(({ topic }) => topic === 'b').map(({ at: _at, ...rest }) => rest)).toEqual([
        { type: 'published', topic: 'b', place: placeOf(others[0]), replayed: true, data: 'two' },
        { type: 'published', topic: 'b', place: placeOf(others[1]), replayed: true, data: 'three' },
        { type: 'published', topic: 'b', place: placeOf(fourth), replayed: true, data: 'four' },
        { type: 'caught-up', topic: 'b', cursor: fourth },
      ]);
    });

    test('a line that is none, or too long, is told by its number, and nothing after it is published', async () => {
      const input = run('publish', 'c', '-', '--log', log);
      input.process.stdin.write(`good\n${'x'.repeat(70_000)}\nnever\n`);
      expect(await input.ended).toEqual({ code: 1, signal: null });
      expect(input.stderr).toMatch(/^systole publish: line 2: data must have at most 65536 bytes, .*\n$/);
      expect(input.lines).toHaveLength(2);
    });

    test('the engine is away: publishing fails with a word, the server stays, and all goes on when it is back', async () => {
      const server = await served('--push', '--log', log);
      const watch = run('watch', `ws://127.0.0.1:${server.port}`, '--topic', 'd', ...brisk);
      await watch.line(/✓ caught up/);
      await engine.kill();
      server.type('d unheard\n');
      expect(await server.line(/not published/)).toMatch(new RegExp(`! not published to d: ${name} \\S.*`));
      const publish = run('publish', 'd', 'unheard', '--log', log);
      expect(await publish.ended).toEqual({ code: 1, signal: null });
      expect(publish.stderr).toMatch(
        new RegExp(`^systole publish: --log: ${name} at 127\\.0\\.0\\.1:${engine.port} cannot be reached.*\\n$`),
      );
      const late = run('serve', '--push', '--port', '0', '--log', log);
      expect(await late.ended).toEqual({ code: 1, signal: null });
      expect(late.stderr).toMatch(/^systole serve: --log: .* cannot be reached/);

      await engine.start();
      // Its connection comes back by itself.
      const typing = setInterval(() => server.type('d again\n'), 200);
      onTestFinished(() => clearInterval(typing));
      await server.line(/published to d as/);
      clearInterval(typing);
      await watch.line(/[‹!] (?:message|replayed|gap) +d/);
      expect(server.process.exitCode).toBeNull();
      expect(server.stderr + watch.stderr).toBe('');
    });
  });
}
