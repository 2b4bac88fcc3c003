/** What an inspector is told of topics: how far each is, and what a dead line has cost; and of no name more than it may know. */
import { expect, onTestFinished, test } from 'vitest';

import { connect } from '../../adapters/index.ts';
import { PushDialect } from '../../push/dialect.ts';
import { memoryLog } from '../../push/index.server.ts';
import type { Push } from '../../push/index.ts';
import { Topic, type TopicOptions } from '../../push/topic.ts';
import { observe } from '../../visualizer/bridge/observe.ts';
import { topicsTold } from '../../visualizer/bridge/topics.ts';
import { type CountedLine, Traffic } from '../../visualizer/bridge/traffic.ts';
import type { Counted } from '../../visualizer/entry.ts';
import { listen, speakIdHeartbeat, untilSo, untilState } from '../helpers/support.ts';
import { steppedClock } from '../kit/clock.ts';
import { faultProxy } from '../kit/fault-proxy.ts';
import { client, earsOf, node } from '../push/parties.ts';

const heartbeat = { interval: 300, timeout: 200 };
const turn = () => new Promise((resolve) => setImmediate(resolve));

function inspector() {
  const counted: Counted[] = [];
  const inspect = observe((entry) => {
    if (entry.type === 'counted') counted.push(entry);
  });
  onTestFinished(() => inspect.stop());
  return { inspect, counted, topics: () => counted.at(-1)?.topics };
}

async function cable(port: number) {
  const proxy = await faultProxy(port);
  onTestFinished(() => proxy.close());
  return { proxy, url: `ws://127.0.0.1:${proxy.port}` };
}

const lossOf = ({ connection }: Push) => new Promise((resolve) => connection.on('lost', resolve));

test('12 are published while the line is dead: 12 caught up, 0 lost; and the next loss begins anew', async () => {
  const { push, port } = await node();
  const { proxy, url } = await cable(port);
  const { inspect, counted, topics } = inspector();
  const its = client(url, { heartbeat, inspect });
  const { until } = earsOf(its.topic('news'));
  await until('caught up');
  await push.publish('news', 'before');
  await until('before');
  await untilSo(() => topics()?.[0]?.at === 1);
  expect(topics()).toEqual([{ name: 'news', state: 'live', at: 1, caughtUp: 0, lost: 0, gaps: 0 }]);

  let lost = lossOf(its);
  proxy.silence();
  for (let i = 0; i < 12; i += 1) await push.publish('news', `m${i}`);
  await lost;
  await untilSo(() => topics()?.[0]?.state === 'asking');
  proxy.heal();
  await until('caught up', 2);
  await push.publish('news', 'after');
  await until('after');
  await untilSo(() => topics()?.[0]?.at === 14);
  expect(topics()).toEqual([{ name: 'news', state: 'live', at: 14, caughtUp: 12, lost: 0, gaps: 0 }]);
  expect(counted.at(-1)?.received, 'all of them, though none was the connection’s').toEqual({ messages: 14, bytes: 0 });

  lost = lossOf(its);
  proxy.silence();
  await lost;
  await untilSo(() => topics()?.[0]?.caughtUp === 0);
  proxy.heal();
  await until('caught up', 3);
  expect(counted.every(({ heardAt = 0 }) => heardAt <= Date.now())).toBe(true);
});

test('more was missed than was kept: so many are lost, and a gap is counted', async () => {
  const { push, port } = await node({ log: memoryLog({ messages: 2 }) });
  const { proxy, url } = await cable(port);
  const { inspect, topics } = inspector();
  const its = client(url, { heartbeat, inspect });
  const { until } = earsOf(its.topic('news'));
  await until('caught up');
  const lost = lossOf(its);
  proxy.silence();
  for (let i = 0; i < 300; i += 1) await push.publish('news', `m${i}`);
  await lost;
  proxy.heal();
  await until(/^gap trimmed 300/);
  await untilSo(() => topics()?.[0]?.gaps === 1);
  expect(topics()).toMatchObject([{ name: 'news', caughtUp: 0, lost: 300, gaps: 1 }]);
});

