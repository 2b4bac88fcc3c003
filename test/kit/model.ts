/**
 * The machine as a test of what has to follow it: paths through all its states and transitions, walked by a real connection to a real server, yours.
 *
 * ```ts
 * const proxy = await faultProxy(port);
 * const model = connectionModel({
 *   url: `ws://127.0.0.1:${proxy.port}`,
 *   cut: () => proxy.silence(),
 *   heal: () => proxy.heal(),
 *   drop: () => proxy.reset(),
 * });
 * for (const path of model.paths) test(path.name, () => path.run());
 * after(() => console.log(String(model.report())));
 * ```
 *
 * Sockets and frames are real; timers are not waited for but stepped, so that minutes take milliseconds. After each step the connection has to be where
 * the machine is, the adapter has to have reported what happened and nothing else, and one socket at most may be left open. At the end, no timer. What
 * is said to the app is not judged, nor how often.
 */
import { WebSocket as NodeWebSocket } from 'ws';

import { callable, check, positiveMilliseconds, type Rules as OptionRules } from '../../adapters/check.ts';
import { connect, type ConnectOptions } from '../../adapters/connect.ts';
import { connectionRules } from '../../adapters/options.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import type { Protocol } from '../../adapters/protocols/protocol.ts';
import { type HandName, handNames, type Hands, WireRules } from './hands.ts';
import { allTransitions, draw, type Drawing, type ModelRoute, type ModelStep } from './paths.ts';
import { ServerTimes, Walk, type WalkedConnection } from './walk.ts';

export type { Hand, HandName, Hands, Moment } from './hands.ts';
export type { ModelStep } from './paths.ts';
export type { WalkedConnection } from './walk.ts';

export interface ModelOptions extends Hands, Pick<ConnectOptions, 'protocols' | 'headers' | 'WebSocket'> {
  /** Your server, or a proxy before it. A function is given the number of the dial, for servers that have to tell them apart. */
  url: string | ((dial: number) => string);
  /** What the server speaks. Default `idHeartbeat()`. */
  protocol?: Protocol | undefined;
  /** Your adapter, to be opened with the options it is given: they hold clock, settings and inspection of the model. Default `connect` of `systole`. */
  connect?: ((url: () => string | Promise<string>, options: ConnectOptions) => WalkedConnection) | undefined;
  /**
   * Real ms that anything may take before it counts as never. Default 4,000: most runners end a test after 5 s, and tell less. What never came in
   * three paths, later paths do not wait for.
   */
  patience?: number | undefined;
}

export interface ModelPath {
  /** What happens, and where it leads. Different for each path, and the same in each run. */
  readonly name: string;
  readonly steps: readonly ModelStep[];
  /** Walks it; paths that were begun together wait for one another. @throws {Error} which tells the story, where the connection leaves the path */
  run(): Promise<void>;
}

export interface ModelReport {
  /** How many paths there are, and what became of them. */
  readonly paths: { readonly all: number; readonly passed: number; readonly failed: readonly string[] };
  /** Transitions of the machine that were taken. */
  readonly exercised: readonly string[];
  /** Those that were not, and why. */
  readonly missing: readonly { readonly transition: string; readonly reason: string }[];
  /** States that the connection was in. */
  readonly places: readonly string[];
  /** All of it, to be read. */
  toString(): string;
}

export interface ConnectionModel {
  readonly paths: readonly ModelPath[];
  /** Of the paths that have been run so far. */
  report(): ModelReport;
}

/**
 * Every path that your server and your hands allow for.
 *
 * The server may speak where it is spoken to, and where a hand makes it: turn off, while the model walks, whatever else makes it say something of its
 * own accord, such as tickers and news feeds. Where it states times and no hand does, they have to advance as real time does; to see
 * that, the last path may wait 2.5 s.
 * @throws {TypeError | RangeError} naming the option at fault
 */
export function connectionModel(options: ModelOptions): ConnectionModel {
  check({ ...options, url: options.url ?? null }, modelRules);
  for (const [hand, other] of pairs) {
    if (options[hand] !== undefined && options[other] === undefined) throw new TypeError(`${hand} needs ${other}`);
  }
  return new Model(options);
}

