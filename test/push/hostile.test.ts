/** Clients of push that mean no good, apps that fail, and servers that go: each ends in a clear outcome, and nobody else notices. */
import { once } from 'node:events';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';

import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';

import { type Log, LogError, memoryLog, publisher, type PushServerOptions } from '../../push/index.server.ts';
import { frame, opcodes, upgraded } from '../helpers/raw-client.ts';
import { uncaughtDuring, untilSo } from '../helpers/support.ts';
import { client, ears, earsOf, line, node, type User } from './parties.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What developers are told. */
function warnings() {
  const told: unknown[][] = [];
  vi.spyOn(console, 'warn').mockImplementation((...words: unknown[]) => void told.push(words));
  return told;
}

/** Somebody else is served. */
async function expectServed(url: string, topic = 'served'): Promise<void> {
  const other = await line(url);
  other.say(`~s [["${topic}"]]`);
  await other.until(/^~= /);
  other.socket.terminate();
  expect(other.heard[0]).toContain('"push":1');
}

const namesUpTo = (count: number) => Array.from({ length: count }, (_, i) => i.toString(36));

describe('who asks too much', () => {
  test.each(['~s [["news"]]', '~u ["news"]', '~s []'])(
    'a flood of %s: closed with 1013, and others are served',
    async (flood) => {
      const { url } = await node();
      const its = await line(url);
      for (let i = 0; i < 100; i += 1) its.say(flood);
      its.say('heartbeat');
      await its.until(/heartbeat/);
      for (let i = 0; i < 50; i += 1) its.say(flood);
      await its.until('(close 1013)');
      await expectServed(url);
    },
  );

  test('a client of ours that subscribes on and on is never sent away for it', async () => {
    const { url, push } = await node({ maxTopics: 1_000 });
    const its = client(url);
    for (let i = 0; i < 500; i += 1) {
      its.topic(`t${i % 50}`).close();
      await turn();
    }
    const { until } = earsOf(its.topic('news'));
    await until('caught up');
    await push.publish('news', 'm');
    expect(await until('m')).toEqual(['caught up', 'm']);
  });

  test('thousands of topics in one frame: as many as it may, and each of the others is refused', async () => {
    const { url } = await node();
    const its = await line(url);
    const names = namesUpTo(3_000);
    its.say(`~s ${JSON.stringify(names.map((name) => [name]))}`.slice(0, 16_379).replace(/,[^,]*$/, ']'));
    its.say('heartbeat');
    await its.until(/heartbeat/);
    await its.until(/^~= /, 100);
    const refused = its.heard.filter((each) => each.endsWith(' too-many'));
    expect(its.heard.filter((each) => each.startsWith('~o ')).length).toBe(100);
    expect(refused.length).toBeGreaterThan(1_500);
    expect(its.socket.readyState).toBe(WebSocket.OPEN);
  });

  test.each([
    ['a frame that subscribes and is too long', `~s ["${'x'.repeat(16_384)}"]`, 1009],
    ['one by one character', `~s ${'['.padEnd(16_381)}]`, 1009],
    ['as long as it may be', `~s ${'['.padEnd(16_380)}]`, undefined],
    ['a frame that is longer than ws takes', 'x'.repeat(65_537), 1009],
    ['no JSON', '~s news', 1008],
    ['no array', '~s {"0":["news"]}', 1008],
    ['nothing', '~s ', 1008],
    ['a name with a space', '~s [["a b"]]', 1008],
    ['a name of 129 characters', `~s [["${'x'.repeat(129)}"]]`, 1008],
    ['a number', '~u [1]', 1008],
    ['no name', '~s [[]]', 1008],
    ['JSON that is too deep', `~s ${'['.repeat(8_000)}${']'.repeat(8_000)}`, 1008],
    ['one good name and a bad one', '~s [["news"],[null]]', 1008],
  ])('%s: answered by its code, and others are served', async (_, text, code) => {
    const { url } = await node();
    const its = await line(url);
    its.say(text);
    if (code === undefined) its.say('heartbeat');
    await its.until(code === undefined ? /heartbeat/ : `(close ${code})`);
    expect(its.heard.some((each) => each.startsWith('~o'))).toBe(false);
    await expectServed(url);
  });

  test('what is pushed waits within bounds for who does not read; who asks on and on, and does not read, is cut off', async () => {
    const log = memoryLog();
    const { push, server, port, url } = await node({ log });
    for (let i = 0; i < 900; i += 1) await push.publish('news', 'x'.repeat(60_000));
    const { epoch } = await log.head('news');
    const socket = await upgraded(port);
    onTestFinished(() => void socket.destroy());
    await untilSo(() => server.clients.size === 1);
    const [its] = server.clients;
    const closed = once(its!, 'close');
    let most = 0;
    const look = setInterval(() => (most = Math.max(most, its!.bufferedAmount)), 1);
    onTestFinished(() => clearInterval(look));
    socket.write(frame(opcodes.text, `~s [["news","${epoch}.0",0]]`));
    await untilSo(() => its!.bufferedAmount > 262_144);
    // As long as it only listens, it may.
    await expectServed(url);
    expect(its!.readyState).toBe(WebSocket.OPEN);
    expect(most).toBeLessThan(262_144 + 70_000);
    const names = JSON.stringify(namesUpTo(2_500).map((name) => [name]));
    for (let i = 0; i < 90; i += 1)
      socket.write(frame(opcodes.text, `~s ${names.slice(0, 16_000).replace(/,[^,]*$/, ']')}`));
    expect((await closed)[0]).toBe(1006);
    expect(most).toBeLessThan(2 * 262_144 + 70_000);
    await expectServed(url);
    expect(push.clients.size).toBeLessThanOrEqual(1);
  });
});