/** A topic of a server that does what the test says. */
function told() {
  const clock = steppedClock();
  const dialect = new PushDialect(clock, { messages: 10, bytes: 1_000 }, undefined);
  const dial = () => {
    const session = dialect.session({ tell: () => {} });
    session.received!(JSON.stringify({ id: 'a', now_time: 1, push: 1 }));
    return session;
  };
  return {
    dial,
    topic: async (options: TopicOptions = {}) => {
      const topic = new Topic('t', options, dialect);
      await turn();
      return topic;
    },
    reports: () => topicsTold({ topics: dialect.reports }),
  };
}

test('a gap of which nobody knows how much it is: what is lost is not known, until the line is lost again', async () => {
  const { dial, topic, reports } = told();
  let session = dial();
  await topic({ cursor: 'e.1' });
  expect(reports()).toEqual([{ name: 't', state: 'asking', at: 1, caughtUp: 0, lost: 0, gaps: 0 }]);
  for (const frame of ['~o 1 e 1 t', '~1 2 m', '~g 1 e 9 trimmed 7']) session.received!(frame);
  expect(reports()).toEqual([{ name: 't', state: 'behind', at: 9, caughtUp: 1, lost: 7, gaps: 1 }]);
  for (const frame of ['~g 1 f 2 epoch', '~g 1 f 8 trimmed 6', '~= 1 8']) session.received!(frame);
  expect(reports()).toEqual([{ name: 't', state: 'live', at: 8, caughtUp: 1, lost: null, gaps: 3 }]);
  session.ended!(1);
  session = dial();
  for (const frame of ['~o 1 f 8 t', '~1 9 m', '~1 10 m', '~= 1 10', '~1 11 m']) session.received!(frame);
  expect(reports()).toEqual([{ name: 't', state: 'live', at: 11, caughtUp: 2, lost: 0, gaps: 3 }]);
});

test('what waits for a state counts when it is delivered', async () => {
  const { dial, topic, reports } = told();
  const session = dial();
  const answers: ((answer: unknown) => void)[] = [];
  await topic({ load: () => new Promise((resolve) => answers.push(resolve)) });
  expect(reports()).toEqual([{ name: 't', state: 'asking', at: null, caughtUp: 0, lost: 0, gaps: 0 }]);
  for (const frame of ['~o 1 e 1 t', '~1 2 m', '~1 3 m', '~= 1 3', '~1 4 m']) session.received!(frame);
  expect(reports()).toMatchObject([{ state: 'loading', at: 1, caughtUp: 0 }]);
  answers.shift()!(undefined);
  await turn();
  expect(reports()).toMatchObject([{ state: 'live', at: 4, caughtUp: 2, lost: 0 }]);
  // What waits is missing too, when there is a gap.
  session.received!('~g 1 e 9 trimmed 5');
  for (const frame of ['~1 10 m', '~g 1 e 20 trimmed 10']) session.received!(frame);
  expect(reports()).toMatchObject([{ state: 'loading', at: 20, caughtUp: 2, lost: 16, gaps: 2 }]);
});

test('several who hear one topic are one line: the worst of them', async () => {
  const { dial, topic, reports } = told();
  const session = dial();
  await topic({ cursor: 'e.5' });
  for (const frame of ['~o 1 e 5 t', '~1 6 m', '~= 1 6']) session.received!(frame);
  const other = await topic({ cursor: 'e.2' });
  expect(reports()).toEqual([{ name: 't', state: 'asking', at: 2, caughtUp: 1, lost: 0, gaps: 0 }]);
  other.close();
  expect(reports()).toEqual([{ name: 't', state: 'live', at: 6, caughtUp: 1, lost: 0, gaps: 0 }]);
});