class Model implements ConnectionModel {
  readonly paths: readonly ModelPath[];
  readonly #options: ModelOptions & { connect: NonNullable<ModelOptions['connect']>; protocol: Protocol };
  readonly #given: ReadonlySet<HandName>;
  readonly #drawing: Drawing;
  readonly #drawings = new Map<string, Drawing>();
  readonly #taken = new Set<string>();
  readonly #places = new Set<string>();
  readonly #passed = new Set<string>();
  readonly #failed = new Set<string>();
  readonly #serverTimes: ServerTimes | undefined;
  readonly #vain = new Map<string, readonly string[]>();
  #dials = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(given: ModelOptions) {
    this.#options = {
      ...given,
      protocol: given.protocol ?? idHeartbeat(),
      connect: given.connect ?? connect,
      WebSocket: given.WebSocket ?? NodeWebSocket,
    };
    this.#given = new Set(handNames.filter((name) => given[name] !== undefined));
    if (!dating.some((name) => this.#given.has(name))) this.#serverTimes = new ServerTimes();
    this.#drawing = this.#drawWith(this.#given);
    this.paths = this.#drawing.routes.map((route) => ({ ...route, run: () => this.#inTurn(route) }));
  }

  report(): ModelReport {
    const exercised = allTransitions().filter((name) => this.#taken.has(name));
    const missing = allTransitions().filter((name) => !this.#taken.has(name));
    const reasons = this.#reasons(missing);
    const report = {
      paths: { all: this.paths.length, passed: this.#passed.size, failed: [...this.#failed] },
      exercised,
      missing: missing.map((transition) => ({ transition, reason: reasons.get(transition) ?? '' })),
      places: [...this.#places].toSorted(),
    };
    return { ...report, toString: () => textOf(report) };
  }

  #drawWith(hands: ReadonlySet<HandName>): Drawing {
    const { protocol } = this.#options;
    const key = handNames.filter((name) => hands.has(name)).join(' ');
    const drawing =
      this.#drawings.get(key) ?? draw(protocol.liveness, hands.has('outdated'), new WireRules(protocol, hands));
    this.#drawings.set(key, drawing);
    return drawing;
  }

  /** They share one server and one cable. */
  #inTurn(route: ModelRoute): Promise<void> {
    const run = this.#last.then(() => this.#run(route));
    this.#last = run.catch(() => {});
    return run;
  }

  async #run(route: ModelRoute): Promise<void> {
    this.#failed.add(route.name);
    if (this.#passed.size + this.#failed.size === this.paths.length) await this.#untilTelling();
    await new Walk(route, {
      ...this.#options,
      patience: this.#options.patience ?? 4_000,
      isDated: this.#given.has('outdated'),
      rules: new WireRules(this.#options.protocol, this.#given),
      serverTimes: this.#serverTimes,
      vain: this.#vain,
      nextDial: () => (this.#dials += 1),
      took: (transition) => this.#taken.add(transition),
      reached: (place) => this.#places.add(place),
    }).run();
    this.#failed.delete(route.name);
    this.#passed.add(route.name);
  }

  /** The last path waits, where the others were too quick for the server's clock to be judged. */
  #untilTelling(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#serverTimes?.untilTelling ?? 0));
  }

  /** Draws what else could be done with one more hand, and where that is not enough, with several. */
  #reasons(missing: readonly string[]): Map<string, string> {
    const reasons = new Map<string, string>(neverReal);
    const conceivable = this.#drawWith(new Set(handNames)).transitions;
    for (const name of missing) {
      if (this.#drawing.transitions.has(name)) {
        reasons.set(name, this.#failed.size > 0 ? 'a path to it failed, or was not run' : 'no path to it was run');
      } else if (!conceivable.has(name) && !reasons.has(name)) {
        reasons.set(name, `does not happen with the protocol ${this.#options.protocol.name}`);
      }
    }
    const singles = additions.filter((hands) => hands.some((hand) => !this.#given.has(hand)));
    for (const wanted of [singles, [['cut', 'heal', 'push']], [handNames]] as const) {
      const open = missing.filter((name) => !reasons.has(name));
      if (open.length === 0) break;
      for (const hands of wanted) {
        const { transitions } = this.#drawWith(new Set([...this.#given, ...hands]));
        const lacking = hands.filter((hand) => !this.#given.has(hand)).join(' and ');
        for (const name of open.filter((each) => transitions.has(each))) {
          const other = reasons.get(name);
          if (other === undefined) reasons.set(name, `needs ${lacking}`);
          // No more than is enough: what holds one that was named already says nothing new.
          else if (!hands.some((hand) => other.includes(hand))) reasons.set(name, `${other}, or ${lacking}`);
        }
      }
    }
    return reasons;
  }
}

/** What cannot be undone, or dated, without the other. */
const pairs: readonly (readonly [HandName, HandName])[] = [
  ['cut', 'heal'],
  ['stop', 'start'],
  ['outdated', 'name'],
  ['outdated', 'beat'],
];

/** With these the model's clock rules. */
const dating: readonly HandName[] = ['name', 'beat', 'outdated'];

/** What is of no use by itself is given together. */
const additions: readonly (readonly HandName[])[] = [
  ['cut', 'heal'],
  ['drop'],
  ['stop', 'start'],
  ['push'],
  ['dismiss'],
  ['forbid'],
  ['name'],
  ['accept'],
  ['beat'],
  ['name', 'beat', 'outdated'],
];

/** Of no real WebSocket on Node. */
const neverReal: readonly (readonly [transition: string, reason: string])[] = [
  ['connection.socket xstate.error.actor → connection.closed', 'only a machine without a socket takes it'],
  ['connection.socket.closing peer.refused → itself', 'an adapter that has said goodbye does not listen'],
  [
    'connection.reconnecting xstate.after.backoff [isUnseen] → connection.reconnecting',
    'only a page that nobody sees takes it',
  ],
];

function textOf({ paths, exercised, missing, places }: Omit<ModelReport, 'toString'>): string {
  const total = exercised.length + missing.length;
  const lines = [
    `${paths.passed} of ${paths.all} paths passed; ${exercised.length} of ${total} transitions exercised, in ${places.length} states`,
    ...paths.failed.map((name) => `  failed: ${name}`),
    ...missing.map(({ transition, reason }) => `  not exercised: ${shortOf(transition)} (${reason})`),
  ];
  return lines.join('\n');
}

function shortOf(transition: string): string {
  return transition.replaceAll(/connection\.(?:socket\.)?(?=\w)/g, '').replace('xstate.after.', 'after ');
}

const { protocol, protocols, headers, WebSocket } = connectionRules as OptionRules &
  Record<string, OptionRules[string]>;

const modelRules: OptionRules = {
  url: (value) =>
    typeof value === 'function' || (typeof value === 'string' && URL.canParse(value))
      ? undefined
      : "an absolute URL, as 'ws://127.0.0.1:8080', or a function that makes one",
  ...(Object.fromEntries(Object.entries({ protocol, protocols, headers, WebSocket })) as OptionRules),
  connect: callable,
  patience: positiveMilliseconds,
  ...Object.fromEntries(handNames.map((name) => [name, callable])),
};