describe('who somebody is', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['false', false],
  ])('%s is nobody: 3000, and no dial follows', async (_, answer) => {
    let dials = 0;
    const { url, push } = await node({
      authenticate() {
        dials += 1;
        return Promise.resolve(answer as never);
      },
    });
    const its = client(url);
    const closed = ears();
    its.connection.on('closed', ({ code, cause }) => closed.say(`${cause} ${code}`));
    earsOf(its.topic('news'));
    await closed.until('fatal 3000');
    expect([dials, push.clients.size]).toEqual([1, 0]);
  });

  test.each([
    ['says yes, and not who it is', () => true as never],
    ['gives a name', () => 'ann' as never],
    [
      'throws',
      () => {
        throw new Error('no database');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no database'))],
  ])('a function that %s: 1011, developers are told, and the client dials again', async (_, answer) => {
    const told = warnings();
    let dials = 0;
    const { url, push } = await node({
      authenticate() {
        dials += 1;
        return dials < 3 ? answer() : { user: 'ann' };
      },
    });
    await (await line(url)).until('(close 1011)');
    const its = client(url);
    const retries = ears();
    its.connection.on('retry', ({ cause }) => retries.say(cause));
    await earsOf(its.topic('news')).until('caught up');
    expect(retries.heard).toEqual(['peer-closed']);
    expect(told.map(([words]) => words)).toEqual(Array(2).fill('systole/push/server: a client is closed with 1011:'));
    expect([...push.clients].map(({ session }) => session)).toEqual([{ user: 'ann' }]);
  });

  test('a function that never answers: 1011 in time, and what the client has said meanwhile is not heard', async () => {
    const told = warnings();
    const received: unknown[] = [];
    const { url, push } = await node({
      authenticate: () => new Promise<never>(() => {}),
      message: (data) => void received.push(data),
    });
    const its = await line(url);
    for (const each of ['hello', '~s [["news"]]', 'heartbeat']) its.say(each);
    await its.until('(close 1011)');
    expect([its.heard, received, push.clients.size]).toEqual([['(close 1011)'], [], 0]);
    expect(String(told[0]?.[1])).toContain('authenticate() has taken longer than');
  });

  test.each(['closes', 'is cut off'])('a client that %s meanwhile is none', async (how) => {
    let answer!: (session: User) => void;
    const asked = ears();
    const { url, push, server } = await node({
      authenticate() {
        asked.say('who');
        return new Promise((resolve) => (answer = resolve));
      },
    });
    const its = await line(url);
    await asked.until('who');
    if (how === 'closes') its.socket.close();
    else its.socket.terminate();
    // It is not noticed before somebody looks.
    answer({ user: 'ann' });
    await untilSo(() => server.clients.size === 0);
    expect(push.clients.size).toBe(0);
  });

  test('what it says before it is known is heard afterwards, in order', async () => {
    let answer!: (session: User) => void;
    const asked = ears();
    const received = ears();
    const { url } = await node({
      authenticate() {
        asked.say('who');
        return new Promise((resolve) => (answer = resolve));
      },
      message: (data) => received.say(data as string),
    });
    const its = await line(url);
    for (const each of ['one', '~~two', '~s [["news"]]', 'three']) its.say(each);
    await asked.until('who');
    answer({});
    expect(await received.until('three')).toEqual(['one', '~two', 'three']);
    await its.until(/^~= /);
  });

  test('a session that is over: 4001, the client comes again with a fresh token, and misses nothing', async () => {
    const seen: string[] = [];
    const { url, push } = await node({
      log: memoryLog({ messages: 100_000 }),
      authenticate({ url: path = '' }) {
        const token = path.slice(1);
        seen.push(token);
        return { user: 'ann', expires: Date.now() + 150 };
      },
    });
    let tokens = 0;
    const its = client(() => `${url}/t${(tokens += 1)}`);
    const lost = ears();
    its.connection.on('lost', ({ code }) => lost.say(String(code)));
    const { heard, until } = earsOf(its.topic('news'));
    await until('caught up');
    let published = 0;
    while (lost.heard.length < 4) {
      published += 1;
      await push.publish('news', `m${published}`);
      await pause(1);
    }
    await until(`m${published}`);
    expect(lost.heard).toEqual(['4001', '4001', '4001', '4001']);
    expect(heard.filter((each) => each !== 'caught up')).toEqual(
      Array.from({ length: published }, (_, i) => `m${i + 1}`),
    );
    expect(seen.slice(0, 4)).toEqual(['t1', 't2', 't3', 't4']);
  });

  test.each([0, -1, Number.NaN, 'never', Number.MIN_SAFE_INTEGER])(
    'a session that expires at %s is over at once',
    async (expires) => {
      const { url } = await node({ authenticate: () => ({ expires: expires as number }) });
      expect(await (await line(url)).until('(close 4001)')).toHaveLength(2);
    },
  );

  test.each([Infinity, undefined, Number.MAX_SAFE_INTEGER])('one that expires at %s is not', async (expires) => {
    const { url } = await node({ authenticate: () => ({ expires: expires as number }) });
    await expectServed(url);
  });
});

