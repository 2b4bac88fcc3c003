/** What the documents show, as somebody would have it who copies it: in a folder of its own, with the package beside it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import { blocksIn } from '../package/blocks.ts';

/** Blocks that follow a comment with the name of a file. */
export function blocksOf(document: string): Map<string, string> {
  const blocks = blocksIn(document).filter(({ name }) => name?.endsWith('.mjs') === true);
  return new Map(blocks.map(({ name, text }) => [name!, text]));
}

export function write(folder: string, blocks: ReadonlyMap<string, string>): void {
  for (const [name, code] of blocks) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), code);
  }
}

/** A process that runs a file, and what it says. */
export class Run {
  readonly said: string[] = [];
  readonly child: ChildProcess;
  #wake = () => {};

  constructor(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.said.push(line);
      this.#wake();
    });
  }

  /** All that was said so far, once something was said that begins so; behind so many lines. */
  async until(beginning: string, behind = 0): Promise<string[]> {
    while (!this.said.slice(behind).some((line) => line.startsWith(beginning)))
      await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.said;
  }

  /** Nobody is told. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
