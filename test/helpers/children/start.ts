/**
 * Starts the scripts beside it, and hears what they say.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A line of JSON that a child wrote. `at`: ms on the machine's monotonic clock. */
export interface Said {
  at: number;
  event: string;
  [detail: string]: unknown;
}

export interface StartOptions {
  /** What goes before `node`, such as `ip netns exec NAME`. */
  within?: readonly string[];
  /** Flags of Node. */
  flags?: readonly string[];
}

export class Child {
  readonly said: Said[] = [];
  readonly process: ChildProcess;
  /** The exit code, once it has exited by itself or was ended. */
  readonly exited: Promise<number | null>;
  #errors = '';
  #isGone = false;
  #waiting: (() => void)[] = [];

  constructor(script: string, args: readonly unknown[] = [], { within = [], flags = [] }: StartOptions = {}) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const words = args.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
    const [command = '', ...rest] = [...within, process.execPath, ...flags, path, ...words];
    this.process = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.process.stdin?.on('error', () => {});
    this.process.stderr?.on('data', (bytes) => {
      this.#errors += String(bytes);
    });
    createInterface({ input: this.process.stdout! }).on('line', (line) => {
      this.said.push(JSON.parse(line) as Said);
      this.#wake();
    });
    this.exited = new Promise((resolve) => {
      this.process.once('close', (code) => {
        this.#isGone = true;
        this.#wake();
        resolve(code);
      });
    });
    children.add(this);
    void this.exited.then(() => children.delete(this));
  }

  /** What went to stderr. */
  get errors(): string {
    return this.#errors;
  }

  get events(): string[] {
    return this.said.map(({ event }) => event);
  }

  /** The first thing it says, of what it said since `from`, that fits. Fails if it exits without. */
  async until(event: string, fits: (said: Said) => boolean = () => true, from = 0): Promise<Said> {
    for (;;) {
      const found = this.said.slice(from).find((each) => each.event === event && fits(each));
      if (found !== undefined) return found;
      if (this.#isGone) {
        throw new Error(`the child exited before it said "${event}":\n${this.#errors}${JSON.stringify(this.said)}`);
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** What fits, once there are `count` of it since `from`. */
  async untilMany(event: string, count: number, fits: (said: Said) => boolean = () => true, from = 0): Promise<Said[]> {
    const found: Said[] = [];
    await this.until(
      event,
      (each) => {
        if (fits(each) && !found.includes(each)) found.push(each);
        return found.length >= count;
      },
      from,
    );
    return found;
  }

  tell(command: string, detail: object = {}): void {
    this.process.stdin?.write(`${JSON.stringify({ command, ...detail })}\n`);
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.process.kill(name);
  }

  async end(): Promise<void> {
    if (!this.#isGone) this.signal('SIGKILL');
    await this.exited;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each();
  }
}

const children = new Set<Child>();

/** Ends whatever is left of the children. */
export async function endChildren(): Promise<void> {
  await Promise.all([...children].map((child) => child.end()));
}

/** Ms on the machine's monotonic clock, as children say them. */
export const now = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