describe('what somebody may hear', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('no database');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no database'))],
  ])(
    'a function that %s: 1011, developers are told once, nothing is thrown at the process, and the client comes again',
    async (_, answer) => {
      const told = warnings();
      let asked = 0;
      const { url, push } = await node({
        authorize() {
          asked += 1;
          return asked <= 6 ? answer() : true;
        },
      });
      let heard: string[] = [];
      const uncaught = await uncaughtDuring(async () => {
        const its = client(url);
        const lost = ears();
        its.connection.on('lost', ({ code }) => lost.say(String(code)));
        const topics = ['a', 'b', 'c'].map((name) => earsOf(its.topic(name)));
        for (const { until } of topics) await until('caught up');
        heard = lost.heard;
      });
      expect(uncaught).toEqual([]);
      expect(heard).toEqual(['1011', '1011']);
      expect(told.map(([words]) => words)).toEqual(Array(2).fill('systole/push/server: a client is closed with 1011:'));
      expect(push.clients.size).toBe(1);
    },
  );

  test.each([undefined, null, 0, 1, 'yes', {}, [], { history: 'yes' }, { history: undefined }])(
    '%j is no yes',
    async (answer) => {
      const { url } = await node({ authorize: () => answer as never });
      const its = await line(url);
      its.say('~s [["news"]]');
      expect(await its.until('~x news denied')).toHaveLength(2);
    },
  );

  test('one who leaves while that is found out hears nothing, and leaves nothing', async () => {
    const { log, followed } = counting(memoryLog());
    const answers: ((may: boolean) => void)[] = [];
    const asked = ears();
    const { url, push } = await node({
      log,
      authorize() {
        asked.say('may it');
        return new Promise((resolve) => answers.push(resolve));
      },
    });
    const its = await line(url);
    its.say('~s [["a"],["b"],["c"]]');
    await asked.until('may it', 3);
    its.socket.terminate();
    await untilSo(() => push.clients.size === 0);
    for (const answer of answers) answer(true);
    await turn();
    expect(followed()).toEqual([]);
  });

  test('one who changes its mind meanwhile hears what it asked for at last', async () => {
    const answers: ((may: boolean) => void)[] = [];
    const asked = ears();
    const { url } = await node({
      authorize() {
        asked.say('may it');
        return new Promise((resolve) => answers.push(resolve));
      },
    });
    const its = await line(url);
    for (const each of ['~s [["a"]]', '~u ["a"]', '~s [["a","e.7",1]]']) its.say(each);
    await asked.until('may it', 2);
    for (const answer of answers) answer(true);
    await its.until(/^~= /);
    expect(its.heard.filter((each) => each.startsWith('~')).map((each) => each.split(' ')[0])).toEqual([
      '~o',
      '~g',
      '~=',
    ]);
    expect(its.heard[1]).toContain('e 7 a');
  });

  test('revoked for one user, and not for the other; also while it is found out, or caught up', async () => {
    const answers: ((may: boolean) => void)[] = [];
    const { url, push } = await node({
      authenticate: ({ url: path = '' }) => ({ user: path.slice(1) }),
      authorize: (_, topic) => topic !== 'asked' || new Promise<boolean>((resolve) => answers.push(resolve)),
    });
    const [ann, bob] = [await line(`${url}/ann`), await line(`${url}/bob`)];
    for (const each of [ann, bob]) {
      each.say('~s [["news"],["asked"]]');
      await each.until(/^~= /);
    }
    await untilSo(() => answers.length === 2);
    expect(push.revoke('news', ({ user }) => user === 'ann')).toBe(1);
    expect(push.revoke('asked', ({ user }) => user === 'ann')).toBe(1);
    expect(push.revoke('nothing')).toBe(0);
    for (const answer of answers) answer(true);
    await bob.until(/^~= /, 2);
    await push.publish('news', 'secret');
    await push.publish('asked', 'secret, too');
    await bob.until(/secret, too$/);
    ann.say('heartbeat');
    await ann.until(/heartbeat/);
    expect(ann.heard.filter((each) => each.startsWith('~x'))).toEqual(['~x news revoked', '~x asked revoked']);
    expect(ann.heard.join()).not.toContain('secret');
    expect(() => push.revoke('a b')).toThrow('topic must be 1 to 128 characters');
  });
});

