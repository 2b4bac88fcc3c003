/** Several listeners of one topic in one process share what comes on the wire, each from where it is. */
import { expect, test } from 'vitest';

import { PushDialect } from '../../push/dialect.ts';
import { Topic, type TopicOptions } from '../../push/topic.ts';
import { steppedClock } from '../kit/clock.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A line of a server that does what the test says, and who listens to the topic `t`. */
function line() {
  const clock = steppedClock();
  const dialect = new PushDialect(clock, { messages: 10, bytes: 1_000 }, undefined);
  const asked: string[] = [];
  const session = dialect.session({ tell: ({ write = [] }) => void asked.push(...(write as string[])) });
  const { write = [] } = session.received!(JSON.stringify({ id: 'a', now_time: 1, push: 1 })) ?? {};
  asked.push(...(write as string[]));
  return {
    asked,
    listener: async (options: TopicOptions = {}) => {
      const topic = new Topic('t', options, dialect);
      const heard: string[] = [];
      topic.on('message', (data, { replayed }) => heard.push(`${data as string}${replayed ? ', replayed' : ''}`));
      topic.on('gap', ({ reason }) => heard.push(`gap ${reason}`));
      topic.on('caught-up', () => heard.push('caught up'));
      await turn();
      // The next question may be asked.
      clock.advance(100);
      await turn();
      return { topic, heard };
    },
    says: async (...frames: string[]) => {
      for (const frame of frames) session.received!(frame);
      clock.advance(100);
      await turn();
    },
  };
}

test('who comes while another one catches up begins where that one arrives', async () => {
  const { listener, says, asked } = line();
  const first = await listener({ cursor: 'e.1' });
  await says('~o 1 e 1 t', '~1 2 m2');
  const second = await listener();
  await says('~1 3 m3', '~= 1 3', '~1 4 m4');
  expect(first.heard).toEqual(['m2, replayed', 'm3, replayed', 'caught up', 'm4']);
  expect(second.heard).toEqual(['caught up', 'm4']);
  expect(asked).toEqual(['~s [["t","e.1",null]]']);
});

test('who comes later begins now, and nobody is asked', async () => {
  const { listener, says, asked } = line();
  const first = await listener();
  await says('~o 1 e 3 t', '~= 1 3', '~1 4 m4');
  const second = await listener();
  await says('~1 5 m5');
  expect([first.heard, second.heard]).toEqual([
    ['caught up', 'm4', 'm5'],
    ['caught up', 'm5'],
  ]);
  expect(asked).toEqual(['~s [["t",null,null]]']);
});

test('who comes from farther behind makes the line begin there, and nobody hears anything twice', async () => {
  const { listener, says, asked } = line();
  const first = await listener();
  await says('~o 1 e 3 t', '~= 1 3', '~1 4 m4');
  const second = await listener({ cursor: 'e.2' });
  // Still of before.
  await says('~1 5 m5');
  await says('~o 1 e 2 t', '~1 3 m3', '~1 4 m4', '~1 5 m5', '~= 1 5', '~1 6 m6');
  expect(first.heard).toEqual(['caught up', 'm4', 'm5', 'm6']);
  expect(second.heard).toEqual(['m3, replayed', 'm4, replayed', 'm5, replayed', 'caught up', 'm6']);
  expect(asked.at(-1)).toBe('~s [["t","e.2",null]]');
});

test('who comes from another epoch is told of a gap, once, and nobody else is', async () => {
  const { listener, says } = line();
  const first = await listener();
  await says('~o 1 e 3 t', '~= 1 3');
  const second = await listener({ cursor: 'd.7' });
  await says('~o 1 e 3 t', '~= 1 3', '~1 4 m4');
  expect(first.heard).toEqual(['caught up', 'm4']);
  expect(second.heard).toEqual(['gap epoch', 'caught up', 'm4']);
});

test('who is closed hears no more; the last one says so to the server', async () => {
  const { listener, says, asked } = line();
  const first = await listener();
  const second = await listener();
  await says('~o 1 e 3 t', '~= 1 3');
  first.topic.close();
  await says('~1 4 m4');
  second.topic.close();
  await says('~1 5 m5');
  expect([first.heard, second.heard]).toEqual([['caught up'], ['caught up', 'm4']]);
  expect(asked).toEqual(['~s [["t",null,null]]', '~u ["t"]']);
});

test('who has come farther than what is left for another one misses nothing of it', async () => {
  const { listener, says, asked } = line();
  const first = await listener();
  await says('~o 1 e 5 t', '~= 1 5', '~1 6 m6');
  const second = await listener({ cursor: 'e.1' });
  await says('~o 1 e 1 t', '~g 1 e 8 trimmed 7', '~= 1 8', '~1 9 m9');
  expect(asked.at(-1)).toBe('~s [["t","e.6",null]]');
  await says('~o 1 e 6 t', '~1 7 m7', '~1 8 m8', '~1 9 m9', '~= 1 9', '~1 10 m10');
  expect(first.heard).toEqual(['caught up', 'm6', 'm7, replayed', 'm8, replayed', 'm9, replayed', 'caught up', 'm10']);
  expect(second.heard).toEqual(['gap trimmed', 'caught up', 'm9', 'm10']);
});

test('a state of another life of the log is none; where no more can wait for one, the line is asked anew', async () => {
  const { listener, says, asked } = line();
  const states: ((cursor: string) => void)[] = [];
  const { topic, heard } = await listener({ load: () => new Promise((resolve) => states.push(resolve)) });
  topic.on('load-failed', ({ error }) => heard.push(String(error)));
  await says('~o 1 e 3 t', '~= 1 3', ...Array.from({ length: 11 }, (_, i) => `~1 ${i + 4} m${i + 4}`));
  // Nobody hears it: there is no room.
  await says('~g 1 f 0 epoch', '~= 1 0');
  states.shift()!('f.0');
  await says();
  await says();
  expect(asked.at(-1)).toMatch(/^~s \[\["t","e\.3",/);
  await says('~o 1 e 3 t', '~g 1 f 0 epoch', '~= 1 0');
  states.at(-1)!('f.0');
  await says();
  await says('~1 1 m1');
  expect(heard).toEqual(['gap epoch', 'caught up', 'm1']);
});
