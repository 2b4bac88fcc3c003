/**
 * A blocked event loop and a stopped process kill no healthy line: timers that fire late are not believed before what lies readable is read.
 *
 * The client runs in a process of its own, and so does the server, which goes on answering meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test, type TestContext } from 'vitest';

import { Child } from '../helpers/children/start.ts';

const heartbeat = { interval: 200, timeout: 800 };
const bound = heartbeat.interval + heartbeat.timeout;
const options = {
  heartbeat,
  connectTimeout: 800,
  idTimeout: 800,
  backoff: { initial: 100, max: 200, spread: 0 },
};

/** Longer than the whole bound, and yet no limit counts as late: only draining helps. */
const short = bound + 100;
/** So long that every limit counts as late, which is more than 1 s over its time. */
const long = 2_500;

/** Where the client stalls. */
type StallPlace = 'alive.quiet' | 'alive.probing' | 'stale' | 'connecting' | 'awaiting-id';

interface Stall {
  state: StallPlace;
  /** Block the event loop, or stop the process. */
  action: 'block' | 'stop';
  ms: number;
}

interface Story {
  server: Child;
  client: Child;
}

/** A server, and a client that is stalled as soon as it comes to the place. @param answerDelay of the first answers to heartbeats, ms */
async function begin({ onTestFinished }: TestContext, stall: Stall, answerDelay: number): Promise<Story> {
  const server = new Child('push-server.mjs');
  onTestFinished(() => server.end());
  const { port } = await server.until('listening');
  // Two answers: that of the heartbeat, and that of the second one which `stale` asks with.
  server.tell('delay', { ms: answerDelay, answers: 2 });
  const byTimer = stall.state === 'alive.probing' || stall.state === 'stale';
  const moments = [{ ...stall, byTimer }];
  const client = new Child('client.mjs', [`ws://127.0.0.1:${String(port)}`, { connect: options, moments }]);
  onTestFinished(() => client.end());
  return { server, client };
}

/** Continues a client that has stopped itself. */
async function seeThrough({ client }: Story, { action, ms }: Stall): Promise<void> {
  const stalled = await client.until(action);
  if (action === 'stop') {
    // What is waited for is time itself: nothing happens in a stopped process.
    await sleep(ms);
    client.signal('SIGCONT');
  }
  const resumed = await client.until('resumed');
  expect(resumed.at - stalled.at).toBeGreaterThan(bound);
}

describe.concurrent('a healthy line outlives', () => {
  const rows: [action: Stall['action'], state: StallPlace, ms: number][] = [
    ['block', 'alive.quiet', short],
    ['block', 'alive.quiet', long],
    ['block', 'alive.probing', short],
    ['block', 'alive.probing', long],
    ['block', 'stale', short],
    ['block', 'stale', long],
    // A dial needs turns of the loop and answers of the server, for which draining leaves no time: only a late limit is granted once more.
    ['block', 'connecting', long],
    ['block', 'awaiting-id', short],
    ['block', 'awaiting-id', long],
    ['stop', 'alive.quiet', short],
    ['stop', 'alive.quiet', long],
    ['stop', 'alive.probing', short],
    ['stop', 'stale', short],
    ['stop', 'stale', long],
  ];

  test.for(rows)('a %s in %s for %i ms', async ([action, state, ms], context) => {
    // The first answer comes too late for `probing`, and while the client is stalled: nothing but the stall can be to blame for a loss.
    const story = await begin(context, { state, action, ms }, heartbeat.timeout / 2 + 100);
    const { client, server } = story;
    await seeThrough(story, { state, action, ms });

    await server.untilMany('heard', 3, ({ text }) => text === 'heartbeat', server.said.length);
    server.tell('push', { text: 'still there?' });
    await client.until('message', ({ text }) => text === 'still there?');
    client.tell('ask');
    const opened = await client.until('open');
    expect(await client.until('answer')).toMatchObject({ state: 'alive', id: opened['id'] });
    for (const never of ['lost', 'retry', 'restored', 'closed']) expect(client.events).not.toContain(never);
    expect(client.events.filter((event) => event === 'dialled')).toHaveLength(1);
    expect(server.events.filter((event) => event === 'connected')).toHaveLength(1);
    expect(server.events).not.toContain('gone');
  });
});

describe.concurrent('a line whose server really dies meanwhile is lost', () => {
  const rows: [action: Stall['action'], state: StallPlace, ms: number][] = [
    ['block', 'alive.quiet', short],
    ['block', 'alive.quiet', long],
    ['block', 'stale', short],
    ['block', 'stale', long],
    ['stop', 'stale', short],
    ['stop', 'stale', long],
  ];

  test.for(rows)('after a %s in %s for %i ms', async ([action, state, ms], context) => {
    // It never comes to answering.
    const story = await begin(context, { state, action, ms }, 3_600_000);
    const { client, server } = story;
    await client.until(action);
    // A stopped server is as silent as one without power: its kernel keeps the connection, and nothing is fired.
    server.signal('SIGSTOP');
    await seeThrough(story, { state, action, ms });

    const lost = await client.until('lost');
    expect(lost).toMatchObject({ cause: 'silent', code: 1006, wasClean: false });
    expect(lost['fired']).not.toContain('close');
    const resumed = await client.until('resumed');
    const waited = lost.at - resumed.at;
    // A busy machine is late at its own pace; how often it is granted, stepped time tells (machine.test.ts).
    const slack = 3_000 + 4 * Math.max(0, Number(lost['lateness']) - (resumed.at - (await client.until(action)).at));
    expect(waited, 'granted once more, not for ever').toBeLessThan(
      (state === 'stale' ? heartbeat.timeout / 2 : bound) + slack,
    );
    const isGrantedMore = state === 'stale' && ms === long;
    expect(waited, 'granted in full').toBeGreaterThan(isGrantedMore ? heartbeat.timeout / 2 - 50 : 0);

    server.signal('SIGCONT');
    const opened = await client.until('open');
    expect(await client.until('restored')).toMatchObject({ previousId: opened['id'] });
  });
});
