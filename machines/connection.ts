/**
 * The life of one connection. THE file: everything that decides what happens next is here, and nothing else is.
 *
 * - The chart at the bottom is names only; what the names mean is defined once, in `setup`.
 * - One visit is one WebSocket: entering `socket` dials, leaving it hangs up. That there is never a second live socket is structure, not a lock.
 * - Every state but `alive` and `closed` is left within its limit. No limit that kills a line is believed before the event loop has drained
 *   (`draining`): the proof of life may lie readable while the timer fires. One that fired late (sleep, frozen page) is granted once more, in full.
 * - Application messages never pass through here. Life is reported only when asked for (`probe`).
 * - This file does not know WebSocket, the DOM, JSON, `Date`, `Math.random` or any wire format; it is compiled without their types.
 * - Nothing secret is in input or context: both reach inspectors. What is hidden is behind the opaque `line`.
 */
import { assign, emit, type EventObject, fromCallback, sendTo, setup, type SnapshotFrom } from 'xstate';

import { clamp, defaultBackoff, dialsPerPace, longestTimer, paceOf, statedWait, wait } from './backoff.ts';
import type { Cause, CloseInfo, Fact, Line, Loss, Obstacle, Order, Output, Report, State } from './events.ts';
import { type PartialSettings, type Settings, settle } from './settings.ts';

export interface Input extends PartialSettings {
  line: Line;
}

export interface Context {
  readonly line: Line;
  readonly settings: Settings;
  /** Dials since the line was last stable. */
  attempt: number;
  /** Dials still allowed before giving up. */
  retriesLeft: number;
  /** Why the line is doubted, was left, or is closed; undefined while all is well. */
  cause: Cause | undefined;
  /** How the last socket ended. */
  end: CloseInfo;
  /** The session's name, the last one while there is none. */
  id: string | undefined;
  /** The heartbeat interval in force, ms. */
  interval: number;
  /** Of the last answered heartbeat of this visit, ms. */
  roundTripTime: number | undefined;
  /** The server's clock against our monotonic one; undefined until the server states a time. */
  serverClock: ServerClock | 'distrusted' | undefined;
  /** Epoch ms; undefined while this visit's session has no name. */
  namedAt: number | undefined;
  /** Epoch ms of this visit's dial. */
  dialledAt: number;
  /** Epoch ms of the last ten dials since the user's own one. */
  dials: readonly number[];
  /** Epoch ms; undefined unless a dial is waiting. */
  nextDialAt: number | undefined;
  /** Epoch ms before which no wake dials: the server has asked for it, or there were ten dials already. */
  notBefore: number;
  /** How far ahead that was when it was set, ms: the clock may be set as well. */
  least: number;
  /** Ms from the loss, or from the wake, to the next dial. */
  wait: number;
  /** The last loss of an established line: epoch ms, and how many dials there had been by then. */
  outage: { since: number; dials: number } | undefined;
  /** Epoch ms. A limit that is reported later than this fired late, and is not believed. */
  believableUntil: number;
}

export interface ServerClock {
  /** Server's clock minus our monotonic one, ms. */
  offset: number;
  /** Monotonic ms of the last sample. */
  at: number;
  samples: number;
}

/** A wake doubts a line only if it has been silent for this long, ms. */
const wakeSilence = 1_000;
/** Wakes dial at most this often, ms. */
const wakePace = 1_000;
/** The interval a server may dictate, ms. */
const dictatedInterval = { min: 1_000, max: 3_600_000 };
/** Where growing dial timeouts end, ms. */
const longestConnectTimeout = 20_000;
/** Two steady clocks drift apart by less than this, ms per ms: five times what quartz does, twice what NTP slews by. */
const clockDrift = 0.001;

/** Close codes after which no new dial can help: protocol errors, policy, and "unauthorized" and "forbidden" (IANA close code registry). */
const fatalCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1010, 3000, 3003]);
const fatalStatuses: ReadonlySet<number> = new Set([401, 403, 404]);

const noHandshake: CloseInfo = { code: 1006, reason: '', wasClean: false };

