/**
 * What a message costs beside `ws` alone.
 */
import { test } from 'vitest';

import { ratioOf, trafficServer } from './alternation.ts';
import { expectWithin } from './measurement.ts';

const json = '{"type":"price","symbol":"ABCDEF","price":12345.67,"volume":987}';

const received: [what: string, payload: string][] = [
  ['64 B of text', 'x'.repeat(64)],
  // What looks like the protocol's own, and is read before it is known not to be.
  ['64 B of JSON', json],
  ['1 KiB of text', 'x'.repeat(1_024)],
];

test.for(received)('receiving %s', async ([what, payload], context) => {
  const { median, noise } = await ratioOf('receiving.mjs', [await trafficServer(), payload, 'ws', 'connect'], 100_000);
  expectWithin(context, { what: `receiving ${what}`, value: median, noise, unit: '×', aim: 1.02, bound: 1.15 });
});

const sent: [what: string, kind: string, bytes: number][] = [
  ['64 B of text', 'text', 64],
  ['1 KiB of text', 'text', 1_024],
  ['1 KiB of binary', 'binary', 1_024],
];

test.for(sent)('sending %s', async ([what, kind, bytes], context) => {
  const { median, noise } = await ratioOf('sending.mjs', [await trafficServer(), kind, String(bytes)], 20_000);
  expectWithin(context, { what: `sending ${what}`, value: median, noise, unit: '×', aim: 1.05, bound: 1.2 });
});
