/**
 * What an app may choose of `HeartbeatWebSocket`, checked, and with what is chosen for it.
 */
import { defaultWebSocket } from '#platform';

import { definedOf } from '../machines/settings.ts';
import { check, type Rules } from './check.ts';
import { type ConnectOptions, connectRules } from './connect.ts';
import type { Protocol } from './protocols/protocol.ts';
import { syntaxError } from './url.ts';
import { domStrings } from './web-idl.ts';
import type { WebSocketClass } from './web-socket.ts';

/** Those of `connect()`; its `protocols` are the constructor's second argument. */
export interface HeartbeatWebSocketOptions extends Omit<ConnectOptions, 'protocols'> {
  /**
   * Default `nativePing()` on npm `ws`. In browsers, and with Node's built-in class, `silent()`: neither lets anyone ask, so **a pulled cable is not
   * noticed** until you name a protocol that your server answers, such as `plain()` or `idHeartbeat()`.
   */
  protocol?: Protocol | undefined;
  /** True: nothing is dialled before `reconnect()`. Default false. */
  startClosed?: boolean | undefined;
}

/** What users of reconnecting-websocket and partysocket know, and what it is called here. */
const formerNames: Readonly<Record<string, string>> = {
  minReconnectionDelay: 'backoff.initial',
  maxReconnectionDelay: 'backoff.max',
  reconnectionDelayGrowFactor: 'backoff.factor',
  minUptime: 'stableAfter',
  connectionTimeout: 'connectTimeout',
  maxRetries: 'retries',
  maxEnqueuedMessages: 'buffer.messages',
  debug: 'inspect',
};

const { protocols: _, ...others } = connectRules;
const rules: Rules = {
  ...others,
  startClosed: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
};

/** @throws {TypeError | RangeError} naming the option at fault */
export function checkDropIn(options: HeartbeatWebSocketOptions): void {
  for (const name of Object.keys(options ?? {})) {
    if (Object.hasOwn(formerNames, name)) throw new TypeError(`${name} is called ${formerNames[name]} here`);
  }
  check(options, rules);
}

/** The second argument of the constructor. @throws {DOMException} `SyntaxError` */
export function offerOf(protocols: unknown): string[] {
  const offer = domStrings(protocols);
  if (offer === undefined) throw syntaxError('protocols: a string or strings; options are the third argument');
  return offer;
}

/** Defaults, and what one instance was given beyond them. */
export function merged(
  defaults: HeartbeatWebSocketOptions,
  options: HeartbeatWebSocketOptions,
): HeartbeatWebSocketOptions {
  const { heartbeat, buffer, backoff } = defaults;
  return {
    ...defaults,
    ...definedOf(options),
    heartbeat: { ...heartbeat, ...definedOf(options.heartbeat ?? {}) },
    buffer: buffer || options.buffer ? { ...buffer, ...definedOf(options.buffer ?? {}) } : undefined,
    backoff:
      typeof options.backoff === 'object' && typeof backoff === 'object'
        ? { ...backoff, ...definedOf(options.backoff) }
        : (options.backoff ?? backoff),
  } as HeartbeatWebSocketOptions;
}

/** What is nothing but a WebSocket buffers without bound, as WebSockets do. */
export function boundsOf({ retries, buffer }: HeartbeatWebSocketOptions): ConnectOptions['buffer'] {
  return retries === 0 && buffer === undefined ? { messages: Infinity, bytes: Infinity } : buffer;
}

/** As it was before an app put a class of ours in its place. */
const firstWebSocket = globalThis.WebSocket as typeof WebSocket | undefined;

/** The class to use where none was chosen, and never `ours`. */
export function beneath(ours: WebSocketClass): WebSocketClass {
  const usual = defaultWebSocket();
  const isOurs = usual === ours || usual.prototype instanceof ours;
  return isOurs && firstWebSocket !== undefined ? firstWebSocket : usual;
}
