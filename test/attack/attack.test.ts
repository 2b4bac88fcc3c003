/**
 * Each server of ours, as a process of its own, among strangers who ask without reading and begin without ending. It keeps its memory, answers everybody
 * else meanwhile, and ends when it is told to, whoever is there.
 */
import { execFileSync } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';

import { Command, started, systole } from '../helpers/command.ts';
import { strangers } from '../helpers/raw-client.ts';
import { closedPort } from '../helpers/support.ts';
import {
  type Attack,
  busyness,
  ofHeartbeats,
  ofInspections,
  ofOrders,
  ofTopics,
  onHttp,
  onWebSockets,
  type Target,
} from './attacks.ts';

/** For how long each server is attacked, in all. */
const seconds = Number(process.env['ATTACK_SECONDS'] ?? 60);

/** How much more a server may take than before it was attacked, bytes. */
const mostGrowth = 64 * 2 ** 20;
/** How long anybody else may wait for an answer, ms. Whoever attacks has the same two processors. */
const patience = 20_000;

/** For how long a server is at work before it is attacked, ms. */
const warmUp = 2_000;

interface Attacked {
  readonly start: () => Command | Promise<Command>;
  readonly path?: string;
  readonly room?: number;
  /** What it is meant to hold besides, bytes: topics, the ids of what was published, what waits for listeners. */
  readonly keeps?: number;
  readonly attacks: Readonly<Record<string, Attack>>;
  /** What somebody else wants of it, from the dial to the answer. */
  readonly visit: (address: string) => Promise<void>;
}

const child = (name: string) => fileURLToPath(new URL(`servers/${name}.mjs`, import.meta.url));
const everything = { ...onHttp, ...onWebSockets };

const servers: Record<string, Attacked> = {
  'systole/server': {
    start: () => node(child('heartbeats')),
    attacks: { ...everything, ...ofHeartbeats },
    visit: beats,
  },
  'systole/push/server': {
    start: () => node(child('push')),
    keeps: 32 * 2 ** 20,
    attacks: { ...everything, ...ofHeartbeats, ...ofTopics },
    visit: hears,
  },
  'systole serve': {
    start: () => node(systole, 'serve', '--port', '0', '--tick', '10'),
    attacks: { ...everything, ...ofHeartbeats },
    visit: beats,
  },
  'systole/inspect': {
    start: async () => node(child('inspector'), String(await closedPort())),
    room: 12,
    attacks: { ...everything, ...ofInspections },
    visit: inspects,
  },
  'systole visualize': {
    start: () => node(systole, 'visualize', '--port', '0', '--no-open'),
    attacks: onHttp,
    visit: reads,
  },
  'systole demo, its orders': {
    start: () => node(child('demo')),
    path: '/control',
    room: 12,
    attacks: { ...everything, ...ofOrders },
    visit: watches,
  },
  'systole demo, its inspector': {
    start: () => node(child('demo')),
    path: '/inspect',
    room: 12,
    attacks: { ...everything, ...ofInspections },
    visit: inspects,
  },
};

test.each(Object.entries(servers))('%s', async (name, { start, path = '/', room = 100, keeps = 0, attacks, visit }) => {
  const server = await start();
  const address = /(?:ws|http):\/\/127\.0\.0\.1:\d+/.exec(await server.line(/:\/\/127/))![0];
  const port = Number(new URL(address).port);
  const target: Target = { port, path, room };
  const visited = new URL(path, address).href;
  const pid = server.process.pid!;
  await inTime(visit(visited));
  await during(warmUp, busyness.http, target);
  if (attacks !== onHttp) await during(warmUp, busyness.webSocket, target);
  await inTime(visit(visited));
  const before = memoryOf(pid);
  const held = watchMemory(pid);
  const share = (seconds * 1_000) / Object.keys(attacks).length;
  let most = 0;

  const failures: string[] = [];
  for (const [attack, begin] of Object.entries(attacks)) {
    const over = new AbortController();
    setMaxListeners(0, over.signal);
    const said = new AbortController();
    const attacked = begin(target, over.signal, () => said.abort());
    const until = performance.now() + share;
    let visits = 0;
    try {
      while (!said.signal.aborted || performance.now() < until || visits === 0) {
        await inTime(visit(visited));
        visits += 1;
      }
    } catch (error) {
      failures.push(`${attack}: ${(error as Error).message}`);
    }
    over.abort();
    await attacked;
    const more = held() - before;
    most = Math.max(most, more);
    console.info(
      `${name.padEnd(28)}${attack.padEnd(44)}${mebibytes(more)} MiB more${String(visits).padStart(6)} others served`,
    );
    if (server.process.exitCode !== null || server.process.signalCode !== null)
      failures.push(`${attack}: it has ended`);
    if (failures.length > 0) break;
  }

  const sockets = await Promise.all(Object.values(strangers).map((stranger) => stranger(port).catch(() => undefined)));
  onTestFinished(() => sockets.forEach((socket) => socket?.destroy()));
  server.process.kill('SIGINT');
  const end = await inTime(server.ended).catch(({ message }: Error) => message);
  expect(failures).toEqual([]);
  expect(most / 2 ** 20, 'MiB more than before').toBeLessThan((mostGrowth + keeps) / 2 ** 20);
  expect(end).toEqual({ code: 0, signal: null });
});