const limits = {
  connectTimeout: ({ settings, attempt }: Context) =>
    Math.min(
      settings.connectTimeout * 1.5 ** clamp(attempt - 1, 0, 100),
      Math.max(settings.connectTimeout, longestConnectTimeout),
    ),
  idTimeout: ({ settings }: Context) => settings.idTimeout,
  staleTimeout: (context: Context) => context.settings.heartbeat.timeout / 2 - drainTime(context),
};

/** Long enough for a turn of the event loop, short beside the timeout it is part of. */
function drainTime({ settings }: Context): number {
  return Math.min(20, settings.heartbeat.timeout / 10);
}

const base = setup({
  types: {
    input: {} as Input,
    context: {} as Context,
    events: {} as Fact,
    emitted: {} as Report,
    output: {} as Output,
    tags: {} as State | 'open',
    children: {} as { socket: 'socket'; world: 'world' },
  },
  actors: {
    socket: fromCallback<Order, Line, Fact>(() => {
      throw new Error(
        "connectionMachine has no socket: provide one, as in connectionMachine.provide({ actors: { socket: webSocketActor } }), from 'systole/websocket'",
      );
    }),
    // What the platform does while there is no socket; while there is one, its actor tells of it.
    world: fromCallback<EventObject, Line, Fact>(({ input, sendBack }) => input.watchWorld(sendBack)),
  },
  delays: {
    connectTimeout: ({ context }) => limits.connectTimeout(context),
    idTimeout: ({ context }) => limits.idTimeout(context),
    heartbeatInterval: ({ context }) => context.interval,
    probeTimeout: ({ context }) => context.settings.heartbeat.timeout / 2,
    staleTimeout: ({ context }) => limits.staleTimeout(context),
    drain: ({ context }) => drainTime(context),
    stableAfter: ({ context }) => context.settings.stableAfter,
    closeTimeout: ({ context }) => context.settings.closeTimeout,
    backoff: ({ context }) => context.wait,
  },
  guards: {
    hasNoHeart: ({ context }) => context.settings.liveness === 'none',
    firedLate: ({ context }) => context.line.wallTime() > context.believableUntil,
    isFatal: ({ context, event }) => isFatal(lossOf(context, event), event, context.settings),
    hasNoRetriesLeft: ({ context }) => context.retriesLeft <= 0 && context.cause !== 'user-reconnected',
    clockIsUntested: ({ context, event }) =>
      isOutdated(context, event) && typeof context.serverClock === 'object' && context.serverClock.samples === 1,
    beatIsOutdated: ({ context, event }) => isOutdated(context, event),
    beatIsOutdatedAgain: ({ context, event }) => context.cause === 'outdated' && isOutdated(context, event),
    anyFrameProves: ({ context }) => context.cause !== 'outdated',
    mayDialAnew: ({ context, event }) =>
      event.type === 'world.woke' && event.reason === 'network' && context.retriesLeft > 0,
    isSuspect: ({ context }) => context.line.silentFor() > suspectAfter(context),
    sleptOrFroze: ({ event }) => event.type === 'world.woke' && (event.reason === 'sleep' || event.reason === 'freeze'),
    dialsSooner: ({ context }) => !isUnseen(context) && soonest(context) < restOfWait(context),
    brokeOff: ({ event }) => event.type === 'socket.lost' && !event.wasClean,
    isUnseen: ({ context }) => isUnseen(context),
  },
  actions: {
    beginVisit: assign(({ context }) => {
      const dialledAt = context.line.wallTime();
      return {
        attempt: context.attempt + 1,
        dialledAt,
        dials: [...context.dials, dialledAt].slice(-dialsPerPace),
        nextDialAt: undefined,
        namedAt: undefined,
        interval: context.settings.heartbeat.interval,
        roundTripTime: undefined,
        serverClock: undefined,
      };
    }),
    setLimit: assign(({ context }, limit: keyof typeof limits) => {
      const ms = limits[limit](context);
      return { believableUntil: context.line.wallTime() + ms + Math.max(1_000, ms / 2) };
    }),
    grantOnceMore: assign({ believableUntil: Infinity }),
    blame: assign((_, cause: Cause) => ({ cause })),
    absolve: assign({ cause: undefined }),
    blameUser: assign(({ event }) => ({
      cause: event.type === 'user.closed' && event.cause === 'aborted' ? 'aborted' : 'user-closed',
      end: noHandshake,
    })),
    blameCreator: assign(({ event }) => ({
      cause: 'fatal',
      end: { ...noHandshake, reason: 'error' in event ? String(event.error) : '' },
    })),
    noteEnd: assign(({ event }) => ({ end: endOf(event) })),
    noteName: assign(({ context, event }) =>
      event.type === 'peer.named'
        ? {
            id: event.id,
            namedAt: context.line.wallTime(),
            interval:
              event.interval === undefined || Number.isNaN(event.interval)
                ? context.interval
                : clamp(event.interval, dictatedInterval.min, dictatedInterval.max),
            serverClock: sampled(context.serverClock, event),
            cause: undefined,
          }
        : {},
    ),
    noteBeat: assign(({ context, event }) =>
      event.type === 'peer.beat'
        ? {
            roundTripTime: event.roundTripTime ?? context.roundTripTime,
            serverClock: sampled(context.serverClock, event),
          }
        : {},
    ),
    distrustClock: assign({ serverClock: 'distrusted' }),
    forgetAttempts: assign(({ context }) => ({ attempt: 0, retriesLeft: context.settings.retries })),
    forgetDials: assign({ dials: [] }),
    scheduleDial: assign(({ context, event }) => {
      const { settings, line } = context;
      const loss = lossOf(context, event);
      const random = line.random();
      const least = Math.max(statedWait(loss, settings.backoff, random), restOfPace(context));
      const ms = context.cause === 'network-changed' ? wakeDelay(context) : wait(loss, settings.backoff, random);
      return {
        ...dialIn(context, Math.max(ms, least, hold(context))),
        notBefore: line.wallTime() + least,
        least,
        retriesLeft: context.retriesLeft - 1,
      };
    }),
    holdDial: assign(({ context }) => dialIn(context, Math.max(hold(context, 'offline'), restOfWait(context)))),
    dialSooner: assign(({ context }) => dialIn(context, soonest(context))),
    noteOutage: assign(({ context }) =>
      context.namedAt === undefined ? {} : { outage: { since: context.line.wallTime(), dials: context.attempt } },
    ),
    announce: emit(({ context, event }): Report => {
      const id = event.type === 'peer.named' ? event.id : undefined;
      if (context.outage === undefined) return { type: 'open', id };
      return {
        type: 'restored',
        id,
        previousId: context.id,
        downFor: Math.max(0, context.line.wallTime() - context.outage.since),
        attempts: Math.max(1, context.attempt - context.outage.dials),
      };
    }),
    reportLoss: emit(({ context, event }): Report => {
      const cause = context.cause ?? 'peer-closed';
      const nextDialIn = context.nextDialAt === undefined ? undefined : waitOf(context);
      return context.namedAt === undefined
        ? { type: 'retry', cause, attempt: context.attempt, reason: endOf(event).reason, nextDialIn }
        : { type: 'lost', cause, nextDialIn, ...context.end };
    }),
    warnOfClock: emit({
      type: 'warning',
      code: 'clock-distrusted',
      message:
        "the server's first answer is already older than heartbeat.maxAge by its own clock: its times are ignored until the next reconnection",
    }),
    probe: sendTo('socket', { type: 'probe', again: false }),
    probeAgain: sendTo('socket', { type: 'probe', again: true }),
    awaitAnswer: sendTo('socket', { type: 'await' }),
    release: sendTo('socket', { type: 'release' }),
    deliver: sendTo('socket', { type: 'deliver' }),
    hangUp: sendTo('socket', ({ event }) => ({
      type: 'hang-up',
      code: (event.type === 'user.closed' && event.code) || 1000,
      reason: (event.type === 'user.closed' && event.reason) || '',
    })),
    shut: ({ context }) => context.line.shut(),
  },
});

