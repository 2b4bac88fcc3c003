/**
 * What the benchmarks ask of a library, whichever it is: it hears and says in order, comes back to a server that has died, and ends. Which does not, cannot be
 * measured.
 */
import { expect, test } from 'vitest';

import { Child } from '../test/helpers/children/start.ts';
import { script } from './alternation.ts';
import { chosen } from './chosen.ts';
import { peerNames } from './peers/index.mjs';
import type { Peer } from './peers/peer.d.ts';

/** They make their own WebSocket, or are one. */
const alone = new Set(['systole', 'ws', 'fifteen lines by hand']);

const rows = chosen(peerNames).flatMap((name) => {
  const beneath = alone.has(name) ? [false] : [false, true];
  return beneath.map((onSystole) => ({ name, onSystole }));
});

test.concurrent.for(rows)(
  '$name, on systole: $onSystole',
  { timeout: 60_000 },
  async ({ name, onSystole }, context) => {
    const child = new Child(script('contract.mjs'), [name, String(onSystole)]);
    context.onTestFinished(() => child.end());
    expect({ code: await child.exited, errors: child.errors }).toMatchObject({ code: 0 });
    const [peer, ...said] = child.said;
    expect(peer!['takesClass']).toBe(!alone.has(name));
    const carries = peer!['carries'] as Peer['carries'];
    const payloads = ['one', 'two', 'three', ...(carries.includes('binary') ? [[0, 255, 1], [2]] : []), 'last'];
    const visit = (beginning: string) => [
      { event: beginning, clients: 1 },
      { event: 'told', payloads },
      { event: 'heard', payloads },
    ];
    expect(said).toMatchObject([...visit('opened'), ...(name === 'ws' ? [] : visit('returned'))]);
  },
);
