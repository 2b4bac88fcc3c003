/**
 * When a client of each library dials, by the library's defaults, once its line is lost that had been stable: written from its source, which is named by its
 * file in `peers/node_modules`. Ours is the machine's own code.
 */
import type { Backoff } from '../machines/backoff.ts';
import type { Loss } from '../machines/events.ts';
import { connectTimeout, dialAfter, dialled, type NextDial, noDialYet } from '../machines/next-dial.ts';
import { settle } from '../machines/settings.ts';
import type { DiallerOf } from './herd.ts';

/** By the names of `peers/index.mjs`, but `ws`, which does not dial again. */
export const backoffs: Readonly<Record<string, DiallerOf>> = {
  systole: systole(),

  // peers/by-hand.mjs
  'fifteen lines by hand': counting({ wait: () => 1_000 }),

  // dist/reconnecting-websocket-mjs.js: DEFAULT, _getNextDelay; its least wait is drawn once a process, and this is a herd of processes.
  'reconnecting-websocket': (random) => {
    const least = 1_000 + random() * 4_000;
    return counting({ wait: (failed) => growing(failed, least, 1.3, 10_000), patience: 4_000 })(random);
  },

  // dist/ws.js: DEFAULT, _getNextDelay
  partysocket: counting({ wait: (failed) => growing(failed, 3_000, 1.3, 10_000), patience: 4_000 }),

  // src/websocket.ts: scheduleConnectionRetryIfNeeded, with the ConstantBackoff that its documentation begins with
  'websocket-ts': counting({ wait: () => 1_000 }),

  // dist/index.js: DEFAULT_OPTIONS, reestablishConnection
  'sturdy-websocket': counting({ wait: (failed) => growing(failed, 1_000, 1.5, 30_000), patience: 5_000 }),

  // robust-websocket.js: defaultOptions, reconnect; its `timeout` tells the app, and gives no dial up
  'robust-websocket': counting({ wait: (failed) => [0, 3_000, 10_000][failed] }),

  // lib/index.js: reconnectTimeout
  'websocket-heartbeat-js': counting({ wait: () => 2_000 }),

  // dist/client.js: retryWait; with `shouldRetry: () => true, retryAttempts: Infinity`, as in peers/graphql-ws.mjs: by default a refused dial is the last one
  'graphql-ws': counting({ wait: (failed, random) => 1_000 * 2 ** failed + 300 + random * 2_700 }),

  '@rails/actioncable': actioncable,

  // build/esm/manager.js, contrib/backo2.js: the chance that says how far also says which way, by its first digit
  'socket.io-client': counting({
    wait(failed, random) {
      const way = Math.floor(10 * random) % 2 === 0 ? -1 : 1;
      return Math.min(5_000, 1_000 * 2 ** failed * (1 + way * 0.5 * random));
    },
    patience: 20_000,
  }),

  // build/index.js: backoff, minReconnectDelay, maxReconnectDelay, timeout
  centrifuge: counting({
    wait: (failed, random) => Math.min(20_000, 500 + random * Math.min(20_000, 500 * 2 ** failed)),
    patience: 5_000,
  }),

  // build/lib/client.js: reconnectPeriod, connectTimeout
  mqtt: counting({ wait: () => 1_000, patience: 30_000 }),

  // assets/js/phoenix/socket.js: reconnectAfterMs
  phoenix: counting({ wait: (failed) => [10, 50, 100, 150, 200, 250, 500, 1_000, 2_000][failed] ?? 5_000 }),
};

/** Ms that a dial is given to be read, behind its timeout (machines/connection.ts). */
const drain = 20;

/** @param took how long the last good dial took, ms */
export function systole(backoff: Partial<Backoff> = {}, took = 50): DiallerOf {
  const settings = settle({ backoff });
  return (random) => {
    let time = 0;
    const line = {
      now: () => time,
      wallTime: () => time,
      random,
      silentFor: () => 0,
      obstacle: () => undefined,
      begin() {},
    };
    let nextDial: NextDial = { ...noDialYet(settings), took };
    let attempt = 0;
    const view = () => ({ nextDial, settings, line });
    return {
      wait(now) {
        time = now;
        const loss: Loss = { cause: 'peer-closed', attempt, code: 1006, reason: '', wasClean: false };
        ({ nextDial } = dialAfter(loss, attempt === 0, view()));
        return nextDial.wait;
      },
      dial(now) {
        time = now;
        attempt += 1;
        ({ nextDial } = dialled(view()));
        return connectTimeout({ ...view(), attempt }) + drain;
      },
    };
  };
}

interface Counting {
  /** Ms, by how many dials have failed since the loss; undefined: it gives up. */
  wait: (failed: number, random: number) => number | undefined;
  /** Ms that it gives a dial. Default Infinity. */
  patience?: number;
}

/** As nearly all do it. */
function counting({ wait, patience = Infinity }: Counting): DiallerOf {
  return (random) => {
    let failed = -1;
    return {
      wait() {
        failed += 1;
        return wait(failed, random());
      },
      dial: () => patience,
    };
  };
}

/** At once, and then ever longer. */
function growing(failed: number, least: number, factor: number, most: number): number {
  return failed === 0 ? 0 : Math.min(most, least * factor ** (failed - 1));
}

/** src/connection_monitor.js: no dial follows from a loss. A monitor looks every so often whether there was a ping of late, and dials where there was none. */
function actioncable(random: () => number): ReturnType<DiallerOf> {
  const threshold = 6_000;
  const [pingedAt, every] = [-random() * 3_000, 0.15];
  let attempts = 0;
  const interval = () =>
    threshold * (1 + every) ** Math.min(attempts, 10) * (1 + (attempts === 0 ? 1 : every) * random());
  // It has been looking all the time.
  let look = random() * interval();
  let lostAt: number | undefined;
  return {
    wait(now) {
      lostAt ??= now;
      for (;;) {
        const looked = Math.max(look, now);
        const isStale = looked - pingedAt > threshold;
        if (isStale) attempts += 1;
        look = looked + interval();
        if (isStale && looked - lostAt >= threshold) return looked - now;
      }
    },
    dial: () => Infinity,
  };
}