/**
 * The chart. Its actor `socket` has to be provided (`webSocketActor` of `systole/websocket`, or your own); any named delay, guard or action may be.
 *
 * Input: `{ line, ...settings }`, as `connectionInput()` of `systole/websocket` makes it. Emits {@link Report}s; its tags are the names in
 * {@link State}, and `open` while messages flow. Done when closed, with {@link Output}.
 */
export const connectionMachine = base.createMachine({
  id: 'connection',
  context: ({ input: { line, ...given } }) => {
    const settings = settle(given);
    return {
      line,
      settings,
      attempt: 0,
      retriesLeft: settings.retries,
      cause: undefined,
      end: noHandshake,
      id: undefined,
      interval: settings.heartbeat.interval,
      roundTripTime: undefined,
      serverClock: undefined,
      namedAt: undefined,
      dialledAt: line.wallTime(),
      dials: [],
      nextDialAt: undefined,
      notBefore: 0,
      least: 0,
      wait: 0,
      outage: undefined,
      believableUntil: Infinity,
    };
  },
  output: ({ context }) => ({ ...context.end, cause: context.cause ?? 'user-closed' }),
  initial: 'socket',
  states: {
    socket: {
      entry: 'beginVisit',
      invoke: {
        id: 'socket',
        src: 'socket',
        input: ({ context }) => context.line,
        onError: { target: 'closed', actions: 'blameCreator' },
      },
      initial: 'connecting',
      on: {
        'socket.lost': { target: 'lost', actions: ['noteEnd', { type: 'blame', params: 'peer-closed' }] },
        'peer.refused': { target: 'lost', actions: ['noteEnd', { type: 'blame', params: 'refused' }] },
        'user.reconnected': {
          target: 'lost',
          actions: ['noteEnd', 'forgetAttempts', 'forgetDials', { type: 'blame', params: 'user-reconnected' }],
        },
        'user.closed': { target: '.closing', actions: ['blameUser', 'hangUp'] },
        'world.suspended': { target: 'lost', actions: ['noteEnd', { type: 'blame', params: 'suspended' }] },
      },
      states: {
        connecting: {
          tags: 'connecting',
          entry: { type: 'setLimit', params: 'connectTimeout' },
          initial: 'dialling',
          on: {
            'socket.opened': 'awaiting-id',
            'socket.lost': {
              target: '#connection.lost',
              actions: ['noteEnd', { type: 'blame', params: 'refused' }],
            },
            'url.failed': {
              target: '#connection.lost',
              actions: ['noteEnd', { type: 'blame', params: 'url-failed' }],
            },
            'world.woke': {
              guard: 'mayDialAnew',
              target: '#connection.lost',
              actions: ['noteEnd', { type: 'blame', params: 'network-changed' }],
            },
            'user.closed': { target: '#connection.closed', actions: 'blameUser' },
          },
          states: {
            dialling: { after: { connectTimeout: 'draining' } },
            draining: {
              after: {
                drain: [
                  { guard: 'firedLate', target: 'dialling', actions: 'grantOnceMore' },
                  {
                    target: '#connection.lost',
                    actions: ['noteEnd', { type: 'blame', params: 'dial-timeout' }],
                  },
                ],
              },
            },
          },
        },
        'awaiting-id': {
          tags: 'awaiting-id',
          entry: { type: 'setLimit', params: 'idTimeout' },
          initial: 'listening',
          on: {
            'peer.named': [
              {
                guard: 'hasNoHeart',
                target: 'alive.unwatched',
                actions: ['release', 'announce', 'deliver', 'noteName'],
              },
              { target: 'alive', actions: ['release', 'announce', 'deliver', 'noteName'] },
            ],
          },
          states: {
            listening: { after: { idTimeout: 'draining' } },
            draining: {
              after: {
                drain: [
                  { guard: 'firedLate', target: 'listening', actions: 'grantOnceMore' },
                  { target: '#connection.lost', actions: ['noteEnd', { type: 'blame', params: 'unnamed' }] },
                ],
              },
            },
          },
        },
        alive: {
          tags: ['alive', 'open'],
          entry: 'absolve',
          initial: 'quiet',
          after: { stableAfter: { actions: 'forgetAttempts' } },
          on: {
            'peer.beat': [
              { guard: 'clockIsUntested', target: '.quiet', actions: ['noteBeat', 'distrustClock', 'warnOfClock'] },
              { guard: 'beatIsOutdated', target: 'stale', actions: { type: 'blame', params: 'outdated' } },
              { target: '.quiet', actions: 'noteBeat' },
            ],
            'world.woke': { guard: 'isSuspect', target: 'stale', actions: { type: 'blame', params: 'silent' } },
          },
          states: {
            quiet: { after: { heartbeatInterval: 'probing' } },
            probing: {
              entry: 'probe',
              on: { 'peer.spoke': 'quiet' },
              after: {
                probeTimeout: { target: '#connection.socket.stale', actions: { type: 'blame', params: 'silent' } },
              },
            },
            unwatched: { on: { 'peer.beat': {} } },
          },
        },
        stale: {
          tags: ['stale', 'open'],
          entry: [{ type: 'setLimit', params: 'staleTimeout' }, 'probeAgain'],
          initial: 'asking',
          on: {
            'peer.spoke': { guard: 'anyFrameProves', target: 'alive' },
            // The doubt was right: it broke when we asked (a router that had forgotten it), or under a frozen page.
            'socket.lost': { guard: 'brokeOff', target: '#connection.lost', actions: 'noteEnd' },
            'peer.beat': [
              { guard: 'clockIsUntested', target: 'alive', actions: ['noteBeat', 'distrustClock', 'warnOfClock'] },
              // It may have lain unread, with others, while we stood still: a fresh one has the whole limit to come.
              { guard: 'beatIsOutdatedAgain', actions: 'awaitAnswer' },
              {
                guard: 'beatIsOutdated',
                target: 'stale',
                reenter: true,
                actions: { type: 'blame', params: 'outdated' },
              },
              { target: 'alive', actions: 'noteBeat' },
            ],
            'world.woke': [{ guard: 'sleptOrFroze', target: 'stale', reenter: true }, { actions: 'probeAgain' }],
          },
          states: {
            asking: { after: { staleTimeout: 'draining' } },
            draining: {
              after: {
                drain: [
                  { guard: 'firedLate', target: 'asking', actions: ['grantOnceMore', 'probeAgain'] },
                  { target: '#connection.lost', actions: 'noteEnd' },
                ],
              },
            },
          },
        },
        closing: {
          tags: 'closing',
          on: {
            'socket.lost': { target: '#connection.closed', actions: 'noteEnd' },
            'peer.refused': {},
            'user.reconnected': {},
            'user.closed': {},
            // A goodbye that is half said would keep the page out of the cache.
            'world.suspended': '#connection.closed',
          },
          after: { closeTimeout: '#connection.closed' },
        },
      },
    },
    lost: {
      always: [
        { guard: 'isFatal', target: 'closed', actions: ['reportLoss', { type: 'blame', params: 'fatal' }] },
        {
          guard: 'hasNoRetriesLeft',
          target: 'closed',
          actions: ['reportLoss', { type: 'blame', params: 'retries-exhausted' }],
        },
        { target: 'reconnecting', actions: ['scheduleDial', 'noteOutage', 'reportLoss'] },
      ],
    },
    reconnecting: {
      tags: 'reconnecting',
      invoke: { id: 'world', src: 'world', input: ({ context }) => context.line },
      after: {
        backoff: [
          { guard: 'isUnseen', target: 'reconnecting', reenter: true, actions: 'holdDial' },
          { target: 'socket' },
        ],
      },
      on: {
        'world.woke': { guard: 'dialsSooner', target: 'reconnecting', reenter: true, actions: 'dialSooner' },
        'world.wentOffline': { target: 'reconnecting', reenter: true, actions: 'holdDial' },
        'user.reconnected': { target: 'socket', actions: ['forgetAttempts', 'forgetDials'] },
        'user.closed': { target: 'closed', actions: 'blameUser' },
      },
    },
    closed: { tags: 'closed', entry: 'shut', type: 'final' },
  },
});

