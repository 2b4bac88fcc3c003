import { defaultWebSocket } from '#platform';

/**
 * What an app may choose, checked: every error names the option at fault and what it takes.
 */
import type { Input } from '../machines/connection.ts';
import type { PartialSettings } from '../machines/settings.ts';
import type { BufferBounds } from './buffer.ts';
import {
  callable,
  count,
  isNumber,
  isObject,
  check,
  milliseconds,
  positiveMilliseconds,
  type Rules,
  size,
} from './check.ts';
import { type Clock, systemClock } from './clock.ts';
import { Line } from './line.ts';
import { idHeartbeat } from './protocols/id-heartbeat.ts';
import type { Protocol } from './protocols/protocol.ts';
import { guarded } from './surface.ts';
import { subprotocols, webSocketUrl } from './url.ts';
import { UrlError, type WebSocketClass, type WebSocketLike } from './visit.ts';

/** Where to dial. A function is asked before every dial, for a fresh token; if it throws, the dial has failed. */
export type UrlOption = string | URL | (() => string | URL);

/** Durations in ms. */
export interface ConnectionOptions extends Omit<PartialSettings, 'liveness'> {
  /** How the server names the session and shows life. Default `idHeartbeat()`. */
  protocol?: Protocol | undefined;
  /** Subprotocols to offer, as the second argument of `WebSocket`. Default none but those of `protocol`. */
  protocols?: string | readonly string[] | undefined;
  /** HTTP headers of the upgrade request. npm `ws` only: no other WebSocket can send any. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** What may wait to be sent. */
  buffer?: Partial<BufferBounds> | undefined;
  /** Default: npm `ws` on Node, the platform's own elsewhere. */
  WebSocket?: WebSocketClass | undefined;
  /** The time. Default: the platform's. */
  clock?: Clock | undefined;
  /** Chance, 0 ≤ x < 1, for jitter. Default `Math.random`. */
  random?: (() => number) | undefined;
}

const defaultBuffer: BufferBounds = { messages: 1_000, bytes: 1_048_576, overflow: 'reject' };

/**
 * The input of `connectionMachine`: a new line to `url`, and the settings. Each connection needs one of its own.
 * @throws {DOMException} `SyntaxError` for a URL or subprotocols that `new WebSocket()` would not take either
 * @throws {TypeError | RangeError} naming the option
 */
export function connectionInput(url: UrlOption, options: ConnectionOptions = {}): Input {
  check(options, connectionRules);
  const { protocol = idHeartbeat(), clock = systemClock, random = Math.random, buffer } = options;
  return {
    line: new Line({
      protocol,
      random,
      clock: completed(clock),
      buffer: { ...defaultBuffer, ...buffer },
      dial: dialler(url, protocol, options),
    }),
    liveness: protocol.liveness,
    ...settingsIn(options),
  };
}

function settingsIn({ backoff, shouldReconnect, ...options }: ConnectionOptions): PartialSettings {
  const { heartbeat, connectTimeout, idTimeout, closeTimeout, stableAfter, retries } = options;
  const chosen = {
    heartbeat,
    connectTimeout,
    idTimeout,
    closeTimeout,
    stableAfter,
    retries,
    backoff: typeof backoff === 'function' ? orNaN(guarded(backoff)) : backoff,
    shouldReconnect: shouldReconnect && guarded(shouldReconnect),
  };
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
}

function orNaN<A extends unknown[]>(call: (...args: A) => number | undefined): (...args: A) => number {
  return (...args) => call(...args) ?? Number.NaN;
}

function completed(clock: Clock): Required<Clock> {
  return {
    now: () => clock.now(),
    wallTime: () => clock.wallTime?.() ?? clock.now(),
    setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
    clearTimeout: (id) => clock.clearTimeout(id),
  };
}

function dialler(url: UrlOption, protocol: Protocol, options: ConnectionOptions): () => WebSocketLike {
  const WebSocketClass = options.WebSocket ?? defaultWebSocket();
  const isNodeWs = typeof WebSocketClass.prototype?.ping === 'function';
  if (protocol.needsPing && !isNodeWs) {
    throw new TypeError(
      `protocol: ${protocol.name} needs a WebSocket that can send pings, which only npm ws can; elsewhere use plain() or idHeartbeat()`,
    );
  }
  if (options.headers !== undefined && !isNodeWs) {
    throw new TypeError('headers: only npm ws can send any; elsewhere put a token into the URL, or into protocols');
  }
  // Once each: a WebSocket takes none twice, and the app may name what its protocol names too.
  const offered = [...new Set([...subprotocols([options.protocols ?? []].flat()), ...(protocol.subprotocols ?? [])])];
  const more = options.headers === undefined ? [] : [{ headers: options.headers }];
  const fixed = typeof url === 'function' ? undefined : webSocketUrl(url);
  return () => new WebSocketClass(fixed ?? asked(url as () => string | URL), offered, ...(more as never[]));
}

/** The message of what the app threw is kept from reports: it may hold the URL. */
function asked(url: () => string | URL): string {
  let given: unknown;
  try {
    given = url();
  } catch (error) {
    throw new UrlError(`the url function threw ${error instanceof Error ? error.name : typeof error}`);
  }
  if (typeof given !== 'string' && !(given instanceof URL)) {
    throw new UrlError('the url function must return a string or a URL');
  }
  try {
    return webSocketUrl(given);
  } catch (error) {
    throw new UrlError((error as Error).message);
  }
}

/** RFC 9110 §5.1 and §5.5. One that HTTP cannot carry would fail every dial. */
function isHeader([name, value]: [string, unknown]): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) && typeof value === 'string' && /^[\t -~\x80-\xff]*$/.test(value);
}

export const connectionRules: Rules = {
  protocol: (value) =>
    isObject(value) && typeof value['session'] === 'function' ? undefined : 'a protocol, such as idHeartbeat()',
  protocols: (value) => ([value].flat().every((each) => typeof each === 'string') ? undefined : 'a string or strings'),
  headers: (value) =>
    isObject(value) && Object.entries(value).every(isHeader)
      ? undefined
      : 'an object of strings, with names and values that HTTP can carry',
  heartbeat: {
    interval: positiveMilliseconds,
    timeout: positiveMilliseconds,
    maxAge: (value) => (isNumber(value) && value > 0 ? undefined : 'a number of milliseconds above 0, or Infinity'),
  },
  connectTimeout: positiveMilliseconds,
  idTimeout: positiveMilliseconds,
  closeTimeout: milliseconds,
  stableAfter: milliseconds,
  backoff: {
    initial: milliseconds,
    max: milliseconds,
    spread: milliseconds,
    factor: (value) => (isNumber(value) && value >= 1 && value <= 1_000 ? undefined : 'a number from 1 to 1000'),
  },
  retries: count,
  shouldReconnect: callable,
  buffer: {
    messages: size,
    bytes: size,
    overflow: (value) => (value === 'reject' ? undefined : "'reject'"),
  },
  WebSocket: callable,
  clock: (value) =>
    isObject(value) && ['now', 'setTimeout', 'clearTimeout'].every((name) => typeof value[name] === 'function')
      ? undefined
      : 'an object with now(), setTimeout() and clearTimeout()',
  random: callable,
};
