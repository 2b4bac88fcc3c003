/** Push in a real page, which is reloaded, left, and comes back, while messages come: each is heard once, in order. */
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { memoryLog, type PushServer } from '../../../push/index.server.ts';
import { PageStage } from '../../line/real-page/stage.ts';
import { node, type User } from '../parties.ts';

let stage: PageStage;

beforeAll(async () => {
  stage = await PageStage.open({ entry: fileURLToPath(new URL('app.ts', import.meta.url)) });
});
afterAll(() => stage.close());

/** A tab, and what its pages have heard, one after the other. */
async function tab() {
  const its = await stage.page('/blank');
  onTestFinished(() => its.close());
  const { page } = its;
  await page.evaluate(() => localStorage.clear());
  const heard = async () => {
    const noted = await page.evaluate(() => localStorage.getItem('heard'));
    return (noted ?? '').split('\n').slice(0, -1);
  };
  /** All that was heard, once something was so many times. Looks from outside, and again where the page has just gone. */
  const until = async (what: string, times = 1) => {
    let all: string[] = [];
    const isSo = async () => {
      all = await heard().catch(() => all);
      return all.filter((each) => each === what).length >= times;
    };
    await expect.poll(isSo, { timeout: 30_000, interval: 10 }).toBe(true);
    return all;
  };
  const go = (path: string) => page.goto(stage.origin + path);
  return { its, page, heard, until, go };
}

const server = () => node({ log: memoryLog({ messages: 100_000 }) });

/** Publishes numbered messages until it is told to end. */
function burst(push: PushServer<User>, told: string[] = []) {
  const over = new AbortController();
  const done = (async () => {
    while (!over.signal.aborted) {
      told.push(`m${told.length + 1}`);
      await push.publish('news', told.at(-1)!);
      await pause(2);
    }
  })();
  onTestFinished(() => over.abort());
  return {
    told,
    end: () => {
      over.abort();
      return done;
    },
  };
}

const messagesIn = (heard: readonly string[]) => heard.filter((what) => /^m\d+$/.test(what));
const others = (heard: readonly string[]) => heard.filter((what) => !/^m\d+$/.test(what));
const upTo = (last: number) => Array.from({ length: last }, (_, i) => `m${i + 1}`);

test('reloaded in the middle of a burst, again and again: each message is heard once, in order', async () => {
  const { push, port } = await server();
  const { page, heard, until, go } = await tab();
  await go(`/hear/${port}/news`);
  await until('caught up');
  const { told, end } = burst(push);
  for (let i = 1; i <= 12; i += 1) {
    // Sometimes before it has begun.
    if (i % 3 > 0) await until(`m${told.length + 5}`);
    await page.reload();
  }
  await end();
  await push.publish('news', 'end');
  await until('end');
  expect(messagesIn(await heard())).toEqual(told);
  expect(new Set(others(await heard()))).toEqual(new Set(['caught up', 'end']));
  expect(others(await heard()).length, 'lives that were lived').toBeGreaterThan(5);
});

test('left for another page of the site, and gone to anew: it goes on from its cursor', async () => {
  const { push, port } = await server();
  const { heard, until, go } = await tab();
  for (let i = 1; i <= 4; i += 1) {
    await go(`/hear/${port}/news`);
    await until('caught up', i);
    await push.publish('news', `m${2 * i - 1}`);
    await until(`m${2 * i - 1}`);
    await go('/elsewhere');
    await push.publish('news', `m${2 * i}`);
  }
  await go(`/hear/${port}/news`);
  await until('caught up', 5);
  expect(messagesIn(await heard())).toEqual(upTo(8));
});