/** The one word that `Connection.state` shows for a state of the machine. */
export function stateOf({ value }: Pick<SnapshotFrom<typeof connectionMachine>, 'value'>): State {
  const [state] = typeof value === 'string' ? [value] : Object.keys(value.socket ?? {});
  const within = typeof value === 'object' && typeof value.socket === 'string' ? value.socket : state;
  return within as State;
}

function lossOf(context: Context, event: Fact): Loss {
  return {
    ...context.end,
    cause: context.cause ?? 'peer-closed',
    attempt: context.attempt,
    status: event.type === 'socket.lost' ? event.status : undefined,
    retryAfter: event.type === 'socket.lost' || event.type === 'peer.refused' ? event.retryAfter : undefined,
  };
}

/** The user's word beats the protocol's, the protocol's beats the rule. */
function isFatal(loss: Loss, event: Fact, { shouldReconnect }: Settings): boolean {
  if (loss.cause === 'user-reconnected') return false;
  const again = shouldReconnect?.(loss);
  if (again !== undefined) return !again;
  if (event.type === 'peer.refused') return event.fatal ?? false;
  if (event.type !== 'socket.lost') return false;
  return event.fatal ?? (fatalCodes.has(event.code) || fatalStatuses.has(event.status ?? 0));
}

function endOf(event: Fact): CloseInfo {
  switch (event.type) {
    case 'socket.lost':
      return { code: event.code, reason: event.reason, wasClean: event.wasClean };
    case 'peer.refused':
    case 'url.failed':
      return { ...noHandshake, reason: event.reason };
    default:
      return noHandshake;
  }
}