describe('what is published', () => {
  const rows: [what: string, given: unknown[], error: typeof TypeError | typeof RangeError, message: RegExp][] = [
    ['no topic', [undefined, 'x'], TypeError, /^topic must be 1 to 128 characters of A-Z a-z 0-9 _ \. : @ \/ -$/],
    ['an empty topic', ['', 'x'], TypeError, /^topic must be/],
    ['a topic with a space', ['a b', 'x'], TypeError, /^topic must be/],
    ['a topic of 129 characters', ['x'.repeat(129), 'x'], TypeError, /^topic must be/],
    ['a topic that ends a line', ['news\n', 'x'], TypeError, /^topic must be/],
    ['a topic that is no text', [['news'], 'x'], TypeError, /^topic must be/],
    ['no data', ['news'], TypeError, /^data must be a text, an ArrayBuffer, or a view of one$/],
    ['an object', ['news', { a: 1 }], TypeError, /^data must be a text, an ArrayBuffer, or a view of one$/],
    ['a number', ['news', 1], TypeError, /^data must be/],
    ['null', ['news', null], TypeError, /^data must be/],
    [
      'too much text',
      ['news', 'x'.repeat(65_537)],
      RangeError,
      /^data must have at most 65536 bytes, and has 65537: publish where it can be fetched/,
    ],
    ['too much text, in bytes', ['news', 'ü'.repeat(40_000)], RangeError, /and has 80000/],
    ['too many bytes', ['news', new Uint8Array(65_537)], RangeError, /and has 65537/],
    ['an empty id', ['news', 'x', { id: '' }], TypeError, /^id must be a text of 1 to 128 characters$/],
    ['an id of 129 characters', ['news', 'x', { id: 'x'.repeat(129) }], TypeError, /^id must be/],
    ['an id that is no text', ['news', 'x', { id: 7 }], TypeError, /^id must be/],
  ];

  test.each(rows)('%s: the error names what is wrong, and the remedy', async (_, given, Trouble, message) => {
    const { push } = await node();
    const before = await push.position('news');
    const error: unknown = await (push.publish as (...all: unknown[]) => Promise<string>)(...given).catch(
      (why: unknown) => why,
    );
    expect(error).toBeInstanceOf(Trouble);
    expect((error as Error).message).toMatch(message);
    expect(await push.position('news')).toBe(before);
  });

  test('a position of a name that there cannot be', async () => {
    const { push } = await node();
    await expect(push.position('a b')).rejects.toThrow('topic must be');
  });

  test('as much as may be, and of a view what it shows', async () => {
    const { push, url } = await node();
    const { until } = earsOf(client(url).topic('news'));
    await until('caught up');
    await push.publish('news', 'x'.repeat(65_536));
    await push.publish('news', new Uint16Array([1, 2]).subarray(1));
    await push.publish('news', new DataView(new ArrayBuffer(4), 1, 2));
    expect((await until('<0000>')).slice(-2)).toEqual(['<0200>', '<0000>']);
  });

  test('after the end: an error of the log', async () => {
    const { push, close } = await node();
    await close();
    const error: unknown = await push.publish('news', 'x').catch((why: unknown) => why);
    expect(error).toBeInstanceOf(LogError);
    expect((error as LogError).code).toBe('closed');
  });

  test.each([undefined, null, {}, 'log'])('%j is no log', (log) => {
    expect(() => publisher(log as never)).toThrow('log must be a log, such as memoryLog()');
  });
});

