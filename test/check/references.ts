/**
 * What every reference server has to keep: all that docs/PROTOCOL.md asks of one. Told of processes, by our own connections, by npm `ws`, and byte by
 * byte.
 */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';

import { examine } from '../../bin/check/examine.ts';
import { Command, started } from '../helpers/command.ts';
import { dialled, flood, frame, gush, opcodes, upgraded, upgradeRequest } from '../helpers/raw-client.ts';
import { bareClient, handsOf, untilSo } from '../helpers/support.ts';
import { faultProxy } from '../kit/fault-proxy.ts';
import { connectionModel } from '../kit/model.ts';

/** @param command of its process, without its options */
export function keepsItsSide(command: () => readonly [string, ...string[]]): void {
  /** A process on a free port, which has said nothing but where it listens when the test is over. */
  async function serving({ silence = 150_000 } = {}): Promise<Server> {
    const [file, ...args] = command();
    const server = started(new Command(file, [...args, '--silence', `${silence}`, '0']));
    const [, url = '', port] = /^(ws:\/\/127\.0\.0\.1:(\d+))$/.exec(await server.line(/./)) ?? [];
    onTestFinished(() => expect([server.stdout, server.stderr]).toEqual([`${url}\n`, '']));
    return Object.assign(server, { url, port: Number(port) });
  }

  test('a connection takes every path of the model', async () => {
    const { port } = await serving();
    const proxy = await faultProxy(port);
    onTestFinished(() => proxy.close());
    const model = connectionModel({
      url: `ws://127.0.0.1:${proxy.port}`,
      ...handsOf(proxy),
      patience: 20_000,
    });
    for (const path of model.paths) await path.run();
    expect(model.report().paths).toEqual({ all: model.paths.length, passed: model.paths.length, failed: [] });
  });

  test('`systole check` finds nothing', async () => {
    const { url } = await serving({ silence: 8_000 });
    const { rows, broken } = await examine(url, { idle: 1_000, silence: 8_000 });
    expect(broken).toEqual([]);
    expect(rows.filter(({ verdict }) => verdict !== 'held').map(({ rule, detail }) => `${rule}: ${detail}`)).toEqual(
      [],
    );
    expect(rows.length).toBeGreaterThan(18);
  });

  test('W1–W5: each client is welcomed once, first of all, by a name of its own', async () => {
    const { url } = await serving();
    const clients = await Promise.all(Array.from({ length: 50 }, () => client(url)));
    const welcomes = clients.map(({ heard }) => JSON.parse(heard[0]!) as { id: string; now_time: number });
    expect(new Set(welcomes.map(({ id }) => id)).size).toBe(50);
    for (const { id, now_time: time } of welcomes) {
      expect(id.length).toBeGreaterThan(0);
      expect(Math.abs(time - Date.now())).toBeLessThan(60_000);
    }
    for (const each of clients) expect(await each.answers()).toHaveLength(1);
  });

  test('H1–H6, T1: each heartbeat is answered, and nothing else', async () => {
    const { url } = await serving();
    const { socket, answers } = await client(url);
    const others = ['heartbeat ', 'Heartbeat', '"heartbeat"', 'heartbeat\n', '{"heartbeat":1}', '', 'x'.repeat(65_536)];
    for (const data of [...others, Buffer.from('heartbeat')]) socket.send(data);
    socket.send('heartbeat');
    socket.send('heartbeat');
    socket.send('heart', { fin: false });
    socket.ping();
    socket.send('beat', { fin: true });
    const times = (await answers(4)).map((text) => /^\{"heartbeat":\s?(\d+)\}$/.exec(text)?.[1]);
    expect(times).toHaveLength(4);
    expect(times.map(Number)).toEqual(times.map(Number).toSorted((a, b) => a - b));
  });

  test('L2: pings are answered with what they carry', async () => {
    const { url } = await serving();
    const { socket } = await client(url);
    for (const payload of ['', 'x', 'x'.repeat(125)]) {
      socket.ping(payload);
      expect(String((await once(socket, 'pong'))[0])).toBe(payload);
    }
  });

  test('L1: pages of others are refused, by an HTTP status', async () => {
    const { url } = await serving();
    expect(await statusFor(url)).toBe(101);
    expect(await statusFor(url, { origin: url.replace('ws:', 'http:') })).toBe(101);
    expect(await statusFor(url, { origin: 'https://elsewhere.example' })).toBe(403);
    expect(await statusFor(url, { origin: 'null' })).toBe(403);
  });

  test.each([1000, 1001, 3000, 4001, 4999, undefined])(
    'G1: a goodbye of %s is answered with the same',
    async (code) => {
      const { url } = await serving();
      const { socket } = await client(url);
      const closed = once(socket, 'close');
      socket.close(code);
      expect((await closed)[0]).toBe(code ?? 1005);
    },
  );

  describe('G2: when it is asked to go, it says so to all, and goes', () => {
    test.each(['SIGTERM', 'SIGINT'] as const)('%s', async (signal) => {
      const server = await serving();
      const clients = await Promise.all([client(server.url), client(server.url), client(server.url)]);
      const closed = Promise.all(clients.map(({ socket }) => once(socket, 'close')));
      server.process.kill(signal);
      expect((await closed).map(([code]) => code)).toEqual([1001, 1001, 1001]);
      expect(await server.ended).toEqual({ code: 0, signal: null });
    });

    test('whoever else is there', async () => {
      const server = await serving();
      const sockets = [await dialled(server.port), await upgraded(server.port), await upgraded(server.port)];
      onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
      sockets[1]?.write(frame(opcodes.text, 'never finished', false));
      const said = flood(sockets[2]!, gush(heartbeats), 16_000_000);
      const { socket } = await client(server.url);
      const closed = once(socket, 'close');
      server.process.kill('SIGTERM');
      expect((await closed)[0]).toBe(1001);
      expect(await server.ended).toEqual({ code: 0, signal: null });
      await said;
    });
  });

  const malformed: [string, Buffer, code: number][] = [
    ['no UTF-8', frame(opcodes.text, Uint8Array.of(0xc3, 0x28)), 1007],
    ['no UTF-8, in pieces', Buffer.concat([frame(opcodes.text, Uint8Array.of(0xc3), false), frame(0, '(')]), 1007],
    ['a frame that is not masked', Buffer.from([0x81, 1, 0x78]), 1002],
    ['an unknown opcode', frame(0x3), 1002],
    ['a reserved bit', Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002],
    ['a ping in pieces', frame(opcodes.ping, '', false), 1002],
    ['a ping that is too long', frame(opcodes.ping, 'x'.repeat(126)), 1002],
    ['the rest of nothing', frame(opcodes.continuation, 'x'), 1002],
    ['a message within another', Buffer.concat([frame(1, 'x', false), frame(1, 'x')]), 1002],
    ['a goodbye that is none', frame(0x8, Uint8Array.of(0x03, 0xed)), 1002],
    ['a frame that is too long', frame(opcodes.text, 'x'.repeat(65_537)), 1009],
    ['one that is much too long', frame(opcodes.text, 'x'.repeat(2 ** 20)), 1009],
    ['too long in pieces', Buffer.concat([frame(1, 'x'.repeat(65_536), false), frame(0, 'x')]), 1009],
    ['one longer than there are', Buffer.from([0x81, 0xff, 0x7f, ...Array<number>(11).fill(0xff)]), 1009],
  ];
  test('L5: what breaks RFC 6455 is told so, and nobody else notices', async () => {
    const { url, port } = await serving();
    const { socket, answers } = await client(url);
    const codes = [];
    for (const [what, bytes] of malformed) codes.push([what, await codeFor(port, bytes)]);
    expect(codes).toEqual(malformed.map(([what, , code]) => [what, code]));
    expect(await answers()).toHaveLength(1);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  test('L5: who is gone before the upgrade is over leaves nothing', async () => {
    const server = await serving();
    const before = openFiles(server);
    for (let i = 0; i < 300; i += 1) {
      const socket = await dialled(server.port);
      const text = upgradeRequest();
      await new Promise((resolve) => socket.write(text.slice(0, i % 3 === 0 ? text.length : i % text.length), resolve));
      if (i % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    await untilSo(() => openFiles(server) <= before);
    expect(await (await client(server.url)).answers()).toHaveLength(1);
  });

  test('L3, L4: only those are let go from whom nothing comes', async () => {
    const server = await serving({ silence: 6_000 });
    const before = openFiles(server);
    const lively = await Promise.all(Array.from({ length: 4 }, () => client(server.url)));
    const [beating, talking, pinging, ponging] = lively.map(({ socket }) => socket);
    const timer = setInterval(() => {
      beating?.send('heartbeat');
      talking?.send('news');
      pinging?.ping();
      ponging?.pong();
    }, 100);
    onTestFinished(() => clearInterval(timer));
    // One whose machine answers pings for it, one that is half open, and one that has dialled and says nothing.
    const { socket } = await client(server.url);
    const halfOpen = await upgraded(server.port);
    const unsaid = await dialled(server.port);
    onTestFinished(() => [halfOpen, unsaid].forEach((each) => each.destroy()));
    expect((await once(socket, 'close'))[0]).toBe(1006);
    await untilSo(() => openFiles(server) <= before + lively.length);
    for (const each of lively) expect((await each.answers()).length).toBeGreaterThan(0);
  });

  test('nobody is judged before what lies readable was read', async () => {
    const server = await serving({ silence: 3_000 });
    const clients = await Promise.all(Array.from({ length: 20 }, () => client(server.url)));
    server.process.kill('SIGSTOP');
    const answers = clients.map((each) => each.answers());
    // It stands still for longer than anybody may be silent.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    server.process.kill('SIGCONT');
    for (const each of answers) expect(await each).toHaveLength(1);
  });

  test('L5: who asks without reading, or begins without ending, is bounded, is cut off, and keeps nobody else waiting', async () => {
    const server = await serving({ silence: 6_000 });
    const before = memory(server);
    const piece = (payload: string) => frame(opcodes.continuation, payload, false);
    const floods: Record<string, readonly [begins: Buffer, goesOn: Buffer]> = {
      heartbeats: [heartbeats, heartbeats],
      pings: [heartbeats, frame(opcodes.ping, 'x'.repeat(125))],
      'a message in pieces': [frame(opcodes.text, '', false), piece('x')],
      'a message in pieces of nothing': [frame(opcodes.text, '', false), piece('')],
    };
    const ends = Object.entries(floods).map(async ([what, [begins, goesOn]]) => {
      const socket = await upgraded(server.port);
      onTestFinished(() => void socket.destroy());
      socket.write(begins);
      // Without an end of its own: a quick machine takes a gigabyte before anybody is found silent.
      return [what, await flood(socket, gush(goesOn), Infinity)];
    });
    const isOver = Promise.all(ends).then(() => true);
    const { answers } = await client(server.url);
    let grown = 0;
    do {
      expect(await answers()).toHaveLength(1);
      grown = Math.max(grown, memory(server) - before);
    } while (!(await Promise.race([isOver, new Promise((resolve) => setTimeout(resolve, 50))])));
    expect(await Promise.all(ends)).toEqual(Object.keys(floods).map((what) => [what, 'cut off']));
    expect(grown).toBeLessThan(64 * 2 ** 20);
  });
}

interface Server extends Command {
  readonly url: string;
  readonly port: number;
}

const heartbeats = frame(opcodes.text, 'heartbeat');

/**
 * A bare client that has been welcomed, and all that it has heard.
 * `answers(count)`: asks once more, and tells what has come since it was asked last, when that is so much, and nothing follows.
 */
async function client(url: string) {
  const { socket, heard } = await bareClient(url);
  async function answers(count = 1): Promise<string[]> {
    socket.send('heartbeat');
    await untilSo(() => heard.length > count || socket.readyState === socket.CLOSED);
    // A pong may overtake what was asked for before it, but not twice.
    for (let i = 0; i < 2 && socket.readyState === socket.OPEN; i += 1) {
      socket.ping();
      await once(socket, 'pong');
    }
    return heard.splice(1);
  }
  return { socket, heard, answers };
}

/** The status with which a dial is answered. */
function statusFor(url: string, options: ClientOptions = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options).on('error', reject);
    socket.on('open', () => resolve((socket.terminate(), 101)));
    socket.on('unexpected-response', (request, { statusCode }) => resolve((request.destroy(), statusCode)));
  });
}

/** The close code with which these bytes are answered. */
async function codeFor(port: number, bytes: Buffer): Promise<number | undefined> {
  const socket = await upgraded(port);
  onTestFinished(() => void socket.destroy());
  socket.write(bytes);
  const said = await all(socket);
  // Frames of a server are not masked, and these are short.
  for (let at = 0; at < said.length; at += 2 + said[at + 1]!) {
    if (said[at] === 0x88) return said.readUInt16BE(at + 2);
  }
  return undefined;
}

/** What it says to its end. */
async function all(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks);
}

/** How many files and sockets a process has. */
function openFiles({ process }: Server): number {
  return readdirSync(`/proc/${process.pid}/fd`).length;
}

/** What it holds of the machine's memory, bytes. */
function memory({ process }: Server): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))?.[1]) * 1_024;
}
