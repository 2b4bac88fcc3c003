/**
 * What was typed, understood or refused. No message repeats a value: it may be a URL with a token, in the wrong place.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util';

import { longestTimer } from '../machines/backoff.ts';
import { didYouMean } from './nearest.ts';

/** The command was not typed as it has to be: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** It cannot be done, for a reason that needs no stack: exit code 1. */
export class Failure extends Error {
  override name = 'Failure';
}

const help = { help: { type: 'boolean', short: 'h' } } as const;

type ArgumentOptions = NonNullable<ParseArgsConfig['options']>;
type Parsed<T extends ArgumentOptions> = ReturnType<
  typeof parseArgs<{ options: T & typeof help; allowPositionals: true; strict: true }>
>;

/** @throws {UsageError} naming the option */
export function parse<T extends ArgumentOptions>(args: string[], options: T): Parsed<T> {
  try {
    return parseArgs({ args, options: { ...options, ...help }, allowPositionals: true, strict: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw new UsageError(strangerIn(args, { ...options, ...help }));
    // The rest of the message is advice on parseArgs.
    throw new UsageError(message.split(/[.\n]/, 1)[0]);
  }
}

/** An option that there is not may be a value that looks like one. */
function strangerIn(args: string[], options: ArgumentOptions): string {
  const { tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true });
  const stranger = tokens.find((token) => token.kind === 'option' && !Object.hasOwn(options, token.name));
  const names = Object.keys(options);
  const there = names.map((name) => `--${name}`).join(', ');
  const meant = didYouMean(names, stranger?.kind === 'option' ? stranger.name : '', '--');
  return `argument ${(stranger?.index ?? 0) + 1} is not an option; there are ${there}${meant}`;
}

/** @throws {UsageError} for what is not a whole number within the limits */
export function wholeNumber(option: string, given: string | undefined, least: number, most: number) {
  if (given === undefined) return undefined;
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${option} must be a whole number from ${least} to ${most}`);
}

export function milliseconds(option: string, given: string | undefined) {
  return wholeNumber(option, given, 1, longestTimer);
}

export function port(option: string, given: string | undefined) {
  return wholeNumber(option, given, 0, 65_535);
}

/**
 * What the system refuses, such as a port in use, is told with the option that asked for it, and what to do.
 * @param owner who has a port that is in use, and what to do with that, where it is known
 */
export async function askedBy<T>(
  option: string,
  work: Promise<T>,
  owner?: (port: number) => Promise<string | undefined>,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { syscall, message, code = '', port: refused } = error as NodeJS.ErrnoException & { port?: number };
    if (syscall === undefined) throw error;
    const another = `take another with --${option}, where 0 is any free one`;
    if (code === 'EADDRINUSE' && refused) {
      const whose =
        (await owner?.(refused)) ?? `perhaps by a systole in another window (lsof -i :${refused} tells): end that`;
      throw new Failure(`--${option}: port ${refused} is in use (${code}), ${whose}, or ${another}`);
    }
    const remedy = code === 'EACCES' ? `; ports below 1024 are not for everybody: ${another}` : '';
    throw new Failure(`--${option}: ${message}${remedy}`);
  }
}

/** The only argument of a command that dials. @throws {UsageError} where there is none, or another one */
export function urlIn([url, ...more]: string[]): string {
  if (url === undefined) throw new UsageError('needs the URL of a server, such as ws://127.0.0.1:8080');
  if (more.length > 0) throw new UsageError('takes one URL; put what has spaces in it between quotes');
  return url;
}

/** @throws {UsageError} where there is an argument too many */
export function noPositionals(positionals: string[]): void {
  if (positionals.length > 0) throw new UsageError('takes options only');
}
