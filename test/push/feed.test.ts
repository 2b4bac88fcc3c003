/** One topic, as a hub holds it, where the log takes its time. */
import { expect, onTestFinished, test } from 'vitest';

import { systemClock } from '../../adapters/clock.ts';
import { Feed } from '../../push/feed.ts';
import { type Log, memoryLog, type Read } from '../../push/index.server.ts';
import { appendAll, textsOf } from './log-contract.ts';

/** A log that does not answer the first who reads until it is let. */
function slowLog(): { log: Log; asked: Promise<void>; answer: () => void } {
  const real = memoryLog();
  let answer = () => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  let wake = () => {};
  const asked = new Promise<void>((resolve) => (wake = resolve));
  const log: Log = {
    append: (...given) => real.append(...given),
    head: (topic) => real.head(topic),
    follow: (...given) => real.follow(...given),
    onReset: (listener) => real.onReset(listener),
    close: () => real.close(),
    async read(...given): Promise<Read> {
      const read = await real.read(...given);
      wake();
      await answered;
      return read;
    },
  };
  return { log, asked, answer };
}

test('who comes while it is read for another one, and is farther behind, is given all that it has missed', async () => {
  const { log, asked, answer } = slowLog();
  const positions = await appendAll(log, 'news', ['1', '2', '3', '4']);
  const feed = new Feed({ log, clock: systemClock, name: 'news', alias: 1, recent: { messages: 256, bytes: 2 ** 20 } });
  onTestFinished(() => feed.close());
  await new Promise<void>((resolve) => feed.whenSettled(resolve));
  const near = feed.read(positions[2]!, undefined);
  await asked;
  const far = feed.read(positions[0]!, undefined);
  answer();
  expect(textsOf(await near)).toEqual(['4']);
  expect(textsOf(await far)).toEqual(['2', '3', '4']);
});
