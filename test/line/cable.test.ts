/**
 * The pulled cable, with real cables: two network namespaces joined by a veth pair, the client in one, the server in the other.
 *
 * Needs Linux, root and iproute2: `sudo npx vitest run test/line/cable.test.ts`. Skipped elsewhere, but never where CI is set.
 */
import { execFileSync } from 'node:child_process';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { Child, endChildren, now, type Said } from '../helpers/children/start.ts';

const heartbeat = { interval: 400, timeout: 400 };
const bound = heartbeat.interval + heartbeat.timeout;
const backoff = { initial: 100, max: 400, factor: 2, spread: 0 };
const options = { heartbeat, backoff, connectTimeout: 300, stableAfter: 50 };

const ends = {
  client: { namespace: `systole-${process.pid}-client`, address: '10.99.0.1' },
  server: { namespace: `systole-${process.pid}-server`, address: '10.99.0.2' },
};
const link = 'cable';

const ip = (...words: string[]) => execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
const within = ({ namespace }: { namespace: string }) => ['ip', 'netns', 'exec', namespace];
const setLink = (end: keyof typeof ends, to: 'up' | 'down') => ip('-n', ends[end].namespace, 'link', 'set', link, to);

/** Why there can be no namespaces here. */
function obstacle(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'this is not root';
  const trial = `systole-${process.pid}-trial`;
  try {
    ip('netns', 'add', trial);
    ip('netns', 'delete', trial);
    return undefined;
  } catch (error) {
    return `\`ip netns add\` fails: ${(error as Error).message}`;
  }
}

const missing = obstacle();
if (missing !== undefined && !process.env['CI']) {
  console.warn(
    `\n*** SKIPPED: the pulled cable needs network namespaces, and ${missing}. To run it, on Linux:\n***   sudo npx vitest run test/line/cable.test.ts\n`,
  );
}

test('where CI runs, namespaces can be made', () => {
  expect(process.env['CI'] && missing).toBeFalsy();
});

describe.skipIf(missing !== undefined)('a pulled cable', () => {
  function removeNamespaces(): void {
    for (const { namespace } of Object.values(ends)) {
      try {
        ip('netns', 'delete', namespace);
      } catch {
        // It is not there.
      }
    }
  }

  beforeAll(() => {
    process.once('exit', removeNamespaces);
    for (const { namespace } of Object.values(ends)) ip('netns', 'add', namespace);
    const { client, server } = ends;
    const pair = ['type', 'veth', 'peer', 'name', link, 'netns', server.namespace];
    ip('link', 'add', link, 'netns', client.namespace, ...pair);
    for (const { namespace, address } of [client, server]) {
      ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', link);
      ip('-n', namespace, 'link', 'set', link, 'up');
    }
  });

  afterAll(async () => {
    await endChildren();
    removeNamespaces();
    process.off('exit', removeNamespaces);
  });

  let server: Child;
  let client: Child;
  let bare: Child;

  beforeEach(async () => {
    for (const end of ['client', 'server'] as const) setLink(end, 'up');
    server = new Child('push-server.mjs', [ends.server.address], { within: within(ends.server) });
    const { port } = await server.until('listening');
    const url = `ws://${ends.server.address}:${String(port)}`;
    bare = new Child('bare-client.mjs', [url], { within: within(ends.client) });
    await bare.until('open');
    client = new Child('client.mjs', [url, { connect: options }], { within: within(ends.client) });
    await client.until('open');
    // Two beats: the line is stable, and its failed attempts are forgotten.
    await server.untilMany('heard', 2, ({ text }) => text === 'heartbeat');
    client.tell('forgetLateness');
  });

  afterEach(endChildren);

  /** Pulls the cable, and waits until the client has given the line up. */
  async function pull(end: keyof typeof ends): Promise<{ lost: Said; from: number }> {
    const from = client.said.length;
    const pulledAt = now();
    setLink(end, 'down');
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
  async function plug(end: keyof typeof ends, from: number): Promise<void> {
    client.tell('send', { text: 'sent while the cable was out' });
    expect(await client.until('sent', undefined, from)).toMatchObject({ accepted: true });
    const pluggedAt = now();
    setLink(end, 'up');
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
});
