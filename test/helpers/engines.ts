/**
 * Real engines of logs, each a process of its own on a port of its own, in a folder of its own. Stop them in `afterAll`; whatever became of it, with this process they are
 * gone, too.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { type EngineName, findEngine } from './find-engines.ts';

export interface RedisOptions {
  /** Every write is on the disk before it is answered. Default: what is stopped has forgotten everything. */
  persistent?: boolean;
  replicaOf?: Engine;
}

export function startRedis({ persistent = false, replicaOf }: RedisOptions = {}): Promise<Engine> {
  return Engine.start('redis-server', 'Ready to accept connections', (port) =>
    wordsOf(`--port ${port} --bind 127.0.0.1 --appendonly ${persistent ? 'yes' : 'no'} --appendfsync always`)
      // No snapshots; and a replica is not to wait for others that might want the same.
      .concat('--save', '', '--repl-diskless-sync-delay', '0')
      .concat(replicaOf ? wordsOf(`--replicaof 127.0.0.1 ${replicaOf.port}`) : []),
  );
}

/** With JetStream, whose files outlive a restart. @param config what else its file says */
export function startNats(config = ''): Promise<Engine> {
  return Engine.start(
    'nats-server',
    'Server is ready',
    (port) => wordsOf(`--config nats.conf --addr 127.0.0.1 --port ${port} --jetstream --store_dir .`),
    { 'nats.conf': config },
  );
}

function wordsOf(line: string): string[] {
  return line.split(' ');
}

export class Engine {
  readonly port: number;
  readonly #folder: string;
  readonly #name: EngineName;
  readonly #ready: string;
  readonly #args: (port: number) => readonly string[];
  readonly #files: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;
  #guard: ChildProcess | undefined;

  /** Resolves when it serves. @throws {Error} with its last words, where it does not */
  static async start(
    name: EngineName,
    ready: string,
    args: (port: number) => readonly string[],
    files: Readonly<Record<string, string>> = {},
  ): Promise<Engine> {
    const engine = new Engine(name, ready, args, files, await freePort());
    await engine.start();
    return engine;
  }

  private constructor(
    name: EngineName,
    ready: string,
    args: (port: number) => readonly string[],
    files: Readonly<Record<string, string>>,
    port: number,
  ) {
    this.#name = name;
    this.#ready = ready;
    this.#args = args;
    this.#files = files;
    this.port = port;
    this.#folder = mkdtempSync(join(tmpdir(), `systole-${name}-`));
    engines.add(this);
  }

  /** On the port it had before. */
  async start(): Promise<void> {
    const path = findEngine(this.#name);
    if (path === undefined) throw new Error(`there is no ${this.#name}: apt-get install redis-server nats-server`);
    for (const [file, text] of Object.entries(this.#files)) writeFileSync(join(this.#folder, file), text);
    const engine = spawn(path, this.#args(this.port), {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = engine;
    this.#guard = guard(engine.pid, this.#folder);
    let words = '';
    await new Promise<void>((resolve, reject) => {
      const hear = (data: Buffer) => {
        words = (words + String(data)).slice(-4_000);
        if (words.includes(this.#ready)) resolve();
      };
      engine.stdout.on('data', hear);
      engine.stderr.on('data', hear);
      engine.once('error', reject);
      engine.once('exit', () => reject(new Error(`${this.#name} has ended:\n${words}`)));
    });
  }

  /** Nothing is written, nobody is told. */
  async kill(): Promise<void> {
    const engine = this.#process;
    this.#process = undefined;
    this.#guard?.kill('SIGKILL');
    if (engine === undefined || engine.exitCode !== null || engine.signalCode !== null) return;
    const exited = once(engine, 'exit');
    engine.kill('SIGKILL');
    await exited;
  }

  /** It stands still, and its sockets stay open. Resolves when it does: on a busy machine some of its threads go on for a while. */
  async pause(): Promise<void> {
    const { pid } = this.#process ?? {};
    if (pid === undefined) return;
    process.kill(pid, 'SIGSTOP');
    while (!areStopped(pid)) await turn();
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Once it has been killed: what it has kept is gone. */
  empty(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder);
  }

  /** For good. */
  async stop(): Promise<void> {
    await this.kill();
    this.endNow();
  }

  endNow(): void {
    this.#guard?.kill('SIGKILL');
    this.#process?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
    engines.delete(this);
  }
}

/** All threads of a process. Where there is no telling, they are taken to be. */
function areStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return true;
  // The state comes behind the name, which is in parentheses.
  return readdirSync(threads).every((thread) => /\) [Tt] /.test(readFileSync(join(threads, thread, 'stat'), 'utf8')));
}

/** Ends the engine when this process is gone, also where it was killed and could not do it: then nobody holds the other end of what it reads. */
function guard(pid: number | undefined, folder: string): ChildProcess {
  const waits = 'read _; kill -9 "$0"; rm -rf "$1"';
  const its = spawn('sh', ['-c', waits, String(pid), folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  its.unref();
  (its.stdin as Socket).unref();
  return its;
}

const engines = new Set<Engine>();
process.once('exit', () => {
  for (const engine of engines) engine.endNow();
});

/**
 * Below those that systems give to whoever dials: while an engine is down, a client that dials it again and again would sooner or later be given its port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