async function during(ms: number, attack: Attack, target: Target): Promise<void> {
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  setTimeout(() => over.abort(), ms);
  await attack(target, over.signal, () => {});
}

/** With little room for garbage: what grows is what is kept. It ends where more is kept on the heap than there is room for. */
function node(...args: string[]): Command {
  return started(new Command(process.execPath, ['--max-semi-space-size=4', '--max-old-space-size=96', ...args]));
}

async function beats(address: string): Promise<void> {
  await talk(address, (socket, heard) => {
    if (heard.length === 1) socket.send('heartbeat');
    return heard.some((text) => text.startsWith('{"heartbeat":'));
  });
}

/** Is welcomed, and hears two messages of a topic. */
async function hears(address: string): Promise<void> {
  await talk(address, (socket, heard) => {
    if (heard.length === 1) socket.send('~s [["news"]]');
    return heard.filter((text) => /^~\d/.test(text)).length > 1;
  });
}

async function inspects(address: string): Promise<void> {
  await talk(
    address,
    (_, heard) => heard[0]!.includes('service.register'),
    (socket) => socket.send('{"type":"xstate.inspecting"}'),
  );
}

/** Is told what holds, and what it has ordered; and orders that all be as it was. */
async function watches(address: string): Promise<void> {
  const order = (socket: WebSocket, ms: number) => socket.send(JSON.stringify({ do: 'delay', ms }));
  let wanted = 1;
  await talk(address, (socket, heard) => {
    if (heard.length === 1) order(socket, wanted);
    if (!heard.at(-1)!.includes(`"delay":${wanted},`)) return false;
    wanted -= 1;
    if (wanted === 0) order(socket, wanted);
    return wanted < 0;
  });
}

async function reads(address: string): Promise<void> {
  const response = await fetch(new URL('config.json', address));
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
  await response.json();
}

async function talk(
  address: string,
  isDone: (socket: WebSocket, heard: readonly string[]) => boolean,
  begin: (socket: WebSocket) => void = () => {},
): Promise<void> {
  const socket = new WebSocket(address);
  const heard: string[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on('open', () => begin(socket));
      socket.on('message', (data: Buffer) => {
        heard.push(data.toString());
        if (isDone(socket, heard)) resolve();
      });
      socket.on('error', reject);
      socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    });
  } finally {
    socket.terminate();
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${patience} ms`)), patience);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Answers with the most that a process has held since it was last asked: for so long that it was more than garbage. */
function watchMemory(pid: number): () => number {
  const samples: number[] = [];
  let most = 0;
  const watch = setInterval(() => {
    samples.push(memoryOf(pid));
    if (samples.length > 25) samples.shift();
    most = Math.max(most, Math.min(...samples));
  }, 20);
  onTestFinished(() => clearInterval(watch));
  return () => {
    const held = most;
    most = 0;
    return held;
  };
}

/** Of a process, bytes; 0: it has ended. */
function memoryOf(pid: number): number {
  try {
    if (process.platform === 'linux') return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4_096;
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1_024;
  } catch {
    return 0;
  }
}

function mebibytes(bytes: number): string {
  return Math.round(bytes / 2 ** 20)
    .toString()
    .padStart(6);
}
