/**
 * The life of one connection. THE file: everything that decides what happens next is here, and nothing else is.
 *
 * ```
 *        ┌───────────────── socket (one visit = one WebSocket) ─────────────────┐
 *  ●───▶ │ connecting ──▶ awaiting-id ──▶ alive ◀───────▶ stale          closing │
 *        │                          {quiet ⇄ probing}  {silent, outdated}       │
 *        └───────┬─────────────────────────────────────────────────▲────────────┘
 *                │ lost: is another dial any use?                  │ its turn, or woken
 *                ▼                                                 │
 *           reconnecting ──────────────────────────────────────────┘      any ──▶ closed
 * ```
 *
 * - The chart at the bottom is names only; what the names mean is defined once, in `setup`.
 * - One visit is one WebSocket: entering `socket` dials, leaving it hangs up. That there is never a second live socket is structure, not a lock.
 * - Every state but `alive` and `closed` is left within its limit. No limit that kills a line is believed before the event loop has drained
 *   (`draining`): the proof of life may lie readable while the timer fires. One that fired late (sleep, frozen page) is granted once more, in full.
 * - What is doubted is a state: `cause` explains, and decides nothing.
 * - Application messages never pass through here. Life is reported only when asked for (`probe`).
 * - This file does not know WebSocket, the DOM, JSON, `Date`, `Math.random` or any wire format; it is compiled without their types.
 * - Nothing secret is in input or context: both reach inspectors. What is hidden is behind the opaque `line`.
 */
import { assign, enqueueActions, fromCallback, sendTo, setup, type SnapshotFrom } from 'xstate';

import { clamp } from './backoff.ts';
import type { Cause, CloseInfo, Fact, Line, Loss, Order, Output, Report, State, Wake } from './events.ts';
import {
  canDialSooner,
  connectTimeout,
  dialAfter,
  dialAtOnce,
  dialLater,
  dialled,
  dialSooner,
  isUnseen,
  type NextDial,
  nextDialIn,
  noDialYet,
  opened,
  retriesAnew,
} from './next-dial.ts';
import { isOlder, isUntested, type Reckoning, sampled } from './server-clock.ts';
import {
  absentFor,
  answered,
  begun,
  ended,
  givenUp,
  noSession,
  reportOfBeginning,
  type SessionRecord,
} from './session.ts';
import { type PartialSettings, type Settings, settle } from './settings.ts';

export interface Input extends PartialSettings {
  line: Line;
}

export interface Context {
  readonly line: Line;
  readonly settings: Settings;
  /** Dials since the line was last stable. */
  attempt: number;
  nextDial: NextDial;
  /** Why the line is doubted, was left, or is closed; undefined while all is well. */
  cause: Cause | undefined;
  /** How the last socket ended. */
  end: CloseInfo;
  /** The session's name, the last one while there is none. */
  id: string | undefined;
  session: SessionRecord;
  /** The heartbeat interval in force, ms. */
  interval: number;
  /** Of the last answered heartbeat of this visit, ms. */
  roundTripTime: number | undefined;
  serverClock: Reckoning;
  /** Epoch ms. A limit that is reported later than this fired late, and is not believed. */
  believableUntil: number;
}

/** A wake doubts a line only if it has been silent for this long, ms. */
const wakeSilence = 1_000;
/** The interval a server may dictate, ms. */
const dictatedInterval = { min: 1_000, max: 3_600_000 };

/** Close codes after which no new dial can help: protocol errors, policy, and "unauthorized" and "forbidden" (IANA close code registry). */
const fatalCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1010, 3000, 3003]);
const fatalStatuses: ReadonlySet<number> = new Set([401, 403, 404]);
/** A 404 where there was a session a while ago, ms: of a router between two deployments, which may know the path again. */
const redeployment = 60_000;

const noHandshake: CloseInfo = { code: 1006, reason: '', wasClean: false };

