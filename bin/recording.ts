/**
 * A recording: what is known of a machine at work, one line of JSON for each `Entry`, after a line that says what it is. Each line is in the file
 * before the next thing happens, also where the process is killed then.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, renameSync, rmSync, type Stats, statSync, writeSync } from 'node:fs';

import { Failure } from './arguments.ts';
import { type AppInspector, openObservation } from './inspection.ts';

/** Bytes: more than that the page does not load. A server that speaks a lot would otherwise fill the disk. */
const largest = 100 * 2 ** 20;

/** The first line. */
export const header = { systole: 'recording', version: 1 };

export class Recording {
  /** For `connect()`. */
  readonly inspect: AppInspector;
  /** Fulfilled when the file takes no more, such as on a full disk, or where it is as large as it may be. */
  readonly failed: Promise<void>;
  readonly #file: number;
  readonly #most: number;
  #size = 0;
  #isOpen = true;
  #failure: Failure | undefined;
  #fail!: () => void;

  private constructor(file: number, inspect: AppInspector, most: number) {
    this.#file = file;
    this.inspect = inspect;
    this.#most = most;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.#write(header);
  }

  /** @throws {Failure} where the file is there already and not to be overwritten, or cannot be made */
  static async open(name: string, force = false, most = largest): Promise<Recording> {
    let write = (_entry: object) => {};
    const inspect = await openObservation((entry) => write(entry));
    if (inspect === undefined) throw new Failure('--record: the visualizer is not built here: npm run build');
    const recording = new Recording(opened(name, force), inspect, most);
    write = (entry) => recording.#write(entry);
    return recording;
  }

  /** @throws {Failure} where not all of it could be written */
  end(): void {
    this.#close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #write(entry: object): void {
    if (!this.#isOpen) return;
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    this.#size += line.length;
    if (this.#size > this.#most) return this.#giveUp(new Failure('--record: the file is full: the page loads 100 MiB'));
    try {
      writeSync(this.#file, line);
    } catch (error) {
      this.#giveUp(failure(error));
    }
  }

  #giveUp(why: Failure): void {
    this.#failure = why;
    this.#close();
    this.#fail();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.inspect.stop();
    this.#isOpen = false;
    closeSync(this.#file);
  }
}

/** For nobody else to read: it tells what somebody does, and when. */
const secret = 0o600;

function opened(name: string, force: boolean): number {
  try {
    return force ? overwritten(name) : openSync(name, 'wx', secret);
  } catch (error) {
    throw failure(error);
  }
}

/**
 * A file that is there may be readable for others, who may have it open already: it stays theirs, and a new one takes its name. A link is replaced, and
 * what it leads to stays as it is. What is no file (a pipe, a terminal) is written to.
 */
function overwritten(name: string): number {
  const there = statIn(name);
  if (there !== undefined && !there.isFile()) return openSync(name, 'w');
  const other = `${name}.${randomUUID()}`;
  const file = openSync(other, 'wx', secret);
  try {
    renameSync(other, name);
  } catch (error) {
    closeSync(file);
    rmSync(other, { force: true });
    throw error;
  }
  return file;
}

/** Undefined: there is none, or a link that leads nowhere. */
function statIn(name: string): Stats | undefined {
  return statSync(name, { throwIfNoEntry: false });
}

/** Without the name, which may be a URL in the wrong place. */
function failure(error: unknown): Failure {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return new Failure('--record: there is such a file already; --force overwrites it');
  return new Failure(`--record: the file cannot be written (${code})`);
}
