/** The log in NATS JetStream, with a real one. */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

import type { Log } from '../../push/log.ts';
import { natsLog, type NatsLogOptions } from '../../push/nats.ts';
import type { Position } from '../../push/position.ts';
import { type Engine, startNats } from '../helpers/engines.ts';
import { untilSo } from '../helpers/support.ts';
import {
  appendAll,
  describeEngine,
  describeLog,
  eventually,
  expectGap,
  followed,
  type Hands,
  newTopic,
  type OpenOptions,
  resetOf,
  textsOf,
} from './log-contract.ts';

let nats: Engine;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

/** Gone with the test. */
async function connected(port = nats.port, options: Parameters<typeof connect>[0] = {}) {
  const connection = await connect({
    servers: `127.0.0.1:${port}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 20,
    reconnectJitter: 0,
    ...options,
  });
  onTestFinished(() => connection.close());
  return connection;
}

async function ask(what: string, question: object = {}) {
  const connection = await connected();
  return (await connection.request(`$JS.API.${what}`, JSON.stringify(question))).json<Record<string, unknown>>();
}

let streams = 0;

async function open({ port, ...bounds }: OpenOptions = {}, options: Partial<NatsLogOptions> = {}) {
  streams += 1;
  const own = Object.keys(bounds).length > 0 ? { stream: `own-${streams}` } : {};
  const log = natsLog({ connection: await connected(port), ...own, ...bounds, ...options });
  onTestFinished(() => log.close());
  return log;
}

async function rig() {
  const engine: Hands = {
    port: nats.port,
    kill: () => nats.kill(),
    empty: () => nats.empty(),
    start: () => nats.start(),
    pause: () => nats.pause(),
    resume: () => nats.resume(),
    wipe: async () => void (await ask('STREAM.DELETE.systole')),
  };
  return { open, engine };
}

describeLog('NATS', rig, { cannotCount: true });
describeEngine('NATS', rig);

test('a restart that is trusted loses nothing and begins nothing', async () => {
  const log = await open({}, { trustRestarts: true });
  const topic = newTopic();
  const heard = await followed(log, topic);
  const [first, second] = await appendAll(log, topic, ['1', '2']);
  const reset = resetOf(log);
  await nats.kill();
  await nats.start();
  await reset;
  expect(await eventually(() => log.head(topic))).toEqual(second);
  expect(textsOf(await log.read(topic, first!, 10))).toEqual(['2']);
  const third = await log.append(topic, '3');
  await untilSo(() => heard.length === 3);
  expect(heard.at(-1)).toMatchObject({ ...third, prev: second!.at });
});

test('the first message of a topic joins the head that was asked for', async () => {
  const [log, topic, other] = [await open(), newTopic(), newTopic()];
  const heard = await followed(log, topic);
  const head = await log.head(topic);
  await log.append(other, 'numbers go on');
  const first = await log.append(topic, '1');
  await untilSo(() => heard.length === 1);
  expect(heard[0]).toMatchObject({ ...first, prev: head.at });
});

test('what was known of a stream that was deleted while it was asked, is known of no other', async () => {
  const [topic, other] = [newTopic(), newTopic()];
  const connection = await connected();
  let hold = () => {};
  let goOn = () => {};
  const isHeld = new Promise<void>((resolve) => (hold = resolve));
  const goesOn = new Promise<void>((resolve) => (goOn = resolve));
  /** What the topic's last message is, is asked late. */
  const request: NatsConnection['request'] = async (subject, question, options) => {
    if (String(question).includes(`"last_by_subj":"deleted.log.${topic}"`)) {
      hold();
      await goesOn;
    }
    return connection.request(subject, question, options);
  };
  const slow = Object.assign(Object.create(connection) as NatsConnection, { request });
  const log = natsLog({ connection: slow, stream: 'deleted' });
  onTestFinished(() => log.close());
  await followed(log, topic);
  await appendAll(log, other, ['1', '2', '3']);
  const head = log.head(topic);
  await isHeld;
  await ask('STREAM.DELETE.deleted');
  const { epoch } = await log.append(other, '1');
  goOn();
  await head;
  expect(await log.head(topic)).toEqual({ epoch, at: 1 });
});

test('what was known before everything was lost, is not known afterwards', async () => {
  const [log, topic, other] = [await open(), newTopic(), newTopic()];
  await followed(log, topic);
  await appendAll(log, other, ['1', '2', '3']);
  await log.head(topic);
  const reset = resetOf(log);
  await nats.kill();
  nats.empty();
  await nats.start();
  await reset;
  expect(await log.head(topic)).toMatchObject({ at: 0 });
});

test('whoever only appends says of which life it is, also of a stream that somebody has made anew', async () => {
  const [log, other, topic] = [
    await open({}, { stream: 'made-anew' }),
    await open({}, { stream: 'made-anew' }),
    newTopic(),
  ];
  await appendAll(log, topic, ['1', '2', '3']);
  await ask('STREAM.DELETE.made-anew');
  const { epoch } = await other.append(topic, '1');
  expect(await log.append(topic, '2')).toEqual({ epoch, at: 2 });
  expect(await log.append(topic, '3', { id: '3' })).toEqual({ epoch, at: 3 });
  expect(await log.append(topic, '3', { id: '3' })).toEqual({ epoch, at: 3 });
});

test('a message before which all is gone joins nothing: one may have come and gone, and been missed', async () => {
  const [log, reader] = [
    await open({ maxAge: 200 }, { stream: 'aged' }),
    await open({ maxAge: 200 }, { stream: 'aged' }),
  ];
  const [topic, other] = [newTopic(), newTopic()];
  const heard = await followed(log, topic);
  const head = await log.head(topic);
  const first = await log.append(topic, '1');
  await untilGone(reader, topic, head);
  await log.append(other, 'numbers go on');
  const second = await log.append(topic, '2');
  await untilSo(() => heard.length === 2);
  expect(heard[1]).toMatchObject(second);
  expect(heard[1]!.prev).toBeGreaterThan(first.at);
});

test('a topic of which all is gone: its head is where somebody has just read to the end', async () => {
  const bounds = [{ maxAge: 2_000 }, { stream: 'ended' }] as const;
  const [log, reader] = [await open(...bounds), await open(...bounds)];
  const [topic, other] = [newTopic(), newTopic()];
  await followed(log, topic);
  const first = await log.append(topic, '1');
  const last = await log.append(topic, '2');
  const end = await log.append(other, 'numbers go on');
  await untilGone(reader, topic, first);
  expect(await log.head(topic)).toEqual(end);
  expect(await log.read(topic, last, 10, { away: 1 })).toMatchObject({ entries: [] });
  expect(await log.head(topic)).toEqual(last);
});

test('messages of others that are gone for their age: whoever was not away for so long has no gap', async () => {
  const log = await open({ maxAge: 2_000 });
  const [topic, other] = [newTopic(), newTopic()];
  const position = await log.append(topic, '1');
  const head = await log.append(other, 'numbers go on');
  await untilGone(log, topic, position);
  expect(await log.read(topic, position, 10, { away: 100 })).toEqual({ entries: [], head: position });
  expectGap(await log.read(topic, position, 10, { away: 2_000 }), 'trimmed', head);
  await log.append(topic, '2');
  expect(textsOf(await log.read(topic, position, 10, { away: 100 }))).toEqual(['2']);
});

test('more messages than are kept are missed, however short the time was', async () => {
  const log = await open({ messages: 3 });
  const topic = newTopic();
  const head = await log.head(topic);
  const positions = await appendAll(log, topic, ['1', '2', '3', '4']);
  expectGap(await log.read(topic, head, 10, { away: 0 }), 'trimmed', positions[3]!);
  expect(textsOf(await log.read(topic, positions[0]!, 10, { away: 0 }))).toEqual(['2', '3', '4']);
});

test('another stream of the same name: a number that falls is not taken for one that was missed', async () => {
  const [log, writer] = [await open(), await open()];
  const topic = newTopic();
  const heard = await followed(log, topic);
  await appendAll(writer, topic, ['1', '2', '3']);
  await untilSo(() => heard.length === 3);
  const reset = resetOf(log);
  await ask('STREAM.DELETE.systole');
  // The follower is not asked for anything.
  await writer.append(topic, 'of another life');
  await reset;
  const after = await writer.append(topic, 'heard');
  await untilSo(() => heard.at(-1)?.data === 'heard');
  expect(heard.at(-1)?.epoch).not.toBe(heard[0]?.epoch);
  expect(await log.head(topic)).toEqual({ epoch: heard.at(-1)?.epoch, at: after.at });
  expect(heard.map(({ data }) => data)).not.toContain('of another life');
});

test('a stream with other limits is refused, and named', async () => {
  const topic = newTopic();
  await (await open({}, { stream: 'limited' })).append(topic, 'a');
  const other = await open({}, { stream: 'limited', messages: 10 });
  await expect(other.append(topic, 'b', { id: '1' })).rejects.toMatchObject({
    code: 'refused',
    message:
      'NATS has refused: the stream limited has max_msgs_per_subject 1001, and not 11: give it the same options, or another name',
  });
  await expect(other.follow(topic, () => {})).rejects.toMatchObject({ code: 'refused' });
});

test('subjects that are another stream’s are refused', async () => {
  await ask('STREAM.CREATE.theirs', { name: 'theirs', subjects: ['taken.>'] });
  const log = await open({}, { stream: 'taken' });
  await expect(log.head(newTopic())).rejects.toMatchObject({ code: 'refused' });
});

test('what somebody would take out by hand is not given', async () => {
  const log = await open({}, { stream: 'guarded' });
  const topic = newTopic();
  const position = await log.append(topic, '1');
  await log.append(topic, '2');
  expect(await ask('STREAM.PURGE.guarded')).toHaveProperty('error');
  expect(await ask('STREAM.MSG.DELETE.guarded', { seq: 2 })).toHaveProperty('error');
  expect(textsOf(await log.read(topic, position, 10))).toEqual(['2']);
});

test('reading leaves nothing behind', async () => {
  const log = await open({}, { stream: 'read' });
  const topic = newTopic();
  const head = await log.head(topic);
  await appendAll(log, topic, ['1', '2', '3']);
  for (const limit of [1, 2, 3, 10]) await log.read(topic, head, limit);
  const consumers = async () => (await ask('STREAM.INFO.read')) as { state: { consumer_count: number } };
  await expect.poll(async () => (await consumers()).state.consumer_count, { timeout: 20_000 }).toBe(0);
});

test('what others say where it is heard is not taken for a message', async () => {
  const log = await open();
  const topic = newTopic();
  const heard = await followed(log, topic);
  const connection = await connected();
  connection.publish(`systole.live.${topic}`, 'theirs');
  await connection.flush();
  await log.append(topic, 'ours');
  await untilSo(() => heard.length > 0);
  expect(heard.map(({ data }) => data)).toEqual(['ours']);
});

test('after it is closed, its connection is brought nothing for it', async () => {
  const connection = await connected();
  const [log, writer] = [await open({}, { connection }), await open()];
  const topic = newTopic();
  const heard = await followed(log, topic);
  await log.close();
  const before = connection.stats().inMsgs;
  await writer.append(topic, 'a');
  await connection.flush();
  expect([heard.length, connection.stats().inMsgs]).toEqual([0, before]);
});

test('a message larger than the server takes is refused', async () => {
  const log = await open();
  const large = log.append(newTopic(), 'x'.repeat(2 * 2 ** 20), { id: '1' });
  await expect(large).rejects.toMatchObject({ code: 'refused', id: '1' });
});

test('who may not listen is told so', async () => {
  const engine = await startNats(
    'authorization { users = [{ user: "a", password: "b", permissions: { subscribe: { deny: "systole.live.>" } } }] }',
  );
  onTestFinished(() => engine.stop());
  const connection = await connected(engine.port, { user: 'a', pass: 'b' });
  const log = await open({}, { connection });
  await log.append('t', 'a');
  const refused = { code: 'refused', message: 'NATS has refused: permission violation' };
  await expect(log.follow('t', () => {})).rejects.toMatchObject(refused);
});

test('a connection that was closed cannot be reached', async () => {
  const connection = await connected();
  const log = await open({}, { connection });
  const topic = newTopic();
  await followed(log, topic);
  const position = await log.append(topic, 'a');
  await connection.close();
  const unavailable = { code: 'unavailable' };
  await expect(log.append(topic, 'b', { id: '1' })).rejects.toMatchObject({ ...unavailable, id: '1' });
  await expect(log.head(topic)).rejects.toMatchObject(unavailable);
  await expect(log.read(topic, position, 1)).rejects.toMatchObject(unavailable);
  await expect(log.follow(newTopic(), () => {})).rejects.toMatchObject(unavailable);
  await log.close();
});

test.each<[Partial<Record<keyof NatsLogOptions, unknown>>, string]>([
  [{ connection: undefined }, 'connection must be a connection of @nats-io/transport-node, connect()'],
  [{ connection: {} }, 'connection must be a connection of @nats-io/transport-node, connect()'],
  [{ stream: 'a.b' }, 'stream must be 1 to 32 of A-Z a-z 0-9 _ -'],
  [{ messages: 0 }, 'messages must be a whole number from 1'],
  [{ maxAge: 99 }, 'maxAge must be 100 or more'],
  [{ maxAge: Infinity }, 'maxAge must be a number of milliseconds above 0 and at most 2147483647'],
  [{ replicas: 0 }, 'replicas must be a whole number from 1'],
  [{ trustRestarts: 1 }, 'trustRestarts must be true or false'],
])('%j is refused', async (options, message) => {
  const connection = await connected();
  expect(() => natsLog({ connection, ...options } as NatsLogOptions)).toThrow(message);
});

async function untilGone(log: Log, topic: string, position: Position): Promise<void> {
  const isGone = async () => 'gap' in (await log.read(topic, position, 10));
  await expect.poll(isGone, { timeout: 20_000, interval: 20 }).toBe(true);
}