/** Every delay, ms. */
const delays = {
  connectTimeout,
  idTimeout: ({ settings }: Context) => settings.idTimeout,
  heartbeatInterval: ({ interval }: Context) => interval,
  // A heartbeat is asked twice: for each time half of what it may take.
  probeTimeout: ({ settings }: Context) => settings.heartbeat.timeout / 2,
  staleTimeout: (context: Context) => delays.probeTimeout(context) - delays.drain(context),
  // Long enough for a turn of the event loop, short beside the timeout it is part of.
  drain: ({ settings }: Context) => Math.min(20, settings.heartbeat.timeout / 10),
  stableAfter: ({ settings }: Context) => settings.stableAfter,
  closeTimeout: ({ settings }: Context) => settings.closeTimeout,
  backoff: ({ nextDial }: Context) => nextDial.wait,
};

/** What a look at the context tells, as XState asks for it. */
function of<R>(look: (context: Context) => R): (args: { context: Context }) => R {
  return ({ context }) => look(context);
}

function named<T extends object>(looks: T) {
  return Object.fromEntries(Object.entries(looks).map(([name, look]) => [name, of(look)])) as {
    [K in keyof T]: (args: { context: Context }) => number;
  };
}

const base = setup({
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- it is all there is of the types
  types: {} as {
    input: Input;
    context: Context;
    events: Fact;
    emitted: Report;
    output: Output;
    tags: State | 'open';
    children: { socket: 'socket' };
  },
  actors: {
    socket: fromCallback<Order, Line, Fact>(() => {
      throw new Error(
        'connectionMachine has no socket: provide one, as in connectionMachine.provide({ actors: { socket: webSocketActor } })',
      );
    }),
  },
  delays: named(delays),
  guards: {
    hasNoHeart: of(({ settings }) => settings.liveness === 'none'),
    firedLate: of(({ line, believableUntil }) => line.wallTime() > believableUntil),
    isFatal: ({ context, event }) => isFatal(lossOf(context, event), event, context),
    hasNoRetriesLeft: of(({ nextDial }) => nextDial.retriesLeft <= 0),
    clockIsUntested: ({ context, event }) => isOutdated(context, event) && isUntested(context.serverClock),
    beatIsOutdated: ({ context, event }) => isOutdated(context, event),
    mayDialAnew: ({ context, event }) => wakeOf(event) === 'network' && context.nextDial.retriesLeft > 0,
    isSuspect: of((context) => context.line.silentFor() > suspectAfter(context)),
    sleptOrFroze: ({ event }) => wakeOf(event) === 'sleep' || wakeOf(event) === 'freeze',
    canDialSooner: of(canDialSooner),
    brokeOff: ({ event }) => !endOf(event).wasClean,
    isUnseen: of(isUnseen),
  },
  actions: {
    begin: ({ context, self }) => context.line.begin(self),
    beginVisit: assign(({ context }) => ({
      ...dialled(context),
      attempt: context.attempt + 1,
      interval: context.settings.heartbeat.interval,
      roundTripTime: undefined,
      serverClock: undefined,
    })),
    noteOpening: assign(of(opened)),
    setLimit: assign(({ context }, limit: Limit) => limitOf(context, limit)),
    grantOnceMore: assign({ believableUntil: Infinity }),
    doubt: enqueueActions(({ context, enqueue }, cause: Cause) => {
      enqueue.assign({ cause, ...limitOf(context, 'staleTimeout') });
      enqueue.sendTo('socket', { type: 'probe', again: true });
    }),
    blame: assign((_, cause: Cause) => ({ cause })),
    // Where none was to be made, why it was lost is why it is over.
    blameRetries: assign({
      cause: of(({ settings, cause }) => (settings.retries === 0 ? cause : 'retries-exhausted')),
    }),
    absolve: assign({ cause: undefined }),
    blameUser: assign({
      cause: ({ event }) => (event.type === 'user.closed' && event.cause === 'aborted' ? 'aborted' : 'user-closed'),
      end: noHandshake,
    }),
    blameCreator: assign({
      cause: 'fatal',
      end: ({ event }) => ({ ...noHandshake, reason: 'error' in event ? String(event.error) : '' }),
    }),
    // Where it is lost in doubt, the doubt is the cause.
    noteEnd: assign(({ context, event }, cause: Cause | undefined) => ({
      end: endOf(event),
      cause: cause ?? context.cause,
    })),
    // What was held is flushed before anybody hears that the line is open; what came early is delivered afterwards.
    welcome: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'peer.named') return;
      const { id, interval = Number.NaN } = event;
      enqueue.sendTo('socket', { type: 'release' });
      enqueue.emit(reportOfBeginning(context, id));
      enqueue.sendTo('socket', { type: 'deliver' });
      enqueue.assign({
        id,
        session: begun(context),
        interval: Number.isNaN(interval)
          ? context.interval
          : clamp(interval, dictatedInterval.min, dictatedInterval.max),
        serverClock: sampled(context.serverClock, event),
      });
    }),
    noteBeat: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'peer.beat') return;
      const { roundTripTime = context.roundTripTime } = event;
      const session = answered(context, event.roundTripTime);
      enqueue.assign({ roundTripTime, session, serverClock: sampled(context.serverClock, event) });
      const { timeout } = context.settings.heartbeat;
      if (context.session.slowest > timeout / 2 || session.slowest <= timeout / 2) return;
      enqueue.emit({
        type: 'warning',
        code: 'round-trip-too-long',
        message: `the answer to a heartbeat took ${Math.round(session.slowest)} ms: raise heartbeat.timeout (${timeout} ms), or lines that answer will be lost`,
      });
    }),
    noteLife: assign({ session: of(answered) }),
    noteSilence: enqueueActions(({ context, enqueue }) => {
      const session = givenUp(context);
      enqueue.assign({ session });
      if (session.unanswered !== 2) return;
      enqueue.emit({
        type: 'warning',
        code: 'never-answered',
        message: `two lines in a row have not answered once: the server answers no heartbeat, or a message takes longer than heartbeat.timeout (${context.settings.heartbeat.timeout} ms) to arrive: raise it, or send that in parts`,
      });
    }),
    // Who has never named anybody may not know that it should.
    wonder: enqueueActions(({ context: { attempt, session, settings }, enqueue }) => {
      if (attempt !== 2 || session.outage !== undefined) return;
      enqueue.emit({
        type: 'warning',
        code: 'never-named',
        message: `the server is reached, and has not named the session within idTimeout (${settings.idTimeout} ms): it may speak another protocol`,
      });
    }),
    distrustClock: enqueueActions(({ enqueue }) => {
      enqueue.assign({ serverClock: 'distrusted' });
      enqueue.emit({
        type: 'warning',
        code: 'clock-distrusted',
        message:
          "the first answer is older than heartbeat.maxAge by the server's own clock, which is ignored on this line",
      });
    }),
    forgetAttempts: assign(({ context }) => ({ ...retriesAnew(context), attempt: 0 })),
    heedUser: assign(({ context }) => ({ ...dialAtOnce(context), attempt: 0 })),
    scheduleDial: assign(({ context, event }) =>
      dialAfter(lossOf(context, event), context.session.namedAt !== undefined, context),
    ),
    dialLater: assign(of(dialLater)),
    dialSooner: assign(of(dialSooner)),
    reportLoss: enqueueActions(({ context, event, enqueue }) => {
      const { cause = 'peer-closed', nextDial, session, attempt, end } = context;
      const told = { cause, nextDialIn: nextDialIn(nextDial) };
      const { reason, status } = endOf(event);
      enqueue.emit(
        session.namedAt === undefined
          ? { type: 'retry', ...told, attempt, reason, ...(status && { status }) }
          : { type: 'lost', ...told, ...end },
      );
      enqueue.assign({ session: ended(context) });
    }),
    probe: sendTo('socket', { type: 'probe', again: false }),
    probeAgain: sendTo('socket', { type: 'probe', again: true }),
    awaitAnswer: sendTo('socket', { type: 'await' }),
    hangUp: sendTo('socket', ({ event }) => {
      const { code = 1000, reason = '' } = event.type === 'user.closed' ? event : {};
      return { type: 'hang-up', code, reason };
    }),
  },
});

