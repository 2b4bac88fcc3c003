/**
 * The pulled cable, with real cables: two network namespaces joined by a veth pair, the client in one, the server in the other.
 *
 * Needs Linux, root and iproute2: `sudo npx vitest run test/line/cable.test.ts`. Skipped elsewhere, but never where CI is set.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { type End, Hosts, obstacleToCables } from '../helpers/cables.ts';
import { Child, endChildren, now, type Said } from '../helpers/children/start.ts';

const heartbeat = { interval: 400, timeout: 400 };
const bound = heartbeat.interval + heartbeat.timeout;
const backoff = { initial: 100, max: 400, factor: 2, spread: 0 };
const options = { heartbeat, backoff, connectTimeout: 300, stableAfter: 50 };

const missing = obstacleToCables();
if (missing !== undefined && !process.env['CI']) {
  console.warn(
    `\n*** SKIPPED: the pulled cable needs network namespaces, and ${missing}. To run it, on Linux:\n***   sudo npx vitest run test/line/cable.test.ts\n`,
  );
}

test('where CI runs, namespaces can be made', () => {
  expect(process.env['CI'] && missing).toBeFalsy();
});

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

  let server: Child;
  let client: Child;
  let bare: Child;
  let url: string;

  beforeEach(async () => {
    hosts.mend('cable');
    server = new Child('push-server.mjs', [hosts.service], { within: hosts.within('server') });
    const { port } = await server.until('listening');
    url = `ws://${hosts.service}:${String(port)}`;
    bare = new Child('bare-client.mjs', [url], { within: hosts.within('client') });
    await bare.until('open');
    client = await clientWith(options);
  });

  afterEach(endChildren);

  async function clientWith(connect: object): Promise<Child> {
    const child = new Child('client.mjs', [url, { connect }], { within: hosts.within('client') });
    await child.until('open');
    const from = server.said.length;
    // Two beats: the line is stable, and its failed attempts are forgotten.
    await server.untilMany('heard', 2, ({ text }) => text === 'heartbeat', from);
    child.tell('forgetLateness');
    return child;
  }

  /** Pulls the cable, and waits until the client has given the line up. */
  async function pull(end: End): Promise<{ lost: Said; from: number }> {
    const from = client.said.length;
    const pulledAt = now();
    hosts.pull('cable', end);
    const lost = await client.until('lost', undefined, from);
    await client.until('state', ({ state }) => state === 'reconnecting', from);

    const states = client.said.slice(from).filter(({ event }) => event === 'state');
    expect(states.slice(0, 2)).toMatchObject([
      { previous: 'alive', state: 'stale', cause: 'silent' },
      { previous: 'stale', state: 'reconnecting', cause: 'silent' },
    ]);
    expect(lost).toMatchObject({ cause: 'silent', code: 1006, wasClean: false, nextDialIn: 0 });
    expect(lost['fired'], 'what the socket fired before it was given up').not.toContain('close');
    expect(lost['fired']).not.toContain('error');

    // From the last sign of life to the loss there are four timers (quiet, probing, asking, draining): each may have been as late as this
    // process was seen to be at worst.
    const slack = 100 + 4 * Number(lost['lateness']);
    expect(lost['silentFor']).toBeLessThanOrEqual(bound + slack);
    expect(lost['silentFor']).toBeGreaterThanOrEqual(bound - 20);
    console.info(
      `cable pulled at the ${end}'s end: given up ${Number(lost['silentFor']).toFixed(0)} ms after the last sign of life ` +
        `(bound ${bound}), ${(lost.at - pulledAt).toFixed(0)} ms after the pull; timers at most ${Number(lost['lateness']).toFixed(0)} ms late`,
    );
    return { lost, from };
  }

  /** Plugs it in again, and sees that the line is as good as before. */
  async function plug(end: End, from: number): Promise<void> {
    client.tell('send', { text: 'sent while the cable was out' });
    expect(await client.until('sent', undefined, from)).toMatchObject({ accepted: true });
    const pluggedAt = now();
    hosts.plug('cable', end);
    const restored = await client.until('restored', undefined, from);
    const before = client.said.find(({ event }) => event === 'open');
    expect(restored['previousId']).toBe(before?.['id']);
    expect(restored['id']).not.toBe(before?.['id']);
    await server.until('heard', ({ text }) => text === 'sent while the cable was out');
    server.tell('push', { text: 'pushed after the return' });
    await client.until('message', ({ text }) => text === 'pushed after the return', from);
    client.tell('ask');
    expect(await client.until('answer', undefined, from)).toMatchObject({ state: 'alive', id: restored['id'] });
    console.info(`cable plugged at the ${end}'s end: alive again after ${(restored.at - pluggedAt).toFixed(0)} ms`);
  }

  const retriesSince = (count: number, from: number) => client.untilMany('retry', count, undefined, from);

  test("at the server's end: alive - stale - reconnecting, with no event; dials hang; alive again", async () => {
    const { lost, from } = await pull('server');

    const retries = await retriesSince(2, from);
    const dials = client.said.slice(from).filter(({ event }) => event === 'dialled');
    // The loss was ours: the first dial leaves at once, and hangs until its limit.
    expect(dials[0]!.at - lost.at).toBeLessThan(50 + 4 * Number(lost['lateness']));
    for (const [i, retry] of retries.entries()) {
      expect(retry).toMatchObject({ cause: 'dial-timeout', attempt: i + 1 });
      expect(retry.at - dials[i]!.at).toBeGreaterThan(options.connectTimeout - 5);
    }

    bare.tell('ask');
    expect(await bare.until('answer'), 'the control has noticed nothing').toMatchObject({ readyState: 1 });
    expect(bare.events).toEqual(['open', 'answer']);

    await plug('server', from);
  });

  test("at the client's own end: the same, and dials fail at once and keep the pace of the backoff", async () => {
    const { from } = await pull('client');

    const retries = await retriesSince(5, from);
    const dials = await client.untilMany('dialled', 6, undefined, from);
    for (const [i, retry] of retries.entries()) {
      expect(retry).toMatchObject({ cause: 'refused', reason: 'ENETUNREACH', attempt: i + 1 });
      const ceiling = Math.min(backoff.max, backoff.initial * backoff.factor ** i);
      const nextDialIn = Number(retry['nextDialIn']);
      expect(nextDialIn).toBeGreaterThanOrEqual(ceiling / 2);
      expect(nextDialIn).toBeLessThanOrEqual(ceiling);
      expect(dials[i + 1]!.at - retry.at, 'no dial before its turn').toBeGreaterThanOrEqual(nextDialIn - 2);
    }
    expect(retries[0]!.at - dials[0]!.at, 'no dial hangs').toBeLessThan(options.connectTimeout);

    bare.tell('ask');
    expect(await bare.until('answer'), 'the control has noticed nothing').toMatchObject({ readyState: 1 });

    await plug('client', from);
  });

  test('another path, where nothing answers at the addresses of the old one: found by the dial after the one that hangs', async () => {
    const connectTimeout = 30_000;
    const child = await clientWith({ heartbeat, connectTimeout, stableAfter: 50 });
    const from = child.said.length;
    hosts.pull('cable', 'server');
    await child.until('lost', undefined, from);
    // The first dial has hung; the second is under way.
    await child.until('retry', undefined, from);
    await child.untilMany('dialled', 2, undefined, from);
    hosts.leave('cable');
    hosts.route('wireless');
    const found = child.said.length;
    await child.until('restored', undefined, from);

    const dials = child.said.slice(from).filter(({ event }) => event === 'dialled');
    const retries = child.said.slice(from).filter(({ event }) => event === 'retry');
    expect(retries.map(({ cause }) => cause)).toEqual(retries.map(() => 'dial-timeout'));
    expect(child.said.slice(found).filter(({ event }) => event === 'retry').length).toBeLessThanOrEqual(2);
    for (const [i, retry] of retries.entries()) {
      expect(retry.at - dials[i]!.at, 'this line is quick').toBeLessThan(connectTimeout / 2);
      expect(retry['nextDialIn'], 'it hung for longer than its wait').toBe(0);
    }
  });
});
