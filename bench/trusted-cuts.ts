/** What befalls the cables of apps, one after the other, once they listen: nobody's at the same moment of its heartbeat. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { FaultProxy } from '../test/kit/fault-proxy.ts';
import type { Balancer } from './trusted-balancer.ts';

/** All in s. */
export interface Cuts {
  /** After the call. */
  first: number;
  last: number;
  /** Of the silence. */
  shortest: number;
  longest: number;
}

/** No byte passes, in either direction, nor does a dial; and then all that was held does. */
export function keepSilent(cables: readonly FaultProxy[], cuts: Cuts): Promise<unknown> {
  return spread(cables, cuts, async (cable, share) => {
    cable.silence();
    await sleep(1_000 * (cuts.shortest + share * (cuts.longest - cuts.shortest)));
    cable.heal();
  });
}

/** As a router forgets a line: both ends stay open, nothing passes ever again, and a new dial does. */
export function forget(cables: readonly FaultProxy[], cuts: Cuts): Promise<unknown> {
  return spread(cables, cuts, (cable) => {
    for (const link of cable.links) link.silence();
  });
}

/** As a device breaks its lines that changes networks: the server is told nothing. */
export function breakAtApps(cables: readonly Balancer[], cuts: Cuts): Promise<unknown> {
  return spread(cables, cuts, (cable) => cable.breakAtClients());
}

function spread<Cable>(
  cables: readonly Cable[],
  { first, last }: Cuts,
  cut: (cable: Cable, share: number) => unknown,
): Promise<unknown> {
  return Promise.all(
    cables.map(async (cable, i) => {
      const share = i / (cables.length - 1);
      await sleep(1_000 * (first + share * (last - first)));
      await cut(cable, share);
    }),
  );
}
