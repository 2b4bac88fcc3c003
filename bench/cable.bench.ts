/**
 * A pulled cable, and another path three seconds later: how long there is no connection.
 *
 * Nothing answers at the addresses of the old path any more, so that a dial which was made by it is lost. Needs Linux, root and iproute2.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, onTestFinished, test } from 'vitest';

import { Hosts, obstacleToCables } from '../test/helpers/cables.ts';
import { Child, endChildren, now, type Said } from '../test/helpers/children/start.ts';
import { script } from './alternation.ts';
import { chosen, quickOr } from './chosen.ts';
import { expectWithin, measured } from './measurement.ts';
import { peerNames } from './peers/index.mjs';
import { orNever, report } from './report.ts';

const heartbeat = { interval: 1_000, timeout: 500 };
/** Until there is another path, ms. */
const gap = 3_000;
/** Behind the pull, for whoever has not come back, ms. */
const patience = quickOr(45_000, 15_000);
/** Of a connection before its cable is pulled: it has been alive for long enough to count as stable, ms. */
const age = 6_000;
const pulls = quickOr(5, 2);
/** Of each library, at moments spread evenly between two beats. */
const clients = quickOr(2, 1);
const ordinals = Array.from({ length: clients }, (_, client) => client);

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
    const all: Contestant[] = [];
    // One after the other: each has much to load.
    for (const peer of chosen(peerNames)) all.push(...(await contestants(peer, hosts)));
    for (let pull = 0; pull < pulls; pull += 1) {
      hosts.mend('cable');
      for (const contestant of all) await contestant.start();
      await Promise.all(all.map((contestant) => contestant.open()));
      // Each time between the moments of the others.
      await sleep(age + (pull * heartbeat.interval) / clients / pulls);
      const pulledAt = now();
      hosts.pull('cable', 'server');
      const back = all.map((contestant) => contestant.back(pulledAt));
      await sleep(gap);
      hosts.leave('cable');
      hosts.route('wireless');
      await Promise.all(back);
      await Promise.all(all.map((contestant) => contestant.leave()));
    }

    const show = (seconds: number) => orNever(seconds, patience / 1_000);
    report({
      question: 'cable',
      title: 'A pulled cable, and another path three seconds later',
      how:
        `Seconds until a client is in its room again whose cable was pulled, ${gap / 1_000} of them without a path; nothing answers at the addresses of ` +
        `the old one any more. ${pulls} pulls, ${clients} clients each, at moments spread evenly between two beats; heartbeat ` +
        `${heartbeat.interval}/${heartbeat.timeout} ms. Linux, in network namespaces.`,
      columns: [
        { key: 'median', title: 'median', unit: 's', digits: 2 },
        { key: 'max', title: 'at most', unit: 's', digits: 2 },
        { key: 'back', title: 'came back' },
      ],
      rows: all.map(({ peer, onSystole, seconds }) => ({
        peer,
        onSystole,
        cells: {
          median: show(measured(seconds).median),
          max: show(Math.max(...seconds)),
          back: `${seconds.filter(Number.isFinite).length} of ${seconds.length}`,
        },
      })),
    });

    const ours = all.find(({ peer }) => peer === 'systole');
    if (ours === undefined) return;
    const { median, noise } = measured(ours.seconds);
    const what = `a new connection, ${gap / 1_000} s of it without a path`;
    expectWithin(context, { what, value: median, noise, unit: 's', aim: 4, bound: 6 });
    // A machine that is busy while the first dial is made has those that follow waited for longer: four times what that took.
    expectWithin(context, { what: `${what}, at most`, value: Math.max(...ours.seconds), unit: 's', aim: 4, bound: 10 });
  });
});

/** A library by itself, and on our class where it takes one, in front of the same server. */
async function contestants(peer: string, hosts: Hosts): Promise<Contestant[]> {
  const server = new Child(script('peer-server.mjs'), [peer, hosts.service, heartbeat], {
    within: hosts.within('server'),
  });
  const { port, takesClass } = await server.until('listening');
  const url = `ws://${hosts.service}:${String(port)}`;
  const itself = new Contestant(peer, false, url, hosts);
  return takesClass === true ? [itself, new Contestant(peer, true, url, hosts)] : [itself];
}

/** All clients of a library, in a process of their own. */
class Contestant {
  readonly peer: string;
  readonly onSystole: boolean;
  /** From each pull to each client's new connection; Infinity: there was none. */
  readonly seconds: number[] = [];
  readonly #url: string;
  readonly #hosts: Hosts;
  #child!: Child;

  constructor(peer: string, onSystole: boolean, url: string, hosts: Hosts) {
    this.peer = peer;
    this.onSystole = onSystole;
    this.#url = url;
    this.#hosts = hosts;
  }

  /** As soon as it has loaded what it needs. */
  async start(): Promise<void> {
    const args = [this.peer, this.#url, heartbeat, String(clients), ...(this.onSystole ? ['systole'] : [])];
    this.#child = new Child(script('peer-client.mjs'), args, { within: this.#hosts.within('client') });
    onTestFinished(() => this.#child.end());
    await this.#child.until('open');
  }

  async open(): Promise<void> {
    await Promise.all(ordinals.map((client) => this.#child.until('open', (said) => said['client'] === client)));
  }

  /** When all are, or our patience is at its end. */
  async back(pulledAt: number): Promise<void> {
    const again = (client: number) => (said: Said) => said['client'] === client && said.at > pulledAt;
    await Promise.race([
      Promise.all(ordinals.map((client) => this.#child.until('open', again(client)))),
      sleep(patience),
    ]);
    for (const client of ordinals) {
      const { at = Infinity } = this.#child.said.find(again(client)) ?? {};
      this.seconds.push(Math.round(at - pulledAt) / 1_000);
    }
  }

  async leave(): Promise<void> {
    await this.#child.end();
  }
}
