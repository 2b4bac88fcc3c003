/** What was said on one connection, line by line, as it is shown: how it began, and what came last. */
import { field, type Frame, jsonObject } from '../../adapters/protocols/protocol.ts';
import { shortName } from '../../adapters/short-name.ts';
import { printable } from '../terminal.ts';

type Direction = 'C→S' | 'S→C' | '·';

/** Lines that are kept of the beginning, and of the end. */
const most = 14;
/** Of what is said, characters. */
const longest = 160;

export class Transcript {
  readonly #now: () => number;
  readonly #first: Line[] = [];
  #last: Line[] = [];
  #omitted = 0;

  /** @param now ms since the beginning */
  constructor(now: () => number) {
    this.#now = now;
  }

  note(direction: Direction, what: string): void {
    const previous = this.#last.at(-1) ?? this.#first.at(-1);
    // Who says the same again and again does not push out what was said before.
    if (previous?.what === what && previous.direction === direction) {
      previous.times += 1;
      return;
    }
    const line = { at: this.#now(), direction, what, times: 1 };
    if (this.#first.length < most) {
      this.#first.push(line);
      return;
    }
    this.#last.push(line);
    if (this.#last.length <= most) return;
    this.#last.shift();
    this.#omitted += 1;
  }

  get lines(): readonly string[] {
    const omitted = this.#omitted > 0 ? [`           …  ${this.#omitted} lines more`] : [];
    return [...this.#first.map(textOf), ...omitted, ...this.#last.map(textOf)];
  }
}

interface Line {
  readonly at: number;
  readonly direction: Direction;
  readonly what: string;
  times: number;
}

function textOf({ at, direction, what, times }: Line): string {
  const text = printable(what.slice(0, longest)) + (what.length > longest ? `… (${what.length} characters)` : '');
  return `${(at / 1_000).toFixed(3).padStart(8)}  ${direction.padEnd(3)}  ${text}${times > 1 ? `  (${times} times)` : ''}`;
}

/** Longer ones are not looked into, in characters. */
const longestRead = 4_096;
/** Shorter names are found in other words, too. */
const shortestName = 8;

/**
 * A frame, as it may be shown: of the session's name no more than its end.
 * @param name of the session, where it is known
 */
export function frameText(frame: Frame | Buffer, name?: string): string {
  if (typeof frame !== 'string') {
    const bytes = Buffer.from(frame as ArrayBuffer);
    return `${bytes.length} bytes of binary${bytes.length <= 64 ? `: ${JSON.stringify(bytes.toString())}` : ''}`;
  }
  const object = frame.length <= longestRead ? jsonObject(frame) : undefined;
  const id = object === undefined ? undefined : field(object, 'id');
  let text = frame;
  if (typeof id === 'string' && id !== '') text = text.replaceAll(JSON.stringify(id), JSON.stringify(shortName(id)));
  return name !== undefined && name.length >= shortestName ? text.replaceAll(name, shortName(name)) : text;
}

/** What a peer's end says; 1005: a close frame without a code, 1006: none. */
export function endText({ code, reason, fault }: { code: number; reason: string; fault?: string }): string {
  if (fault !== undefined) return `what it sends is broken: ${fault}`;
  if (code === 1006) return 'ends the connection, without a close frame';
  return `close${code === 1005 ? ', without a code' : ` ${code}`}${reason === '' ? '' : ` ${reason}`}`;
}