test('options that there are not, or that are no numbers, are named', async () => {
  const { server } = await node();
  const { servePush } = await import('../../push/index.server.ts');
  const rows: [options: unknown, message: string][] = [
    [{ maxTopic: 1 }, 'maxTopic is not an option: there are'],
    [{ fields: {} }, 'fields is not an option'],
    [{ maxTopics: 0 }, 'maxTopics must be a whole number from 1'],
    [{ maxMessage: -1 }, 'maxMessage must be a number from 0'],
    [{ maxUnsent: Number.NaN }, 'maxUnsent must be a number from 0'],
    [{ authorize: true }, 'authorize must be a function'],
    [{ authenticate: {} }, 'authenticate must be a function'],
    [{ log: {} }, 'log must be a log, such as memoryLog()'],
  ];
  for (const [options, message] of rows) {
    expect(() => servePush(server, options as PushServerOptions<User>)).toThrow(message);
  }
  expect(server.listenerCount('connection')).toBe(1);
});

describe('one who is there twice', () => {
  test('two clients of one user each hear everything', async () => {
    const { url, push } = await node({ authenticate: () => ({ user: 'ann' }) });
    const both = [client(url), client(url)].map((each) => earsOf(each.topic('news')));
    for (const { until } of both) await until('caught up');
    for (let i = 0; i < 5; i += 1) await push.publish('news', `m${i}`);
    for (const { until } of both) expect(await until('m4')).toEqual(['caught up', 'm0', 'm1', 'm2', 'm3', 'm4']);
    expect(push.revoke('news', ({ user }) => user === 'ann')).toBe(2);
  });

  test('one line that asks for a topic twice in a frame, and once more, hears it once', async () => {
    const { url, push } = await node();
    const first = await push.publish('news', 'm1');
    const its = await line(url);
    its.say(`~s [["news",null,null],["news","${first.replace(/1$/, '0')}",null]]`);
    await its.until(/^~= /);
    its.say('~s [["news"]]');
    await its.until(/^~= /, 2);
    await push.publish('news', 'm2');
    await its.until(/ m2$/);
    its.say('heartbeat');
    await its.until(/heartbeat/);
    const [alias, epoch] = [/^~o (\d+)/.exec(its.heard[1]!)?.[1], first.split('.')[0]];
    expect(its.heard.filter((each) => each.startsWith('~'))).toEqual([
      `~o ${alias} ${epoch} 0 news`,
      `~${alias} 1 m1`,
      `~= ${alias} 1`,
      `~o ${alias} ${epoch} 1 news`,
      `~= ${alias} 1`,
      `~${alias} 2 m2`,
    ]);
    expect(push.revoke('news')).toBe(1);
  });
});

