/** The processes in which nodes live, and what is done to them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { EngineName } from './engines.ts';

const script = fileURLToPath(new URL('node.mjs', import.meta.url));

/** How long a call may take, ms: more than a log may, and less than one who stands still for good. */
const patience = 4_000;
/** How long one may take to end by itself once all is over, ms. */
const mostEnding = 20_000;

export interface NodeInput {
  readonly engine: EngineName;
  /** Where it finds its engine. */
  readonly enginePort: number;
  /** Of its servers. */
  readonly ports: readonly number[];
  /** Messages of a topic. */
  readonly kept: number;
  /** It has ended, and nobody asked it to. */
  readonly failed: (why: string) => void;
}

interface Call {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** What became of a call that was not answered as it should be. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

export class NodeProcess {
  readonly input: NodeInput;
  /** Something is being done to it that others are not to disturb. */
  isBusy = false;
  #process: ChildProcess | undefined;
  readonly #calls = new Map<number, Call>();
  #lastCall = 0;

  constructor(input: NodeInput) {
    this.input = input;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const { failed, ...input } = this.input;
    const its = fork(script, [JSON.stringify(input)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
    this.#process = its;
    let words = '';
    its.stderr?.on('data', (data) => (words = (words + String(data)).slice(-4_000)));
    const serving = this.#answer(0);
    its.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: CallError }) => {
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error) call?.reject(new CallError(error.message, error.code));
      else call?.resolve(value);
    });
    its.once('exit', (code, signal) => {
      for (const call of this.#calls.values()) call.reject(new CallError('the node has ended', 'gone'));
      this.#calls.clear();
      if (this.#process === its) failed(`it has ended by itself (${code ?? signal}):\n${words}`);
    });
    await serving;
  }

  async call(call: string, ...given: unknown[]): Promise<unknown> {
    const its = this.#process;
    if (!its?.connected) throw new CallError('there is no node', 'gone');
    this.#lastCall += 1;
    const id = this.#lastCall;
    const answered = this.#answer(id);
    const late = setTimeout(() => {
      this.#calls.get(id)?.reject(new CallError('the node does not answer', 'late'));
      this.#calls.delete(id);
    }, patience);
    // It may end while it is told: then the call is rejected.
    its.send({ id, call, given }, () => {});
    return answered.finally(() => clearTimeout(late));
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const its = this.#process;
    this.#process = undefined;
    if (its === undefined || its.exitCode !== null || its.signalCode !== null) return;
    const exited = once(its, 'exit');
    its.kill('SIGKILL');
    await exited;
  }

  /** It closes all it has; then nothing is to hold it. */
  async end(): Promise<void> {
    const its = this.#process;
    if (its === undefined) return;
    this.#process = undefined;
    const exited = once(its, 'exit');
    its.send({ id: -1, call: 'end', given: [] }, () => {});
    const late = setTimeout(() => {
      this.input.failed(`all is over, and something holds it for more than ${mostEnding} ms`);
      its.kill('SIGKILL');
    }, mostEnding);
    await exited;
    clearTimeout(late);
  }

  #answer(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }
}
