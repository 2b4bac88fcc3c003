/**
 * What an app may choose of `HeartbeatWebSocket`, checked, and with what is chosen for it.
 */
import type { Loss } from '../machines/events.ts';
import { definedOf } from '../machines/settings.ts';
import { check, isPlain, type Rules } from './check.ts';
import { type ConnectOptions, connectRules } from './connect.ts';
import type * as Dom from './dom.ts';
import { closeEvent } from './drop-in.events.ts';
import { formerNames } from './options.ts';
import type { Protocol } from './protocols/protocol.ts';
import { subprotocols, syntaxError } from './url.ts';
import { domStrings } from './web-idl.ts';

/** As reconnecting-websocket and partysocket call them. Where both names are given, ours holds. */
export interface FormerOptions {
  /** `backoff.initial`. */
  minReconnectionDelay?: number | undefined;
  /** `backoff.max`. */
  maxReconnectionDelay?: number | undefined;
  /** `backoff.factor`. */
  reconnectionDelayGrowFactor?: number | undefined;
  /** `stableAfter`. */
  minUptime?: number | undefined;
  /** `connectTimeout`. */
  connectionTimeout?: number | undefined;
  /** `retries`. */
  maxRetries?: number | undefined;
  /** `buffer.messages`. */
  maxEnqueuedMessages?: number | undefined;
  /** `shouldReconnect`, asked with a `CloseEvent`. */
  shouldReconnectOnClose?: ((event: Dom.CloseEvent) => boolean) | undefined;
  /** True is always so. In the place of false: `shouldReconnect`. */
  reconnectOnError?: boolean | undefined;
  /** False: what is always so. In the place of true: `inspect`. */
  debug?: boolean | undefined;
  /** Not called: `inspect` hears everything. */
  debugLogger?: ((...said: never[]) => unknown) | undefined;
}

/** Those of `connect()`; its `protocols` are the constructor's second argument. */
export interface HeartbeatWebSocketOptions extends Omit<ConnectOptions, 'protocols'>, FormerOptions {
  /**
   * Default `nativePing()` on npm `ws`. In browsers, and with Node's built-in class, `silent()`: neither lets anyone ask, so **a pulled cable is not
   * noticed** until you name a protocol that your server answers, such as `plain()` or `idHeartbeat()`.
   */
  protocol?: Protocol | undefined;
  /** True: nothing is dialled before `reconnect()`. Default false. */
  startClosed?: boolean | undefined;
}

export type SettledOptions = Omit<HeartbeatWebSocketOptions, keyof FormerOptions>;

const { protocols: _, ...others } = connectRules;
const rules: Rules = {
  ...others,
  startClosed: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
};

/** Checked, and with our names for what was given by former ones. @throws {TypeError | RangeError} naming the option at fault */
export function settled(given: HeartbeatWebSocketOptions): SettledOptions {
  const options = isPlain(given) ? inOurNames(given) : given;
  check(options, rules);
  return options;
}

function inOurNames(given: HeartbeatWebSocketOptions): SettledOptions {
  const {
    reconnectOnError,
    debug,
    debugLogger: _unused,
    shouldReconnectOnClose: again,
    ...options
  } = definedOf(given) as Record<string, unknown> & FormerOptions;
  if (debug) throw new TypeError('debug is called inspect here: a function that hears all that happens');
  if (reconnectOnError === false) {
    throw new TypeError(
      'reconnectOnError is called shouldReconnect here: a function that answers false for what ends it',
    );
  }
  if (again !== undefined) {
    if (typeof again !== 'function') throw new TypeError('shouldReconnectOnClose must be a function');
    options['shouldReconnect'] ??= (loss: Loss) => again(closeEvent({ ...loss, reconnecting: true }));
  }
  for (const [former, name] of Object.entries(formerNames)) {
    if (!Object.hasOwn(options, former)) continue;
    const { [former]: value } = options;
    delete options[former];
    const [group, field] = name.split('.') as [string, string?];
    if (field === undefined) options[group] ??= value;
    else if (typeof (options[group] ??= {}) === 'object')
      options[group] = { [field]: value, ...(options[group] as object) };
  }
  return options as SettledOptions;
}

/**
 * The second argument of the constructor.
 * @param byStandard the standard knows no null: there it is a string like any other
 * @throws {DOMException} `SyntaxError`
 */
export function offerOf(protocols: unknown, byStandard: boolean): readonly string[] {
  if (protocols === null && !byStandard) return [];
  const offer = domStrings(protocols);
  if (offer[0] === '[object Object]') {
    throw syntaxError('protocols: a string or strings; options are the third argument');
  }
  return subprotocols(offer);
}

/** Defaults, and what one instance was given beyond them. */
export function merged(defaults: SettledOptions, options: SettledOptions): SettledOptions {
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
  } as SettledOptions;
}

/** What is nothing but a WebSocket buffers without bound, as WebSockets do. */
export function boundsOf({ retries, buffer }: SettledOptions): ConnectOptions['buffer'] {
  return retries === 0 && buffer === undefined ? { messages: Infinity, bytes: Infinity } : buffer;
}