test('only plain words are shown of their names, and no more than a hundred of them', () => {
  const report = (name: string) => ({ name, state: 'live', at: 3, caughtUp: 1, lost: 2, gaps: 1 });
  const namesOf = (names: string[]) => topicsTold({ topics: names.map(report) })?.map(({ name }) => name);
  expect(namesOf(['news', 'orders:all', 'a.b/c_d-e', 'orders:42', 'x'.repeat(41), 'mail@home', ':news'])).toEqual([
    'news',
    'orders:all',
    'a.b/c_d-e',
    '… (9 characters)',
    '… (41 characters)',
    '… (9 characters)',
    '… (5 characters)',
  ]);
  // Two that look alike are two.
  expect(namesOf(['user:1', 'user:2'])).toEqual(['… (6 characters)', '… (6 characters)']);
  const many = topicsTold({ topics: Array.from({ length: 120 }, (_, i) => report(`t${i}`)) });
  expect(many).toHaveLength(101);
  expect(many?.at(-1)).toEqual({ name: '… and 20 more', state: 'live', at: null, caughtUp: 1, lost: 2, gaps: 1 });
  expect(topicsTold({ topics: Array.from({ length: 100 }, (_, i) => report(`t${i}`)) })).toHaveLength(100);
});

test.each([
  ['none', undefined],
  ['no list', 'topics'],
  ['an empty one', []],
  ['things that are no topics', [null, 3, 'news', {}, { name: 'news' }, { name: 3, state: 'live' }]],
  ['another state', [{ name: 'news', state: 'gone', at: 3 }]],
])('another copy of systole, with %s: nothing is told of topics', (_, topics) => {
  expect(topicsTold({ topics })).toBeUndefined();
});

test('another copy of systole that throws, or counts otherwise', () => {
  const throwing = {
    get topics(): unknown {
      throw new Error('no');
    },
  };
  expect(topicsTold(throwing)).toBeUndefined();
  expect(
    topicsTold({ topics: [{ name: 'news', state: 'live', at: -1, caughtUp: 'secret', lost: Number.NaN, more: {} }] }),
  ).toEqual([{ name: 'news', state: 'live', at: null, caughtUp: 0, lost: null, gaps: 0 }]);
});

const amount = { messages: 0, bytes: 0 };
const older: CountedLine = {
  events: { of: () => ({ add: () => () => {} }) },
  unconfirmed: amount,
  held: amount,
  handed: amount,
  room: { messages: 1, bytes: Infinity },
};

test('an older line tells neither topics nor when it was heard of', () => {
  const news = new Traffic(older).news(Date.now());
  expect(Object.keys(news ?? {})).toEqual(['sent', 'received', 'held', 'room', 'unconfirmed']);
});

test('when a frame came is told where it is new, and by the clock of who tells it', () => {
  let silent = 40.4;
  let lastHeardAt: number | undefined;
  const line: CountedLine = {
    ...older,
    handed: { ...amount },
    silentFor: () => silent,
    get lastHeardAt() {
      return lastHeardAt;
    },
  };
  const traffic = new Traffic(line);
  // Before anything was heard it is silent for all time.
  expect(traffic.news(10_000)).not.toHaveProperty('heardAt');
  lastHeardAt = 5;
  expect(traffic.news(10_000)).toMatchObject({ heardAt: 9_960 });
  // Nothing came, and the clocks drift.
  silent = 1_000;
  expect(traffic.news(11_000)).toBeUndefined();
  expect(traffic.news(11_200)).toBeUndefined();
  expect(traffic.news(11_249)).toMatchObject({ heardAt: 10_249 });
  silent = 900;
  expect(traffic.news(11_249)).toBeUndefined();
  // With other news it is told as it is.
  line.handed.messages += 1;
  expect(traffic.news(11_249)).toMatchObject({ heardAt: 10_349, sent: { messages: 1 } });
});

test('a connection without topics tells of none, and when it was heard of last', async () => {
  const server = await listen((socket) => speakIdHeartbeat(socket, 'a'));
  const { inspect, counted } = inspector();
  const before = Date.now();
  const connection = connect(server.url, { inspect });
  onTestFinished(() => connection[Symbol.asyncDispose]());
  await untilState(connection, 'alive');
  await untilSo(() => counted.at(-1)?.heardAt);
  expect(counted.at(-1)?.heardAt).toBeGreaterThanOrEqual(before - 1);
  expect(counted.every((each) => !('topics' in each))).toBe(true);
});