test('the back/forward cache: what was pushed meanwhile is heard when it comes back, again and again', async () => {
  const { push, port } = await server();
  const { its, heard, until, go } = await tab();
  await go(`/hear/${port}/news`);
  await until('caught up');
  const told: string[] = [];
  for (let i = 1; i <= 3; i += 1) {
    const { end } = burst(push, told);
    await until(`m${told.length + 5}`);
    await its.leave();
    await pause(20);
    await end();
    await push.publish('news', `end ${i}`);
    expect(await heard()).not.toContain(`end ${i}`);
    expect(await its.back()).toEqual({ persisted: true });
    expect(messagesIn(await until(`end ${i}`))).toEqual(told);
  }
  expect(new Set(others(await heard()))).toEqual(new Set(['caught up', 'end 1', 'end 2', 'end 3']));
});

describe('a store that is no good', () => {
  test('full before it began: told once, and it goes on from memory, over every loss', async () => {
    const { push, port } = await server();
    const { page, heard, until } = await tab();
    await page.evaluate((to) => {
      window.push.fillStorage();
      window.push.hear(`ws://127.0.0.1:${to}`, 'news');
    }, port);
    await until('caught up');
    const { told, end } = burst(push);
    for (let i = 1; i <= 5; i += 1) {
      for (const client of push.clients) client.close(1001);
      await until('caught up', i + 1);
    }
    await end();
    await push.publish('news', 'end');
    await until('end');
    expect(messagesIn(await heard())).toEqual(told);
    expect(await page.evaluate(() => window.push.warnings)).toEqual([expect.stringContaining('store has failed')]);
    expect(await page.evaluate(() => sessionStorage.getItem('systole:news'))).toBeNull();
  });

  test('full since then: the next page hears again what the store does not know of, and misses nothing', async () => {
    const { push, port } = await server();
    const { page, heard, until, go } = await tab();
    await go(`/hear/${port}/news`);
    await until('caught up');
    for (const each of upTo(9)) await push.publish('news', each);
    await until('m9');
    await page.evaluate(() => window.push.fillStorage());
    // Their numbers are one letter longer.
    for (const each of ['m10', 'm11', 'm12']) await push.publish('news', each);
    await until('m12');
    expect(await page.evaluate(() => sessionStorage.getItem('systole:news'))).toMatch(/\.9 /);
    await page.reload();
    await until('caught up', 2);
    await push.publish('news', 'm13');
    await until('m13');
    expect(messagesIn(await heard())).toEqual([...upTo(12), 'm10', 'm11', 'm12', 'm13']);
    expect(others(await heard())).toEqual(['caught up', 'caught up']);
  });

  test.each<[what: string, stored: string, told: string[]]>([
    ['nothing', '', []],
    ['a word', 'rubbish', []],
    ['JSON', '{"epoch":"e","at":5}', []],
    ['a cursor without an epoch', '.5 1', []],
    ['a number below 0', 'e.-1 1', []],
    ['a number that nobody can count to', 'e.9007199254740992 1', []],
    ['a long text', `${'x'.repeat(100_000)}.1 1`, []],
    ['a name of a prototype', '__proto__', []],
    ['the cursor of another log', 'e.5 1700000000000', ['gap epoch']],
    ['one without its time', 'e.5', ['gap epoch']],
    ['one whose time is none', 'e.5 yesterday', ['gap epoch']],
    ['one of the far future', 'e.5 99999999999999999999', ['gap epoch']],
  ])('under our key is %s: it begins from now, and goes on', async (_, stored, told) => {
    const { push, port } = await server();
    await push.publish('news', 'before');
    const { page, heard, until, go } = await tab();
    await page.evaluate((value) => sessionStorage.setItem('systole:news', value), stored);
    await go(`/hear/${port}/news`);
    await until('caught up');
    await push.publish('news', 'm1');
    await until('m1');
    await page.reload();
    await until('caught up', 2);
    await push.publish('news', 'm2');
    await until('m2');
    expect(await heard()).toEqual([...told, 'caught up', 'm1', 'caught up', 'm2']);
    expect(await page.evaluate(() => window.push.warnings)).toEqual([]);
  });
});
