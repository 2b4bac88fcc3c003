/**
 * What an app may choose, checked: every error names the option at fault and what it takes.
 */
import { canPing, defaultWebSocket, furtherOf, upgradeRules } from '#platform';

import type { Input } from '../machines/connection.ts';
import { completed, definedOf, type PartialSettings } from '../machines/settings.ts';
import { type BufferBounds, defaultBounds } from './buffer.ts';
import {
  age,
  callable,
  check,
  count,
  factor,
  having,
  isFunction,
  milliseconds,
  oneOf,
  positiveMilliseconds,
  rule,
  type Rules,
  size,
} from './check.ts';
import { type Clock, systemClock } from './clock.ts';
import { Addresses, isOffer, type ProtocolsOption, type UrlOption } from './dial.ts';
import { lifecycleOf, type LifecycleOptions } from './lifecycle.ts';
import { WebSocketLine } from './line.ts';
import { idHeartbeat } from './protocols/id-heartbeat.ts';
import type { Above, Protocol } from './protocols/protocol.ts';
import { guarded } from './surface.ts';
import type { HeadersOption, WebSocketClass } from './web-socket.ts';

/** Durations in ms. */
export interface ConnectionOptions extends Omit<PartialSettings, 'liveness'> {
  /** How the server names the session and shows life. Default `idHeartbeat()`. */
  protocol?: Protocol | undefined;
  /** Default none but those of `protocol`. */
  protocols?: ProtocolsOption | undefined;
  /** HTTP headers of the upgrade request. npm `ws` only: no other WebSocket can send any. */
  headers?: HeadersOption | undefined;
  /**
   * Handed to npm `ws` as the third argument of its constructor: `agent`, `ca`, `rejectUnauthorized`, `perMessageDeflate`, `handshakeTimeout` …
   * (https://github.com/websockets/ws/blob/master/doc/ws.md). Refused for classes that take none. `maxPayload` is 16 MiB by default: a longer message
   * ends the line.
   */
  wsOptions?: object | undefined;
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

/** What every front door has chosen by then. */
export interface ChosenOptions {
  protocol: Protocol;
  /** Default `app`. */
  above?: Above;
}

/**
 * The input of `connectionMachine`: a new line to `url`, and the settings. Each connection needs one of its own.
 * @throws {DOMException} `SyntaxError` for a URL or subprotocols that `new WebSocket()` would not take either
 * @throws {TypeError | RangeError} naming the option
 */
export function connectionInput(url: UrlOption, options: ConnectionOptions = {}): Input {
  checkOptions(options, connectionRules);
  return inputOf(url, { ...options, protocol: options.protocol ?? idHeartbeat() });
}

/** The same of options that were checked. */
export function inputOf(url: UrlOption, options: ConnectionOptions & ChosenOptions): Input & { line: WebSocketLine } {
  const {
    protocol,
    above = 'app',
    protocols = [],
    headers,
    wsOptions,
    buffer,
    lifecycle = true,
    clock = systemClock,
    random,
    ...others
  } = options;
  const { WebSocket: WebSocketClass = defaultWebSocket(), backoff, shouldReconnect, ...settings } = others;
  if (protocol.needsPing && !canPing(WebSocketClass)) {
    throw new TypeError(
      `protocol: ${protocol.name} needs a WebSocket that can send pings, such as npm ws; elsewhere use plain() or idHeartbeat()`,
    );
  }
  const world: LifecycleOptions = typeof lifecycle === 'object' ? lifecycle : {};
  return {
    line: new WebSocketLine({
      protocol,
      above,
      clock,
      random: random === undefined ? Math.random : orNaN(guarded(random)),
      buffer: completed(defaultBounds, buffer),
      lifecycle: lifecycle === false ? undefined : lifecycleOf(world),
      whileHidden: world.whileHidden,
      addresses: new Addresses(
        url,
        protocols,
        protocol.subprotocols ?? [],
        furtherOf(WebSocketClass, { headers, wsOptions }),
      ),
      WebSocket: WebSocketClass,
    }),
    liveness: protocol.liveness,
    ...definedOf({
      ...settings,
      backoff: typeof backoff === 'function' ? orNaN(guarded(backoff)) : backoff,
      shouldReconnect: shouldReconnect && guarded(shouldReconnect),
    }),
  };
}

/** What users of reconnecting-websocket and partysocket know, and what it is called here. */
export const formerNames = {
  minReconnectionDelay: 'backoff.initial',
  maxReconnectionDelay: 'backoff.max',
  reconnectionDelayGrowFactor: 'backoff.factor',
  minUptime: 'stableAfter',
  connectionTimeout: 'connectTimeout',
  maxRetries: 'retries',
  maxEnqueuedMessages: 'buffer.messages',
  shouldReconnectOnClose: 'shouldReconnect',
  reconnectOnError: 'shouldReconnect',
  debug: 'inspect',
  debugLogger: 'inspect',
} as const;

/** @throws {TypeError | RangeError} naming the option at fault */
export function checkOptions(options: object, rules: Rules): void {
  for (const name of Object.keys(options ?? {})) {
    if (Object.hasOwn(formerNames, name)) {
      throw new TypeError(`${name} is called ${formerNames[name as keyof typeof formerNames]} here`);
    }
  }
  check(options, rules);
}

function orNaN<A extends unknown[]>(call: (...args: A) => number | undefined): (...args: A) => number {
  return (...args) => call(...args) ?? Number.NaN;
}

export const connectionRules: Rules = {
  protocol: having(['session'], 'a protocol, such as idHeartbeat()'),
  protocols: rule(
    (value) => typeof value === 'function' || isOffer(value),
    'a string, strings, or a function that answers with them',
  ),
  ...upgradeRules,
  heartbeat: { interval: positiveMilliseconds, timeout: positiveMilliseconds, maxAge: age },
  connectTimeout: positiveMilliseconds,
  idTimeout: positiveMilliseconds,
  closeTimeout: milliseconds,
  stableAfter: milliseconds,
  backoff: [
    rule(isFunction, 'an object or a function'),
    { initial: milliseconds, max: milliseconds, spread: milliseconds, factor },
  ],
  retries: count,
  shouldReconnect: callable,
  buffer: { messages: size, bytes: size, overflow: oneOf('reject', 'drop-oldest'), maxAge: age },
  lifecycle: [
    rule((value) => typeof value === 'boolean', 'true, false or an object'),
    {
      whileHidden: oneOf('dial', 'hold'),
      platform: having(['now', 'wallTime', 'setInterval', 'clearInterval']),
    },
  ],
  WebSocket: callable,
  clock: having(['now', 'setTimeout', 'clearTimeout']),
  random: callable,
};