describe('a server that goes', () => {
  test('while clients subscribe and catch up: 1001, and all is heard elsewhere', async () => {
    const log = memoryLog();
    const waits: (() => void)[] = [];
    const asked = ears();
    const first = await node({
      log,
      authorize(_, topic) {
        if (topic !== 'slow') return true;
        asked.say('may it');
        return new Promise((resolve) => waits.push(() => resolve(true)));
      },
    });
    const second = await node({ log });
    for (let i = 1; i <= 500; i += 1) await first.push.publish('news', `m${i}`);
    const start = (await first.push.position('news')).replace(/\d+$/, '0');
    let { url } = first;
    const lost = ears();
    const clients = Array.from({ length: 10 }, () => client(() => url));
    const heard = clients.map((each) => {
      each.connection.on('lost', ({ code }) => lost.say(String(code)));
      return [earsOf(each.topic('news', { cursor: start })), earsOf(each.topic('slow'))] as const;
    });
    await asked.until('may it', 10);
    ({ url } = second);
    await first.close();
    for (const wait of waits) wait();
    for (const [news, slow] of heard) {
      await news.until('caught up');
      await slow.until('caught up');
    }
    await second.push.publish('news', 'last');
    await second.push.publish('slow', 'last');
    for (const [news, slow] of heard) {
      const all = (await news.until('last')).filter((each) => each !== 'caught up');
      expect(all).toEqual([...Array.from({ length: 500 }, (_, i) => `m${i + 1}`), 'last']);
      expect((await slow.until('last')).at(-1)).toBe('last');
    }
    expect(lost.heard).toEqual(Array(10).fill('1001'));
    expect(first.push.clients.size).toBe(0);
  });

  test('rolling restarts of two, while messages are published: nobody misses anything, or hears it twice', async () => {
    const log = memoryLog({ messages: 100_000 });
    const nodes = [await node({ log }), await node({ log })];
    let dials = 0;
    const clients = Array.from({ length: 8 }, () => client(() => nodes[(dials += 1) % 2]!.url));
    const all = clients.map((each) => earsOf(each.topic('news')));
    for (const { until } of all) await until('caught up');
    const out = publisher(log);
    let published = 0;
    const over = new AbortController();
    const publishing = (async () => {
      while (!over.signal.aborted) {
        published += 1;
        await out.publish('news', `m${published}`);
        await pause(1);
      }
    })();
    for (let i = 0; i < 8; i += 1) {
      const { port, close } = nodes[i % 2]!;
      const before = all.map(({ heard }) => heard.length);
      await close();
      nodes[i % 2] = await node({ log }, port);
      await untilSo(() => nodes[0]!.push.clients.size + nodes[1]!.push.clients.size === clients.length);
      // Everybody has heard more.
      await untilSo(() => all.every(({ heard }, c) => heard.length > before[c]!));
    }
    over.abort();
    await publishing;
    const told = Array.from({ length: published }, (_, i) => `m${i + 1}`);
    for (const { until } of all) {
      const heard = (await until(`m${published}`)).filter((each) => each !== 'caught up');
      expect(heard).toEqual(told);
    }
  });
});

/** A log, and who follows it. */
function counting(log: Log): { log: Log; followed: () => string[] } {
  const topics: string[] = [];
  const follow: Log['follow'] = async (topic, hear) => {
    topics.push(topic);
    const unfollow = await log.follow(topic, hear);
    return () => {
      topics.splice(topics.indexOf(topic), 1);
      unfollow();
    };
  };
  return { log: { ...bound(log), follow }, followed: () => topics };
}

/** Its methods, for themselves. */
function bound(log: Log): Log {
  return {
    append: (...given) => log.append(...given),
    head: (...given) => log.head(...given),
    read: (...given) => log.read(...given),
    follow: (...given) => log.follow(...given),
    onReset: (...given) => log.onReset(...given),
    close: () => log.close(),
  };
}