/** How a doubt ends where nothing ends it. */
const untilGivenUp = {
  initial: 'asking',
  states: {
    asking: { after: { staleTimeout: 'draining' } },
    draining: {
      after: {
        drain: [
          { guard: 'firedLate', target: 'asking', actions: ['grantOnceMore', 'probeAgain'] },
          { target: '#connection.lost', actions: ['noteEnd', 'noteSilence'] },
        ],
      },
    },
  },
} as const;

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
      nextDial: noDialYet(settings),
      cause: undefined,
      end: noHandshake,
      id: undefined,
      session: noSession,
      interval: settings.heartbeat.interval,
      roundTripTime: undefined,
      serverClock: undefined,
      believableUntil: Infinity,
    };
  },
  output: ({ context }) => ({ ...context.end, cause: context.cause ?? 'user-closed' }),
  entry: 'begin',
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
        'socket.lost': { target: 'lost', actions: { type: 'noteEnd', params: 'peer-closed' } },
        'peer.refused': { target: 'lost', actions: { type: 'noteEnd', params: 'refused' } },
        'world.suspended': { target: 'lost', actions: { type: 'noteEnd', params: 'suspended' } },
        'user.reconnected': {
          target: 'redialling',
          actions: [{ type: 'noteEnd', params: 'user-reconnected' }, 'heedUser', 'reportLoss'],
        },
        'user.closed': { target: '.closing', actions: ['blameUser', 'hangUp'] },
      },
      states: {
        connecting: {
          tags: 'connecting',
          entry: { type: 'setLimit', params: 'connectTimeout' },
          initial: 'dialling',
          on: {
            'socket.opened': { target: 'awaiting-id', actions: 'noteOpening' },
            'socket.lost': { target: '#connection.lost', actions: { type: 'noteEnd', params: 'refused' } },
            'url.failed': { target: '#connection.lost', actions: { type: 'noteEnd', params: 'url-failed' } },
            'world.woke': {
              guard: 'mayDialAnew',
              target: '#connection.lost',
              actions: { type: 'noteEnd', params: 'network-changed' },
            },
            'user.closed': { target: '#connection.closed', actions: 'blameUser' },
          },
          states: {
            dialling: { after: { connectTimeout: 'draining' } },
            draining: {
              after: {
                drain: [
                  { guard: 'firedLate', target: 'dialling', actions: 'grantOnceMore' },
                  { target: '#connection.lost', actions: { type: 'noteEnd', params: 'dial-timeout' } },
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
              { guard: 'hasNoHeart', target: 'alive.unwatched', actions: 'welcome' },
              { target: 'alive', actions: 'welcome' },
            ],
          },
          states: {
            listening: { after: { idTimeout: 'draining' } },
            draining: {
              after: {
                drain: [
                  { guard: 'firedLate', target: 'listening', actions: 'grantOnceMore' },
                  { target: '#connection.lost', actions: [{ type: 'noteEnd', params: 'unnamed' }, 'wonder'] },
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
              { guard: 'clockIsUntested', target: '.quiet', actions: ['noteBeat', 'distrustClock'] },
              { guard: 'beatIsOutdated', target: 'stale.outdated' },
              { target: '.quiet', actions: 'noteBeat' },
            ],
            'world.woke': { guard: 'isSuspect', target: 'stale' },
          },
          states: {
            quiet: { after: { heartbeatInterval: 'probing' } },
            probing: {
              entry: 'probe',
              on: { 'peer.spoke': { target: 'quiet', actions: 'noteLife' } },
              after: { probeTimeout: '#connection.socket.stale' },
            },
            unwatched: { on: { 'peer.beat': {} } },
          },
        },
        stale: {
          tags: ['stale', 'open'],
          initial: 'silent',
          on: {
            // The doubt was right: it broke when we asked (a router that had forgotten it), or under a frozen page.
            'socket.lost': { guard: 'brokeOff', target: '#connection.lost', actions: 'noteEnd' },
            'peer.beat': [
              { guard: 'clockIsUntested', target: 'alive', actions: ['noteBeat', 'distrustClock'] },
              { guard: 'beatIsOutdated', target: '.outdated' },
              { target: 'alive', actions: 'noteBeat' },
            ],
            'world.woke': { actions: 'probeAgain' },
          },
          states: {
            silent: {
              entry: { type: 'doubt', params: 'silent' },
              ...untilGivenUp,
              on: {
                'peer.spoke': { target: '#connection.socket.alive', actions: 'noteLife' },
                'world.woke': { guard: 'sleptOrFroze', target: 'silent', reenter: true },
              },
            },
            outdated: {
              entry: { type: 'doubt', params: 'outdated' },
              ...untilGivenUp,
              on: {
                // It may have lain unread, with others, while we stood still: a fresh one has the whole limit to come.
                'peer.beat': { guard: 'beatIsOutdated', actions: 'awaitAnswer' },
                'world.woke': { guard: 'sleptOrFroze', target: 'outdated', reenter: true },
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
          actions: ['reportLoss', 'blameRetries'],
        },
        { target: 'reconnecting', actions: ['scheduleDial', 'reportLoss'] },
      ],
    },
    reconnecting: {
      tags: 'reconnecting',
      after: {
        backoff: [
          { guard: 'isUnseen', target: 'reconnecting', reenter: true, actions: 'dialLater' },
          { target: 'socket' },
        ],
      },
      on: {
        'world.woke': { guard: 'canDialSooner', target: 'reconnecting', reenter: true, actions: 'dialSooner' },
        'world.wentOffline': { target: 'reconnecting', reenter: true, actions: 'dialLater' },
        'user.reconnected': { target: 'socket', actions: 'heedUser' },
        'user.closed': { target: 'closed', actions: 'blameUser' },
      },
    },
    // The user has asked for it: nothing holds it.
    redialling: {
      tags: 'reconnecting',
      after: { backoff: 'socket' },
      on: { 'user.closed': { target: 'closed', actions: 'blameUser' } },
    },
    closed: { tags: 'closed', type: 'final' },
  },
});

/** The one word that `Connection.state` shows for a state of the machine: its first tag. */
export function stateOf({ tags }: Pick<SnapshotFrom<typeof connectionMachine>, 'tags'>): State {
  const [state] = tags;
  return state as State;
}

/** What there is to be known of a loss besides its cause. */
type Particulars = Partial<Omit<Extract<Fact, { type: 'socket.lost' }>, 'type'>>;

function lossOf({ end, cause = 'peer-closed', attempt, session: { unanswered } }: Context, event: Fact): Loss {
  const { retryAfter } = event as Particulars;
  return { ...end, cause, attempt, unanswered: unanswered || undefined, retryAfter };
}

/** The user's word beats the protocol's, the protocol's beats the rule. */
function isFatal(loss: Loss, event: Fact, context: Context): boolean {
  const again = context.settings.shouldReconnect?.(loss);
  if (again !== undefined) return !again;
  const { code = 0, status = 0, fatal = fatalCodes.has(code) || isFatalStatus(status, context) } = event as Particulars;
  return fatal;
}

function isFatalStatus(status: number, context: Context): boolean {
  return fatalStatuses.has(status) && !(status === 404 && absentFor(context) < redeployment);
}

/** How the socket ended, as the fact tells it; a wake has a reason of another kind. */
function endOf(event: Fact): CloseInfo {
  if (event.type === 'world.woke') return noHandshake;
  const { code, reason, wasClean, failed, status } = { ...noHandshake, ...(event as Particulars) };
  return { code, reason, wasClean, ...(failed && { failed }), ...(status && { status }) };
}

function wakeOf(event: Fact): Wake | undefined {
  return event.type === 'world.woke' ? event.reason : undefined;
}

function isOutdated({ serverClock, settings }: Context, event: Fact): boolean {
  return event.type === 'peer.beat' && isOlder(serverClock, event, settings.heartbeat.maxAge);
}

type Limit = 'connectTimeout' | 'idTimeout' | 'staleTimeout';

/** A limit begins. */
function limitOf(context: Context, limit: Limit): Pick<Context, 'believableUntil'> {
  const ms = delays[limit](context);
  return { believableUntil: context.line.wallTime() + ms + Math.max(1_000, ms / 2) };
}

/** A server that cannot be asked is suspect only when its own beat is overdue. */
function suspectAfter({ settings, interval }: Context): number {
  if (settings.liveness === 'none') return Infinity;
  return settings.liveness === 'ask' ? wakeSilence : interval + settings.heartbeat.timeout;
}
