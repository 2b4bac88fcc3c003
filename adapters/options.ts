import { defaultWebSocket } from '#platform';

/**
 * What an app may choose, checked: every error names the option at fault and what it takes.
 */
import type { Input } from '../machines/connection.ts';
import { definedOf, type PartialSettings } from '../machines/settings.ts';
import { type BufferBounds, defaultBounds } from './buffer.ts';
import {
  booleanOrObject,
  callable,
  callableOrObject,
  count,
  isFunction,
  isNumber,
  isObject,
  check,
  milliseconds,
  oneOf,
  positiveMilliseconds,
  type Rules,
  size,
} from './check.ts';
import { type Clock, systemClock } from './clock.ts';
import { type Address, addresses, isOffer, type ProtocolsOption, type UrlOption } from './dial.ts';
import { lifecycleOf, type LifecycleOptions } from './lifecycle.ts';
import { Line } from './line.ts';
import { idHeartbeat } from './protocols/id-heartbeat.ts';
import type { Protocol } from './protocols/protocol.ts';
import { guarded } from './surface.ts';
import type { WebSocketClass, WebSocketLike } from './visit.ts';

export type { ProtocolsOption, UrlOption } from './dial.ts';

/** Durations in ms. */
export interface ConnectionOptions extends Omit<PartialSettings, 'liveness'> {
  /** How the server names the session and shows life. Default `idHeartbeat()`. */
  protocol?: Protocol | undefined;
  /** Default none but those of `protocol`. */
  protocols?: ProtocolsOption | undefined;
  /** HTTP headers of the upgrade request. npm `ws` only: no other WebSocket can send any. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** What may wait to be sent. */
  buffer?: Partial<BufferBounds> | undefined;
  /**
   * Whether to listen to the network, the page and sleep, so as to ask and to dial at the right moment. False: not at all. Default true, with dials
   * also from hidden pages.
   */
  lifecycle?: boolean | LifecycleOptions | undefined;
  /** Default: npm `ws` on Node, the platform's own elsewhere. */
  WebSocket?: WebSocketClass | undefined;
  /** The time. Default: the platform's. */
  clock?: Clock | undefined;
  /** Chance, 0 ≤ x < 1, for jitter. Default `Math.random`. */
  random?: (() => number) | undefined;
}

/**
 * The input of `connectionMachine`: a new line to `url`, and the settings. Each connection needs one of its own.
 * @throws {DOMException} `SyntaxError` for a URL or subprotocols that `new WebSocket()` would not take either
 * @throws {TypeError | RangeError} naming the option
 */
export function connectionInput(url: UrlOption, options: ConnectionOptions = {}): Input {
  check(options, connectionRules);
  const { protocol = idHeartbeat(), clock = systemClock, random = Math.random, buffer, lifecycle = true } = options;
  const world = lifecycle === true ? {} : lifecycle;
  return {
    line: new Line({
      protocol,
      random: orNaN(guarded(random)),
      clock: completed(clock),
      buffer: { ...defaultBounds, ...definedOf(buffer ?? {}) },
      world: world === false ? undefined : { lifecycle: lifecycleOf(world), options: world },
      address: addresses(url, options.protocols ?? [], protocol.subprotocols ?? []),
      dial: diallerOf(options, protocol),
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
  return definedOf(chosen);
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

/** The class, and how to make one of it. */
function diallerOf(
  { headers, ...options }: ConnectionOptions,
  protocol: Protocol,
): (address: Address) => WebSocketLike {
  const WebSocketClass = options.WebSocket ?? defaultWebSocket();
  const isNodeWs = canPing(WebSocketClass);
  if (protocol.needsPing && !isNodeWs) {
    throw new TypeError(
      `protocol: ${protocol.name} needs a WebSocket that can send pings, which only npm ws can; elsewhere use plain() or idHeartbeat()`,
    );
  }
  if (headers !== undefined && !isNodeWs) {
    throw new TypeError('headers: only npm ws can send any; elsewhere put a token into the URL, or into protocols');
  }
  const more = headers === undefined ? [] : [{ headers }];
  return ({ url, protocols }) => new WebSocketClass(url, [...protocols], ...(more as never[]));
}

/** True for npm `ws`. */
export function canPing(WebSocketClass: WebSocketClass): boolean {
  return typeof WebSocketClass.prototype?.ping === 'function';
}

/** RFC 9110 §5.1 and §5.5. One that HTTP cannot carry would fail every dial. */
function isHeader([name, value]: [string, unknown]): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) && typeof value === 'string' && /^[\t -~\x80-\xff]*$/.test(value);
}

export const connectionRules: Rules = {
  protocol: (value) =>
    isObject(value) && typeof value['session'] === 'function' ? undefined : 'a protocol, such as idHeartbeat()',
  protocols: (value) =>
    typeof value === 'function' || isOffer(value)
      ? undefined
      : 'a string, strings, or a function that answers with them',
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
  backoff: [
    callableOrObject,
    {
      initial: milliseconds,
      max: milliseconds,
      spread: milliseconds,
      factor: (value) => (isNumber(value) && value >= 1 && value <= 1_000 ? undefined : 'a number from 1 to 1000'),
    },
  ],
  retries: count,
  shouldReconnect: callable,
  buffer: {
    messages: size,
    bytes: size,
    overflow: oneOf('reject', 'drop-oldest'),
    maxAge: (value) => (isNumber(value) && value > 0 ? undefined : 'a number of milliseconds above 0, or Infinity'),
  },
  lifecycle: [
    booleanOrObject,
    {
      whileHidden: oneOf('dial', 'hold'),
      platform: (value) =>
        isObject(value) && ['now', 'wallTime', 'setInterval', 'clearInterval'].every((name) => isFunction(value[name]))
          ? undefined
          : 'an object with now(), wallTime(), setInterval() and clearInterval()',
    },
  ],
  WebSocket: callable,
  clock: (value) =>
    isObject(value) && ['now', 'setTimeout', 'clearTimeout'].every((name) => isFunction(value[name]))
      ? undefined
      : 'an object with now(), setTimeout() and clearTimeout()',
  random: callable,
};
