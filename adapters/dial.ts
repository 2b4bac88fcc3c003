/**
 * Where to dial, each time anew: a fixed URL, or one that the app is asked for before every dial, now or later.
 */
import { type AddressSource, ask, type DialContext, isThenable, source, UrlError } from './asked.ts';
import { isObject } from './check.ts';
import type * as Dom from './dom.ts';
import { subprotocols, webSocketUrl } from './url.ts';

/** Where to dial. A function is asked before every dial, for a fresh token; if it throws or rejects, the dial has failed. `connectTimeout` counts it. */
export type UrlOption = string | Dom.URL | ((context: DialContext) => string | Dom.URL | Promise<string | Dom.URL>);

type Offer = string | readonly string[] | null | undefined;

/** Subprotocols to offer, as the second argument of `WebSocket`, or a function that is asked before every dial. Null: none. */
export type ProtocolsOption = Offer | ((context: DialContext) => Offer | Promise<Offer>);

export interface Address {
  readonly url: string;
  readonly protocols: readonly string[];
  /** What the class is given beyond the standard. */
  readonly further: readonly unknown[];
}

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

/** Also a URL of another realm, or of a polyfill. */
function isUrl(given: unknown): boolean {
  return typeof given === 'string' || (isObject(given) && typeof given['href'] === 'string');
}

export function isOffer(given: unknown): boolean {
  return given === undefined || given === null || [given].flat().every((each) => typeof each === 'string');
}

/** Once each: a WebSocket takes none twice, and the app may name what its protocol names too. */
function offerOf(given: unknown, more: readonly string[]): readonly string[] {
  return [...new Set([...subprotocols([given ?? []].flat() as string[]), ...more])];
}
