/**
 * Where to dial, each time anew: a fixed URL, or one that the app is asked for before every dial, now or later.
 */
import { errorName, isObject } from './check.ts';
import type * as Dom from './dom.ts';
import { subprotocols, webSocketUrl } from './url.ts';

/** What an app's function is given. `signal`: aborted when nobody waits for the answer any more. */
export interface DialContext {
  signal: Dom.AbortSignal;
}

/** Where to dial. A function is asked before every dial, for a fresh token; if it throws or rejects, the dial has failed. `connectTimeout` counts it. */
export type UrlOption = string | Dom.URL | ((context: DialContext) => string | Dom.URL | Promise<string | Dom.URL>);

type Offer = string | readonly string[];

/** Subprotocols to offer, as the second argument of `WebSocket`, or a function that is asked before every dial. */
export type ProtocolsOption = Offer | ((context: DialContext) => Offer | Promise<Offer>);

export interface Address {
  readonly url: string;
  readonly protocols: readonly string[];
  /** What the class is given beyond the standard. */
  readonly further: readonly unknown[];
}

/** The address could not be had. */
export class UrlError extends Error {
  override name = 'UrlError';
}

/** What the app gave: read once, or a function whose answer is read before each dial. */
export type AddressSource<T> = { readonly fixed: T } | ((context: DialContext) => T | Promise<T>);

/** The addresses of one connection. */
export class Addresses {
  readonly #url: AddressSource<string>;
  readonly #protocols: AddressSource<readonly string[]>;
  readonly #further: AddressSource<readonly unknown[]>;
  #wasSecure = false;

  /**
   * What is fixed is checked at once.
   * @param more offered behind those of the app
   * @throws {DOMException} `SyntaxError` for a URL or subprotocols that `new WebSocket()` would not take either
   */
  constructor(
    url: UrlOption,
    protocols: ProtocolsOption,
    more: readonly string[],
    further: AddressSource<readonly unknown[]> = { fixed: [] },
  ) {
    this.#url = source('url', url, webSocketUrl, isUrl, 'a string or a URL');
    this.#protocols = source('protocols', protocols, (given) => offerOf(given, more), isOffer, 'a string or strings');
    this.#further = further;
  }

  /** @throws {UrlError}, or rejects with one */
  next(signal: () => Dom.AbortSignal): Address | Promise<Address> {
    const context: DialContext = {
      get signal() {
        return signal();
      },
    };
    const where = ask(this.#url, context);
    const offered = ask(this.#protocols, context);
    const given = ask(this.#further, context);
    if (!isThenable(where) && !isThenable(offered) && !isThenable(given)) {
      return this.#checked({ url: where, protocols: offered, further: given });
    }
    return Promise.all([where, offered, given]).then(([url, protocols, further]) =>
      this.#checked({ url, protocols, further }),
    );
  }

  #checked(address: Address): Address {
    const isSecure = address.url.startsWith('wss:');
    if (this.#wasSecure && !isSecure) {
      throw new UrlError('the url went from wss: to ws:, and what was encrypted is not dialled in the clear');
    }
    this.#wasSecure = isSecure;
    return address;
  }
}

function ask<T>(from: AddressSource<T>, context: DialContext): T | Promise<T> {
  const answer = typeof from === 'function' ? from(context) : from.fixed;
  // It is reported with the others, or not at all where one of them has thrown.
  if (isThenable(answer)) answer.catch(() => {});
  return answer;
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

/** Also a URL of another realm, or of a polyfill. */
function isUrl(given: unknown): boolean {
  return typeof given === 'string' || (isObject(given) && typeof given['href'] === 'string');
}

export function isOffer(given: unknown): boolean {
  return [given].flat().every((each) => typeof each === 'string');
}

/** Once each: a WebSocket takes none twice, and the app may name what its protocol names too. */
function offerOf(given: unknown, more: readonly string[]): readonly string[] {
  return [...new Set([...subprotocols([given].flat() as string[]), ...more])];
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function';
}