function isOutdated({ serverClock, settings }: Context, event: Fact): boolean {
  if (event.type !== 'peer.beat' || event.serverTime === undefined || typeof serverClock !== 'object') return false;
  // An answer is no older than its question, however late it is read: a page may have been frozen in between.
  const since = event.receivedAt - (event.roundTripTime ?? 0);
  return since + serverClock.offset - event.serverTime > settings.heartbeat.maxAge;
}

/**
 * The offset after one more sample. A sample never overstates it (the message took time to arrive), so the highest one is the best; but it may
 * sink as fast as two clocks drift apart, lest a connection of weeks be called outdated.
 */
function sampled(
  clock: Context['serverClock'],
  { serverTime, receivedAt: at }: { serverTime?: number | undefined; receivedAt: number },
): Context['serverClock'] {
  if (serverTime === undefined || Number.isNaN(serverTime) || clock === 'distrusted') return clock;
  const offset = serverTime - at;
  if (clock === undefined) return { offset, at, samples: 1 };
  return { offset: Math.max(offset, clock.offset - (at - clock.at) * clockDrift), at, samples: clock.samples + 1 };
}

/** A server that cannot be asked is suspect only when its own beat is overdue. */
function suspectAfter({ settings, interval }: Context): number {
  if (settings.liveness === 'none') return Infinity;
  return settings.liveness === 'ask' ? wakeSilence : interval + settings.heartbeat.timeout;
}

