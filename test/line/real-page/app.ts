/** What the pages of the stage can do: all that a test may use there hangs on `window`. */
import { connect } from '../../../adapters/connect.ts';
import { HeartbeatWebSocket } from '../../../adapters/drop-in.ts';
import { plain } from '../../../adapters/protocols/plain.ts';
import { workerClock } from '../../../adapters/worker-clock.ts';
import { life } from './page-life.ts';

/** What a connection has said; `at` epoch ms. */
export interface AppTold {
  type: string;
  at: number;
  detail: { readonly state?: string; readonly cause?: string | undefined; readonly nextDialIn?: number | undefined };
}

type AppOptions = NonNullable<Parameters<typeof connect>[1]>;

/** A connection and all that it has said, in order. */
function watch(url: string, { ticks, ...options }: AppOptions & { ticks?: 'in a worker' } = {}) {
  const told: AppTold[] = [];
  const connection = connect(url, {
    protocol: plain(),
    closeTimeout: 200,
    ...(ticks && { clock: workerClock }),
    ...options,
  });
  for (const type of ['open', 'lost', 'retry', 'restored', 'state', 'closed'] as const) {
    connection.on(type, (detail) => told.push({ type, at: Date.now(), detail: detail as AppTold['detail'] }));
  }
  return { connection, told };
}

/** Intervals that run, so that a test can see that none is left. */
const intervals = new Set<unknown>();
const set = window.setInterval.bind(window);
const clear = window.clearInterval.bind(window);
window.setInterval = ((...args: Parameters<typeof set>) => {
  const id = set(...args);
  intervals.add(id);
  return id;
}) as typeof window.setInterval;
window.clearInterval = (id) => {
  intervals.delete(id);
  clear(id);
};

const systole = {
  watch,
  HeartbeatWebSocket,
  plain,
  intervals,
  watched: {} as Record<string, ReturnType<typeof watch>>,
};

declare global {
  interface Window {
    readonly systole: typeof systole;
  }
}

Object.assign(window, { life, systole });
