/** The log in Redis, with a real one. */
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import { redisLog, type RedisLogOptions } from '../../push/redis.ts';
import { type Engine, startRedis } from '../helpers/engines.ts';
import { untilSo } from '../helpers/support.ts';
import { faultProxy } from '../kit/fault-proxy.ts';
import {
  appendAll,
  describeEngine,
  describeLog,
  expectGap,
  followed,
  type Hands,
  newTopic,
  type OpenOptions,
  resetOf,
  textsOf,
} from './log-contract.ts';

let redis: Engine;
beforeAll(async () => {
  redis = await startRedis({ persistent: true });
});
afterAll(() => redis.stop());

/** A client that is gone with the test. */
async function connected(port = redis.port, options: Parameters<typeof createClient>[0] = {}) {
  const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: 20 }, ...options });
  client.on('error', () => {});
  onTestFinished(() => {
    if (client.isOpen) client.destroy();
  });
  await client.connect();
  return client;
}

let prefixes = 0;

async function open({ port, ...bounds }: OpenOptions = {}, options: Partial<RedisLogOptions> = {}) {
  prefixes += 1;
  const own = Object.keys(bounds).length > 0 ? { prefix: `own-${prefixes}:` } : {};
  const log = redisLog({ client: await connected(port), ...own, ...bounds, ...options });
  onTestFinished(() => log.close());
  return log;
}

async function rig() {
  const engine: Hands = {
    port: redis.port,
    kill: () => redis.kill(),
    empty: () => redis.empty(),
    start: () => redis.start(),
    pause: () => redis.pause(),
    resume: () => redis.resume(),
    wipe: async () => void (await (await connected()).flushAll()),
  };
  return { open, engine };
}

describeLog('Redis', rig);
describeEngine('Redis', rig);

async function redisOf(engine = redis) {
  const client = await connected(engine.port);
  return { client, log: await open({ port: engine.port }) };
}

test('a replica that is promoted is another life, also of what it has never seen', async () => {
  const replica = await startRedis({ replicaOf: redis });
  onTestFinished(() => replica.stop());
  const [master, other] = [await redisOf(), await connected(replica.port)];
  const [topic, quiet] = [newTopic(), newTopic()];
  const positions = await appendAll(master.log, topic, ['1', '2', '3']);
  const quietHead = await master.log.head(quiet);
  await untilReplicated(other, `systole:{${quiet}}`);
  await other.sendCommand(['REPLICAOF', 'NO', 'ONE']);
  // Both write on, as they do where nobody has told the old master.
  await master.log.append(topic, 'only there');
  const promoted = await open({ port: replica.port });
  const head = await promoted.head(topic);
  expect(head.epoch).not.toBe(positions[0]!.epoch);
  for (const position of positions) expectGap(await promoted.read(topic, position, 10), 'epoch', head);
  expect(await promoted.read(quiet, quietHead, 10)).toMatchObject({ gap: 'epoch' });
  await promoted.append(topic, 'a');
  expect(textsOf(await promoted.read(topic, head, 10))).toEqual(['a']);
});

test('what was said with an id in another life is said again in this one', async () => {
  const replica = await startRedis({ replicaOf: redis });
  onTestFinished(() => replica.stop());
  const [{ log }, other] = [await redisOf(), await connected(replica.port)];
  const topic = newTopic();
  await log.append(topic, 'a', { id: '1' });
  await untilReplicated(other, `systole:{${topic}}:id:1`);
  await other.sendCommand(['REPLICAOF', 'NO', 'ONE']);
  const promoted = await open({ port: replica.port });
  const head = await promoted.head(topic);
  await promoted.append(topic, 'a', { id: '1' });
  await promoted.append(topic, 'a', { id: '1' });
  expect(textsOf(await promoted.read(topic, head, 10))).toEqual(['a']);
});

test('every key expires, and whoever asks for a topic keeps its epoch', async () => {
  const { client } = await redisOf();
  const log = await open({ maxAge: 500_000 }, { prefix: 'expires:', idle: 1_000_000 });
  await log.head('only asked for');
  await log.append('written', 'a', { id: '1' });
  const keys = (await client.keys('expires:*')).toSorted();
  expect(keys).toEqual([
    'expires:{only asked for}',
    'expires:{written}',
    'expires:{written}:entries',
    'expires:{written}:id:1',
  ]);
  const times = await Promise.all(keys.map((key) => client.pTTL(key)));
  for (const [i, most] of [1_000_000, 1_000_000, 500_000, 120_000].entries()) {
    expect(times[i]).toBeGreaterThan(most / 2);
    expect(times[i]).toBeLessThanOrEqual(most);
  }
  await client.pExpire('expires:{written}', 400_000);
  await log.head('written');
  expect(await client.pTTL('expires:{written}')).toBeGreaterThan(500_000);
});

test('what is evicted is missed', async () => {
  const { client, log } = await redisOf();
  const topic = newTopic();
  const [first, second] = await appendAll(log, topic, ['1', '2']);
  await client.del(`systole:{${topic}}:entries`);
  expectGap(await log.read(topic, first!, 10), 'trimmed', second!, 1);
  const third = await log.append(topic, '3');
  expect(textsOf(await log.read(topic, second!, 10))).toEqual(['3']);
  await client.del(`systole:{${topic}}`);
  const head = await log.head(topic);
  expect(head.epoch).not.toBe(third.epoch);
  expectGap(await log.read(topic, third, 10), 'epoch', head);
});

test('a script that Redis has forgotten is sent again', async () => {
  const { client, log } = await redisOf();
  const topic = newTopic();
  const position = await log.append(topic, '1');
  await client.scriptFlush();
  await log.append(topic, '2');
  await client.scriptFlush();
  expect(textsOf(await log.read(topic, position, 10))).toEqual(['2']);
});

