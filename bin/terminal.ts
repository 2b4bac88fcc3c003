/**
 * The one way out: everything the commands say is a line given to `print`, so that tests can read it.
 */
export interface Terminal {
  /** `renewed`: in a terminal it takes the place of the line before, where that one was `renewed` as well. */
  readonly print: (line: string, renewed?: boolean) => void;
  readonly paint: Paint;
  /** A person looks: what is renewed is worth printing. */
  readonly isTerminal?: boolean;
}

export type Paint = (style: Style, text: string) => string;
export type Style = keyof typeof sgr;

// `styleText` of node:util would do, from Node 20.12 on.
const sgr = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

export const noPaint: Paint = (_, text) => text;

/** Colour only where a person looks, and does not mind (https://no-color.org). */
export function terminalOn(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const isTerminal = out.isTTY && env['TERM'] !== 'dumb';
  let renewable = false;
  return {
    isTerminal,
    print(line, renewed = false) {
      const up = renewed && renewable && isTerminal && line.length <= out.columns ? '\x1b[1A\x1b[2K' : '';
      renewable = renewed;
      out.write(`${up}${line}\n`);
    },
    paint: isTerminal && !env['NO_COLOR'] ? (style, text) => `\x1b[${sgr[style]}m${text}\x1b[0m` : noPaint,
  };
}

/** Longer texts are cut, in characters. */
const longestText = 400;

/** What a stranger sent, on one line, with nothing in it that a terminal obeys: controls and changes of direction are spelled out. */
export function printable(text: string): string {
  const shown = unarmed(text.slice(0, longestText));
  return text.length > longestText ? `${shown}… (${text.length} characters)` : shown;
}

/** The same for JSON, which reads it back. */
export function unarmed(text: string): string {
  return text.replace(
    /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** For what is to come: whole seconds, upwards. */
export function wholeSeconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}

/** 60 s, 1.6 s, 250 ms: as many digits as one reads at a glance. */
export function duration(ms: number): string {
  if (ms >= 999.5) return `${Number((ms / 1_000).toFixed(ms < 99_950 ? 2 : 0))} s`;
  return `${Number(ms.toFixed(ms < 9.95 ? 2 : 0))} ms`;
}
