/**
 * Client libraries, unchanged, on npm `ws` and on `HeartbeatWebSocket` above it. They are told nothing else, but to be quick where they would wait
 * before they dial again.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket as Ws } from 'ws';

import type { HeartbeatWebSocketOptions } from '../../adapters/drop-in.options.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { untilSo } from '../helpers/support.ts';
import { openApp, type RunningApp } from './app.ts';
import type { Library, StandardClass } from './library.ts';
import { cut, Stage } from './stage.ts';
import { libraries } from './suite/index.ts';

const Bare = Ws as unknown as StandardClass;
const withHeart = (options: HeartbeatWebSocketOptions = {}): StandardClass =>
  HeartbeatWebSocket.with({ retries: 0, heartbeat: { interval: 300, timeout: 300 }, ...options });

/** ms; some count in whole seconds. */
const redial = 50;
const keepAlive = 100;

describe.each(Object.entries(libraries))('%s', (_, library) => {
  test('a server restart', async () => {
    const stage = await setUp(library);
    const seats = await Promise.all([Bare, withHeart()].map((WebSocket) => seatAt(stage, library, { WebSocket })));
    const dials = seats.map(({ cable }) => cable.accepted);
    const haveDialled = () => seats.every(({ cable }, i) => cable.accepted > (dials[i] ?? 0));
    if (library.mustNotBeRefused === true) {
      for (const { cable } of seats) cable.silence();
      await stage.restart();
      for (const { cable } of seats) cable.reset();
      await untilSo(haveDialled);
      for (const { cable } of seats) cable.heal();
    } else {
      await stage.restart(async () => {
        await untilSo(haveDialled);
        await untilSo(() => seats.every(({ cable }) => cable.links.length === 0));
      });
    }
    const { told } = stage;
    await untilSo(() => seats.every(({ app }) => newest(app) > told));
    for (const { app } of seats) expect(app.heard.length).toBeGreaterThan(1);
  });

  test('a silent cut', async () => {
    const stage = await setUp(library);
    const bare = await seatAt(stage, library, { WebSocket: Bare });
    const ours = await seatAt(stage, library, { WebSocket: withHeart() });
    const dials = bare.cable.accepted;

    cut(bare.cable);
    cut(ours.cable);
    const { told } = stage;
    await untilSo(() => newest(ours.app) > told);
    // The same library, cut off from the same server, on a class that has no heart.
    expect(newest(bare.app)).toBeLessThanOrEqual(told);
    expect(bare.cable.accepted).toBe(dials);
  });

  test('on a line that holds both hearts beat, and nobody dials again', async () => {
    const stage = await setUp(library, keepAlive);
    let beats = 0;
    const WebSocket = withHeart({
      heartbeat: { interval: 100, timeout: 20_000 },
      inspect: (told) => {
        if (told.type === '@xstate.event' && told.event.type === 'peer.beat') beats += 1;
      },
    });
    const { app, cable } = await seatAt(stage, library, { WebSocket, keepAlive });
    const dials = cable.accepted;
    stage.hush();
    const { traffic } = app;
    await untilSo(() => beats > 10 && (library.isHeartless === true || app.traffic > traffic + 6));
    expect(cable.accepted).toBe(dials);
  });
});

/** Gone with the test. */
async function setUp(library: Library, beat?: number): Promise<Stage> {
  const stage = await Stage.open(library, beat);
  onTestFinished(() => stage.close());
  return stage;
}

/** An app that has heard something, at the end of a cable of its own. It is gone with the test, before its server is. */
async function seatAt(stage: Stage, library: Library, settings: { WebSocket: StandardClass; keepAlive?: number }) {
  const cable = await stage.cable();
  const app = await openApp(library, { url: `ws://127.0.0.1:${cable.port}`, redial, ...settings });
  onTestFinished(async () => {
    // No library is to wait for the farewell of a server that is out of reach.
    cable.reset();
    await app.end();
  });
  await untilSo(() => app.heard.length > 0);
  return { app, cable };
}

function newest({ heard }: RunningApp): number {
  return heard.at(-1) ?? 0;
}
