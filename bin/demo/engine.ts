/**
 * An engine of logs that the demo has for itself: a process on a free port of loopback, in a folder of its own, which keeps nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { own } from './owned.ts';

export interface Engine {
  /** Of the program. */
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** For `--log`. */
  readonly url: string;
  readonly folder: string;
  stop(): Promise<void>;
}

interface Program {
  readonly name: string;
  /** Names it, where it is not found by its name. */
  readonly variable: string;
  /** What speaks to it. */
  readonly package: string;
  readonly scheme: string;
  readonly arguments: (port: number) => string[];
  /** What it says when it serves. */
  readonly ready: string;
}

const programs: readonly Program[] = [
  {
    name: 'redis-server',
    variable: 'SYSTOLE_REDIS',
    package: 'redis',
    scheme: 'redis',
    // No snapshots.
    arguments: (port) => [...`--bind 127.0.0.1 --port ${port} --appendonly no --save`.split(' '), ''],
    ready: 'Ready to accept connections',
  },
  {
    name: 'nats-server',
    variable: 'SYSTOLE_NATS',
    package: '@nats-io/transport-node',
    scheme: 'nats',
    arguments: (port) => `--addr 127.0.0.1 --port ${port} --jetstream --store_dir .`.split(' '),
    ready: 'Server is ready',
  },
];

/** How long one may take until it serves, ms. */
const patience = 5_000;
/** Another process may take the port that was free. */
const tries = 3;

/** The first that there is; or why there is none, for people. */
export async function startEngine(): Promise<Engine | string> {
  const reasons: string[] = [];
  for (const program of programs) {
    const path = process.env[program.variable] ?? onPath(program.name);
    if (path === undefined) reasons.push(program.name);
    else if (!(await isInstalled(program.package))) reasons.push(`the package ${program.package}`);
    else {
      const engine = await started(program, path);
      if (engine !== undefined) return engine;
      reasons.push(`a ${program.name} that starts`);
    }
  }
  return `for want of ${reasons.join(' or ')}`;
}

async function started(program: Program, path: string): Promise<Engine | undefined> {
  for (let i = 0; i < tries; i += 1) {
    const engine = await startedOn(await freePort(), program, path);
    if (engine !== undefined) return engine;
  }
  return undefined;
}

/** Undefined: it does not serve. */
async function startedOn(port: number, program: Program, path: string): Promise<Engine | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'systole-demo-'));
  // In a group of its own: ctrl-C is for the demo, which ends it when it needs it no more.
  const child = spawn(path, program.arguments(port), {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const disown = own(end);
  const stop = async () => {
    const ended = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    if (!ended) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    end();
    disown();
  };
  if (!(await isReady(child, program.ready)) || child.pid === undefined) {
    await stop();
    return undefined;
  }
  const { name, scheme } = program;
  return { name, port, pid: child.pid, url: `${scheme}://127.0.0.1:${port}`, folder, stop };
}

async function isReady(child: ChildProcess, ready: string): Promise<boolean> {
  let said = '';
  return await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), patience);
    const settle = (isSo: boolean) => {
      clearTimeout(timer);
      resolve(isSo);
    };
    const hear = (data: Buffer) => {
      // What it says later is read, and nobody needs it.
      said = (said + String(data)).slice(-1_000);
      if (said.includes(ready)) settle(true);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.on('error', () => settle(false));
    child.on('exit', () => settle(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function isInstalled(name: string): Promise<boolean> {
  try {
    await import(name);
    return true;
  } catch {
    return false;
  }
}
