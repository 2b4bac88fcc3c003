/**
 * A pulled cable, and another path three seconds later: how long there is no connection.
 *
 * Nothing answers at the addresses of the old path any more, so that a dial which was made by it is lost. Needs Linux, root and iproute2.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, onTestFinished, test } from 'vitest';

import { Hosts, obstacleToCables } from '../test/helpers/cables.ts';
import { Child, endChildren, now } from '../test/helpers/children/start.ts';
import { expectWithin, measured } from './measurement.ts';

const heartbeat = { interval: 1_000, timeout: 500 };
/** Until there is another path, ms. */
const gap = 3_000;
const pulls = 10;

const missing = obstacleToCables();
if (missing !== undefined)
  console.warn(`\n*** SKIPPED: the pulled cable needs network namespaces, and ${missing}. ***\n`);

describe.skipIf(missing !== undefined)('a pulled cable', () => {
  let hosts: Hosts;

  beforeAll(() => {
    hosts = new Hosts();
    hosts.lay('cable');
    hosts.lay('wireless');
  });

  afterAll(async () => {
    await endChildren();
    hosts.remove();
  });

  test('and another path three seconds later', async (context) => {
    const server = new Child('push-server.mjs', [hosts.service], { within: hosts.within('server') });
    const { port } = await server.until('listening');
    const seconds: number[] = [];
    for (let i = 0; i < pulls; i += 1) {
      hosts.mend('cable');
      const client = new Child('client.mjs', [`ws://${hosts.service}:${String(port)}`, { connect: { heartbeat } }], {
        within: hosts.within('client'),
      });
      onTestFinished(() => client.end());
      await client.until('open');
      // Stable, and anywhere between two beats.
      await sleep(6_000 + (i * heartbeat.interval) / pulls);
      const pulledAt = now();
      hosts.pull('cable', 'server');
      await sleep(gap);
      hosts.leave('cable');
      hosts.route('wireless');
      const { at } = await client.until('restored');
      seconds.push((at - pulledAt) / 1_000);
      console.info(`pull ${i + 1}: restored after ${seconds.at(-1)!.toFixed(2)} s`);
      await client.end();
    }
    const { median, noise } = measured(seconds);
    expectWithin(context, {
      what: `a new connection, ${gap / 1_000} s of it without a path`,
      value: median,
      noise,
      unit: 's',
      aim: 4,
      bound: 6,
    });
  });
});