test.each([
  ['RESP 2', { RESP: 2 as const }],
  ['RESP 3', { RESP: 3 as const }],
  ['no queue while it is away', { disableOfflineQueue: true }],
  ['answers as bytes', { commandOptions: { typeMapping: { 36: Buffer, 58: String } } }],
])('a client with %s', async (_, options) => {
  const client = await connected(redis.port, options);
  const log = redisLog({ client });
  onTestFinished(() => log.close());
  const topic = newTopic();
  const heard = await followed(log, topic);
  const other = await followed(log, newTopic());
  const head = await log.head(topic);
  await log.append(topic, new Uint8Array([0, 255]));
  await log.append(topic, 'ü', { id: '1' });
  await untilSo(() => heard.length === 2);
  expect(await log.read(topic, head, 10)).toEqual({ entries: heard, head: await log.head(topic) });
  expect(heard.map(({ data }) => data)).toEqual([new Uint8Array([0, 255]), 'ü']);
  expect(other).toEqual([]);
});

test('a client that dials no more by itself does not keep the log from hearing', async () => {
  const proxy = await faultProxy(redis.port);
  onTestFinished(() => proxy.close());
  const client = await connected(proxy.port, {
    socket: { port: proxy.port, host: '127.0.0.1', reconnectStrategy: false },
  });
  const log = redisLog({ client });
  onTestFinished(() => log.close());
  const writer = await open();
  const topic = newTopic();
  const heard = await followed(log, topic);
  const reset = resetOf(log);
  proxy.reset();
  await reset;
  await writer.append(topic, 'a');
  await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(1);
});

test('a line that stays silent is replaced, and followers are told', async () => {
  const proxy = await faultProxy(redis.port);
  onTestFinished(() => proxy.close());
  const [writer, log] = [await open(), await open({ port: proxy.port })];
  const topic = newTopic();
  const heard = await followed(log, topic);
  const reset = resetOf(log);
  // The line of the client itself stays well.
  proxy.links.at(-1)?.silence();
  const missed = await writer.append(topic, 'missed');
  await reset;
  await writer.append(topic, 'heard');
  await untilSo(() => heard.length > 0);
  expect(heard).toMatchObject([{ data: 'heard', prev: missed.at }]);
});

test('Redis says no: refused, with its word and nothing else', async () => {
  const { client, log } = await redisOf();
  const topic = newTopic();
  await client.set(`systole:{${topic}}`, 'somebody else');
  const refused = { code: 'refused', id: '1', message: 'Redis has refused: WRONGTYPE' };
  await expect(log.append(topic, 'secret', { id: '1' })).rejects.toMatchObject(refused);
  await expect(log.head(topic)).rejects.toMatchObject({ code: 'refused', id: undefined });
});

test('one that only replicates refuses for now', async () => {
  const replica = await startRedis({ replicaOf: redis });
  onTestFinished(() => replica.stop());
  const log = await open({ port: replica.port });
  await expect(log.append(newTopic(), 'a', { id: '1' })).rejects.toMatchObject({ code: 'unavailable', id: '1' });
});

test('after it is closed, nothing of it is left, and the client is as it was', async () => {
  const client = await connected();
  const name = (await client.clientId()).toString();
  const others = async () => (await client.clientList()).length;
  const before = await others();
  const log = redisLog({ client });
  await followed(log, newTopic());
  expect(await others()).toBe(before + 1);
  await log.close();
  await expect.poll(others, { timeout: 20_000 }).toBe(before);
  expect((await client.clientId()).toString()).toBe(name);
});

test('closed while it dials: nothing is left of it, either', async () => {
  const client = await connected();
  const others = async () => (await client.clientList()).length;
  const before = await others();
  const log = redisLog({ client });
  const following = log.follow(newTopic(), () => {}).catch(() => {});
  await log.close();
  await following;
  await expect.poll(others, { timeout: 20_000 }).toBe(before);
});

test('nothing is sent of what nobody follows any more', async () => {
  const { client, log } = await redisOf();
  const topic = newTopic();
  const listeners = async () => Number((await client.pubSubNumSub([`systole:{${topic}}`]))[`systole:{${topic}}`]);
  const undo = [await log.follow(topic, () => {}), await log.follow(topic, () => {})];
  expect(await listeners()).toBe(1);
  undo[0]?.();
  expect(await listeners()).toBe(1);
  undo[1]?.();
  await expect.poll(listeners, { timeout: 20_000 }).toBe(0);
});

test.each<[Partial<Record<keyof RedisLogOptions, unknown>>, string]>([
  [{ client: undefined }, 'client must be a connected client of npm redis, createClient()'],
  [{ client: {} }, 'client must be a connected client of npm redis, createClient()'],
  [{ prefix: '{a}' }, 'prefix must be a text without braces'],
  [{ messages: -1 }, 'messages must be a whole number from 0'],
  [{ maxAge: Infinity }, 'maxAge must be a number of milliseconds above 0 and at most 2147483647'],
  [{ idle: 0 }, 'idle must be a number of milliseconds above 0 and at most 2147483647'],
  [{ streams: 1 } as object, 'streams is not an option: there are client, prefix, messages, maxAge, idle'],
])('%j is refused', async (options, message) => {
  const client = await connected();
  expect(() => redisLog({ client, ...options } as RedisLogOptions)).toThrow(message);
});

async function untilReplicated(client: Awaited<ReturnType<typeof connected>>, key: string): Promise<void> {
  await expect.poll(() => client.exists(key), { timeout: 20_000, interval: 5 }).toBe(1);
}
