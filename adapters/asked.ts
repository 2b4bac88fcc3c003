/**
 * What an app gives once, or is asked for before every dial, now or later. What it throws, or answers badly, is a dial that failed.
 */
import { errorName } from './check.ts';
import type * as Dom from './dom.ts';

/** What an app's function is given. `signal`: aborted when nobody waits for the answer any more. */
export interface DialContext {
  signal: Dom.AbortSignal;
}

/** What the app gave: read once, or a function whose answer is read before each dial. */
export type AddressSource<T> = { readonly fixed: T } | ((context: DialContext) => T | Promise<T>);

/** The address could not be had. */
export class UrlError extends Error {
  override name = 'UrlError';
}

/** Messages of what the app threw are kept from reports: they may hold the URL. */
export function source<T>(
  name: string,
  option: unknown,
  read: (given: unknown) => T,
  isSound: (given: unknown) => boolean,
  takes: string,
): AddressSource<T> {
  if (typeof option !== 'function') return { fixed: read(option) };
  const understand = (given: unknown): T => {
    if (!isSound(given)) throw new UrlError(`the ${name} function must return ${takes}`);
    try {
      return read(given);
    } catch (error) {
      throw new UrlError((error as Error).message);
    }
  };
  return (context) => {
    let given: unknown;
    try {
      given = (option as (context: DialContext) => unknown)(context);
    } catch (error) {
      throw new UrlError(`the ${name} function threw ${errorName(error)}`);
    }
    if (!isThenable(given)) return understand(given);
    return Promise.resolve(given).then(understand, (error: unknown) => {
      throw new UrlError(`the ${name} function rejected with ${errorName(error)}`);
    });
  };
}

export function ask<T>(from: AddressSource<T>, context: DialContext): T | Promise<T> {
  const answer = typeof from === 'function' ? from(context) : from.fixed;
  // It is reported with the others, or not at all where one of them has thrown.
  if (isThenable(answer)) answer.catch(() => {});
  return answer;
}

export function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function';
}
