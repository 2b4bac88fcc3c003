/**
 * The built command line, run as users run it: as a process.
 */
import { type ChildProcessWithoutNullStreams, spawn, type SpawnOptionsWithoutStdio } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { onTestFinished, type TestContext } from 'vitest';

export const systole = fileURLToPath(new URL('../../dist/bin/systole.js', import.meta.url));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class Command {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  #wake = () => {};

  constructor(command: string, args: readonly string[], options: SpawnOptionsWithoutStdio = {}) {
    this.process = spawn(command, args, { ...options, env: { ...process.env, NO_COLOR: '1' } });
    const { stdout, stderr } = this.process;
    stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#wake();
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#wake();
    });
    this.ended = once(this.process, 'close').then(([code, signal]) => ({ code, signal }));
    void this.ended.then(() => this.#wake());
  }

  get lines(): string[] {
    return this.stdout.split(/\r?\n/);
  }

  /** The first whole line that matches, as soon as it is printed. */
  async line(pattern: RegExp): Promise<string> {
    const at = await this.indexOf(pattern); // first: what has been printed by then is looked at
    return this.lines[at]!;
  }

  /** Where it is, from a line on. */
  async indexOf(pattern: RegExp, from = 0): Promise<number> {
    for (;;) {
      const found = this.lines.findIndex((line, i, { length }) => i >= from && i < length - 1 && pattern.test(line));
      if (found !== -1) return found;
      if (this.process.exitCode !== null && this.process.stdout.readableEnded) {
        throw new Error(`ended without a line like ${pattern}:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  type(text: string): void {
    this.process.stdin.write(text);
  }
}

/** Starts `systole`, and makes sure that it does not outlive the test. */
export function run(...args: string[]): Command {
  return started(new Command(process.execPath, [systole, ...args]));
}

/** Concurrent tests give their context. */
export function started(command: Command, context: Pick<TestContext, 'onTestFinished'> = { onTestFinished }): Command {
  context.onTestFinished(() => {
    command.process.kill('SIGKILL');
  });
  return command;
}

/** `systole serve` on a free port, once it listens. */
export async function served(...args: string[]): Promise<Command & { port: number }> {
  const command = run('serve', '--port', '0', ...args);
  const port = Number(/:(\d+)/.exec(await command.line(/ws:\/\//))?.[1]);
  return Object.assign(command, { port });
}
