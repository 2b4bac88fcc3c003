/** What holds of every library, wherever it runs. */
import { describe, expect, onTestFinished, test } from 'vitest';

import type { AppSeen, AppSettings } from './app.ts';
import type { Library } from './library.ts';
import { cut, Stage } from './stage.ts';

/** Where apps run. */
export type OpenApp = (name: string, settings: AppSettings) => Promise<DistantApp>;

export interface DistantApp {
  look(): AppSeen | Promise<AppSeen>;
  end(): Promise<void>;
}

/** For a line that is to be found dead soon, and for one that is asked often and never given up. */
const quick = { interval: 300, timeout: 300 };
const eager = { interval: 100, timeout: 20_000 };

/** ms; some libraries count in whole seconds. */
const redial = 50;
const keepAlive = 100;

export function tellStories(libraries: Readonly<Record<string, Library>>, open: OpenApp): void {
  describe.each(Object.entries(libraries))('%s', (name, library) => {
    test('a server restart', async () => {
      const stage = await setUp(library);
      const seats = await Promise.all([
        seatAt(stage, { redial }), // on what it would have used
        seatAt(stage, { redial, heartbeat: quick }),
      ]);
      const dials = seats.map(({ cable }) => cable.accepted);
      const haveDialled = () => seats.every(({ cable }, i) => cable.accepted > (dials[i] ?? 0));
      if (library.mustNotBeRefused === true) {
        for (const { cable } of seats) cable.silence();
        await stage.restart();
        for (const { cable } of seats) cable.reset();
        await until(haveDialled);
        for (const { cable } of seats) cable.heal();
      } else {
        await stage.restart(async () => {
          await until(haveDialled);
          await until(() => seats.every(({ cable }) => cable.links.length === 0));
        });
      }
      const { told } = stage;
      for (const { app } of seats) await until(async () => (await app.look()).newest > told);
      expect(haveDialled()).toBe(true);
    });

    test('a silent cut', async () => {
      const stage = await setUp(library);
      const bare = await seatAt(stage, { redial });
      const ours = await seatAt(stage, { redial, heartbeat: quick });
      const dials = bare.cable.accepted;

      cut(bare.cable);
      cut(ours.cable);
      const { told } = stage;
      await until(async () => (await ours.app.look()).newest > told);
      if (library.isSlower === true) return;
      // The same library, cut off from the same server, on a class that has no heart.
      expect((await bare.app.look()).newest).toBeLessThanOrEqual(told);
      expect(bare.cable.accepted).toBe(dials);
    });

    test('on a line that holds both hearts beat, and nobody dials again', async () => {
      const stage = await setUp(library, keepAlive);
      const { app, cable } = await seatAt(stage, { keepAlive, heartbeat: eager });
      const dials = cable.accepted;
      stage.hush();
      const { traffic } = await app.look();
      await until(async () => {
        const seen = await app.look();
        if (library.isHeartless === true) return seen.beats > 10;
        // Longer than any of them waits for an answer.
        return seen.beats > 30 && seen.traffic > traffic + 6;
      });
      expect(cable.accepted).toBe(dials);
    });

    /** An app that has heard something, at the end of a cable of its own. It is gone with the test, before its server is. */
    async function seatAt(stage: Stage, settings: Omit<AppSettings, 'url'>) {
      const cable = await stage.cable();
      const app = await open(name, { ...settings, url: `ws://127.0.0.1:${cable.port}` });
      onTestFinished(async () => {
        // No library is to wait for the farewell of a server that is out of reach.
        cable.reset();
        await app.end();
      });
      await until(async () => (await app.look()).newest > 0);
      return { app, cable };
    }
  });
}

/** Gone with the test. */
async function setUp(library: Library, beat?: number): Promise<Stage> {
  const stage = await Stage.open(library, beat);
  onTestFinished(() => stage.close());
  return stage;
}

/** As for `untilSo`, and generous: libraries may take their time to begin. */
async function until(isSo: () => unknown): Promise<void> {
  await expect.poll(async () => Boolean(await isSo()), { timeout: 30_000, interval: 5 }).toBe(true);
}