function wakeDelay({ line, dialledAt }: Context): number {
  return clamp(dialledAt + wakePace - line.wallTime(), 0, wakePace);
}

/** The user's word is stronger than any. */
function obstacleOf({ line, cause }: Context): Obstacle | undefined {
  return cause === 'user-reconnected' ? undefined : line.obstacle();
}

function isUnseen(context: Context): boolean {
  return obstacleOf(context) === 'unseen';
}

/** How long an obstacle holds a dial, ms. Being offline is a hint, so it does so no longer than a wait can be; being unseen, until a wake. */
function hold(context: Context, obstacle = obstacleOf(context)): number {
  if (isUnseen(context)) return longestTimer;
  if (obstacle !== 'offline') return 0;
  const { backoff } = context.settings;
  return typeof backoff === 'function' ? defaultBackoff.max : backoff.max;
}

/** Ms to the next dial, as users are told it. */
function waitOf({ wait: ms }: Context): number {
  return ms < longestTimer ? ms : Infinity;
}

function dialIn({ line }: Context, ms: number): Pick<Context, 'wait' | 'nextDialAt'> {
  const waited = Math.min(ms, longestTimer);
  return { wait: waited, nextDialAt: line.wallTime() + waited };
}

/** Ms until a wake may dial: what nothing but the user's word may shorten. */
function soonest(context: Context): number {
  const { line, notBefore, least } = context;
  return Math.max(wakeDelay(context), clamp(notBefore - line.wallTime(), 0, least));
}

/** Ms until the dial that waits, or more: a timer may stand still while the machine sleeps, and the clock may be set. */
function restOfWait({ line, nextDialAt = Infinity, wait: ms }: Context): number {
  const rest = nextDialAt - line.wallTime();
  return rest < 0 ? ms : Math.min(rest, ms);
}

/** Ms until a dial would not be one too many. Dials of the future are of a clock that has been set back. */
function restOfPace({ line, dials, settings: { backoff } }: Context): number {
  if (dials.length < dialsPerPace) return 0;
  const elapsed = line.wallTime() - dials[0]!;
  return elapsed < 0 ? 0 : Math.max(0, paceOf(backoff) - elapsed);
}
