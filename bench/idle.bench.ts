/**
 * What an idle connection takes beside one of `ws` alone.
 */
import { expect, onTestFinished, test } from 'vitest';

import { Child } from '../test/helpers/children/start.ts';
import { script, trafficServer } from './alternation.ts';
import { expectWithin, measured } from './measurement.ts';

const connections = 1_000;
const rounds = 5;

test('heap per idle connection', async (context) => {
  const url = await trafficServer();
  const weigh = async (kind: string): Promise<{ bytes: number; timers: number }> => {
    const child = new Child(script('idle.mjs'), [url, kind, String(connections)], { flags: ['--expose-gc'] });
    onTestFinished(() => child.end());
    return (await child.until('measured')) as never;
  };
  const more: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { bytes, timers } = await weigh('systole');
    more.push((bytes - (await weigh('bare')).bytes) / 1_024);
    expect(timers, 'one for each').toBe(connections + 100);
  }
  const { median, noise } = measured(more);
  expectWithin(context, {
    what: 'heap of an idle connection, above ws',
    value: median,
    noise,
    unit: 'KiB',
    aim: 12,
    bound: 14,
  });
});
