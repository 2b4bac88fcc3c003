/** The line from this page to what it shows: a connection of systole like any other, and what is known of it. */
import { type ReadonlySignal, signal } from '@preact/signals';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { inspector } from './inspector.ts';

/** Of all lines of the page: one that is dead is known to be within 4 s. */
export const pace = {
  heartbeat: { interval: 2_000, timeout: 2_000 },
  connectTimeout: 3_000,
  backoff: { initial: 500, max: 2_000 },
};

export const Line = HeartbeatWebSocket.with({ ...pace, protocol: inspector() });

/** `waiting`: nothing was ever heard. `doubted`: it was asked, and has not answered yet. */
export interface Hearing {
  readonly state: 'waiting' | 'live' | 'doubted' | 'lost';
  /** When the last frame came, epoch ms; of `live`, when it began to be. */
  readonly heardAt: number;
}

export type Hearer = ReadonlySignal<Hearing>;

/** @param lost is told when the line is, and when the last frame came */
export function hearingOf(line: HeartbeatWebSocket, lost: (heardAt: number) => void): Hearer {
  const hearing = signal<Hearing>({ state: 'waiting', heardAt: Date.now() });
  line.connection?.subscribe(({ state }) => {
    const before = hearing.peek();
    if (state === 'alive') hearing.value = { state: 'live', heardAt: Date.now() };
    else if (before.state === 'waiting' || before.state === 'lost') return;
    else if (state === 'stale') hearing.value = { state: 'doubted', heardAt: heardAtOf(line) };
    else {
      hearing.value = { state: 'lost', heardAt: heardAtOf(line) };
      lost(hearing.value.heardAt);
    }
  });
  return hearing;
}

function heardAtOf({ connection }: HeartbeatWebSocket): number {
  return connection?.lastHeardAt ?? Date.now();
}
