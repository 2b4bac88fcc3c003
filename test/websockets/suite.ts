/**
 * What every kind of WebSocket has to be able to carry: the same stories on npm `ws`, on the class built into Node, and in a browser.
 *
 * A story is told by the states it passes. Nothing of Node may be imported here: this file also runs in a page.
 */
import { afterEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest';

import type { ConnectOptions } from '../../adapters/connect.ts';
import type { WebSocketClass } from '../../adapters/web-socket.ts';
import type { CloseInfo, Loss, State } from '../../machines/events.ts';
import { detectionBound } from '../../machines/settings.ts';
import { expectWithin, lateness, Watch, watched } from '../helpers/watched.ts';
import { type Behaviour, Rig } from './rig/rig.ts';

export interface Implementation {
  name: string;
  WebSocket: WebSocketClass;
  /** What this kind tells and others do not. */
  shows: {
    /** The answer to a refused upgrade. */
    upgrades?: true;
    /** Pings and pongs. */
    controlFrames?: true;
  };
  /** True: a dead line can be cut off. False: `close()` goes on waiting for an answer that will not come. */
  terminates: boolean;
  /** False: a socket has ended as soon as its peer has begun to close. Default true: it waits for the line to end. */
  lingers?: boolean;
  /** Hears errors that nobody caught; the answer undoes it. */
  uncaught: (hear: (error: Error) => void) => () => void;
}

/** How `close()` ends in a state, and what brings the connection there. */
interface Goodbye {
  state: State;
  server?: Behaviour;
  silenced?: 'before' | 'then';
  through: State[];
  end: Partial<CloseInfo>;
  after: number;
  told: number[];
}

const heartbeat = { interval: 300, timeout: 300 };
/** For what is not told of death: on a busy machine an answer may be late. */
const patient = { heartbeat: { ...heartbeat, timeout: 4_000 } };
/** Of the promises, ms: beyond the bound, and from the loss to the next dial. What the machine's timers were late by in the same run comes on top. */
const slack = { bound: 100, dial: 50 };
const uncaughtMessage = 'thrown by a listener of the adapter suite';

export function adapterSuite({ name, WebSocket, shows, terminates, lingers = true, uncaught }: Implementation): void {
  const cleanups: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
  });

  async function rigOf(behaviour?: Behaviour): Promise<Rig> {
    const rig = await Rig.make(inject('rigs'), behaviour);
    cleanups.push(() => rig.remove());
    return rig;
  }

  /** A connection with a short heartbeat and short waits, closed when the test ends. */
  function open(url: string, options: ConnectOptions = {}) {
    const watch = watched(WebSocket);
    const watching = new Watch(url, {
      WebSocket: watch.WebSocket,
      heartbeat,
      backoff: { initial: 100, spread: 50 },
      closeTimeout: 500,
      ...options,
    });
    cleanups.push(() => watching.connection[Symbol.asyncDispose]());
    const late = lateness();
    onTestFinished(() => late.stop());
    return { story: watching, connection: watching.connection, ...watch, late };
  }

  describe(`the adapter on ${name}`, () => {
    test('connecting - awaiting-id - alive: messages both ways, of every kind, in order', async () => {
      const rig = await rigOf();
      const { story, connection } = open(rig.url, { ...patient, buffer: { bytes: 2 ** 21 } });
      const large = 'ü'.repeat(2 ** 19);
      await story.next('open');
      expect(connection.id).toBe('client 1');

      for (const data of ['text', '', large, new Uint8Array([98, 105, 110]), new TextEncoder().encode('buffer').buffer])
        expect(connection.send(data)).toBe(true);
      const arrived = await rig.seen('message', 5);
      expect(arrived.map(({ text, binary }) => [text, binary])).toEqual([
        ['text', false],
        ['', false],
        [large, false],
        ['bin', true],
        ['buffer', true],
      ]);

      for (const text of ['text', '', large]) await rig.order({ do: 'push', text });
      await rig.order({ do: 'push', text: 'bin', as: 'binary' });
      await rig.order({ do: 'push', text: '', as: 'binary' });
      await story.next('message', 5);
      const [text, empty, long, binary, nothing] = story.messages;
      expect([text, empty, long]).toEqual(['text', '', large]);
      expect(binary).toBeInstanceOf(ArrayBuffer);
      expect(new TextDecoder().decode(binary as ArrayBuffer)).toBe('bin');
      expect(nothing).toBeInstanceOf(ArrayBuffer);
      expect((nothing as ArrayBuffer).byteLength).toBe(0);
      expect(story.path).toBe('connecting - awaiting-id - alive');
      expect(story.all('open')).toHaveLength(1);
    });

    test('connecting - awaiting-id - alive: what comes in one chunk with the id is delivered after open, in order', async () => {
      const rig = await rigOf({ before: ['early', '{"id":"no time, no name"}'], behind: ['at once', 'and then'] });
      const { story } = open(rig.url);
      await story.next('message', 4);
      expect(story.kinds).toEqual(['open', 'message', 'message', 'message', 'message']);
      expect(story.messages).toEqual(['early', '{"id":"no time, no name"}', 'at once', 'and then']);
    });

    test('awaiting-id - alive: what comes while the id is awaited waits for it', async () => {
      const rig = await rigOf({ naming: 'never' });
      const { story } = open(rig.url);
      await story.until('awaiting-id');
      await rig.seen('opened');
      for (const text of ['one', 'two']) await rig.order({ do: 'push', text });
      await rig.order({ do: 'name' });
      await rig.order({ do: 'push', text: 'three' });
      await story.next('message', 3);
      expect(story.kinds).toEqual(['open', 'message', 'message', 'message']);
      expect(story.messages).toEqual(['one', 'two', 'three']);
    });

    test('alive - stale - reconnecting: a server that falls silent is given up within the bound, without a close event', async ({
      annotate,
    }) => {
      const rig = await rigOf({ heartbeats: 'ignored' });
      const { story, sights, late, mostLive, connection } = open(rig.url);
      const closes: number[] = [];
      connection.on('lost', () => closes.push(sights[0]!.closes.length));
      const lost = await story.next('lost');
      expect(story.path).toBe('connecting - awaiting-id - alive - stale - reconnecting');
      expect(lost.detail).toMatchObject({ cause: 'silent', code: 1006, wasClean: false, nextDialIn: 0 });
      await story.next('restored');
      expect(closes).toEqual([0]);
      const [first, second] = sights;

      const silence = lost.at - first!.heardAt!;
      expectWithin(
        silence,
        detectionBound(heartbeat) - 5,
        detectionBound(heartbeat) + slack.bound + late.worst(),
        'silence',
      );
      expectWithin(second!.dialledAt - lost.at, 0, slack.dial + late.worst(), 'from the loss to the dial');
      const [, reached] = await rig.seen('reached', 2);
      const allowed = slack.dial + late.worst() + (await rig.report()).late;
      expectWithin(reached!.at - lost.at, -1, allowed, 'from the loss to the server');
      await annotate(
        `given up after ${silence} ms of ${detectionBound(heartbeat)}; dialled after ${reached!.at - lost.at} ms`,
      );
      expect(mostLive()).toBe(1);
    });

    test('alive - stale - reconnecting - connecting - alive: a silent line is noticed, and what the old socket does later changes nothing', async ({
      annotate,
    }) => {
      const rig = await rigOf();
      const { story, sights, late, mostLive, connection } = open(rig.url, { connectTimeout: 10_000 });
      const closes: number[] = [];
      connection.on('lost', () => closes.push(sights[0]!.closes.length));
      await rig.seen('heartbeat', 1);
      await rig.order({ do: 'silence' });
      await rig.order({ do: 'push', text: 'a ghost', connection: 1 });
      const lost = await story.next('lost');
      expect(lost.detail).toMatchObject({ cause: 'silent', code: 1006, wasClean: false });
      await story.until('connecting');
      const silence = lost.at - sights[0]!.heardAt!;
      expectWithin(
        silence,
        detectionBound(heartbeat) - 5,
        detectionBound(heartbeat) + slack.bound + late.worst(),
        'silence',
      );
      const [, reached] = await rig.seen('reached', 2);
      const allowed = slack.dial + late.worst() + (await rig.report()).late;
      expectWithin(reached!.at - lost.at, -1, allowed, 'from the loss to the proxy');
      expect(closes).toEqual([0]);
      expect(sights[0]!.socket.readyState).toBe(terminates ? 3 : 2);
      // Nobody listens to it any more.
      const { onopen, onmessage, onclose } = sights[0]!.socket;
      expect([onopen, onmessage, onclose]).toEqual([null, null, null]);
      await annotate(
        `given up after ${silence} ms of ${detectionBound(heartbeat)}; dialled after ${reached!.at - lost.at} ms`,
      );

      await rig.order({ do: 'heal' });
      await story.next('restored');
      await rig.order({ do: 'close', code: 4_002, reason: 'too late', connection: 1 });
      await rig.seen('closed');
      await rig.order({ do: 'push', text: 'to the new socket' });
      await story.next('message');
      // A beat on the new line: whatever the old one had to say has been said.
      const beats = (await rig.report()).seen.filter(({ type }) => type === 'heartbeat').length;
      await rig.seen('heartbeat', beats + 1);
      expect(story.messages).toEqual(['to the new socket']);
      expect(story.kinds).toEqual(['open', 'lost', 'restored', 'message']);
      expect(story.path).toBe(
        'connecting - awaiting-id - alive - stale - reconnecting - connecting - awaiting-id - alive',
      );
      expect(connection.id).toBe('client 2');
      expect(mostLive()).toBe(1);
    });

    test('alive - stale - alive: any message ends the doubt', async () => {
      const rig = await rigOf({ heartbeats: 'ignored' });
      const { story } = open(rig.url, patient);
      await story.until('stale');
      await rig.order({ do: 'push', text: 'still here' });
      await story.next('message');
      expect(story.path).toBe('connecting - awaiting-id - alive - stale - alive');
      // Asked once, and once more in doubt.
      expect((await rig.report()).seen.filter(({ type }) => type === 'heartbeat')).toHaveLength(2);
    });

    test('alive: any message is a sign of life, also where no heartbeat is answered', async () => {
      const rig = await rigOf({ heartbeats: 'ignored', pushEvery: 50 });
      const { story } = open(rig.url, patient);
      await rig.seen('heartbeat', 4);
      expect(story.path).toBe('connecting - awaiting-id - alive');
    });

    test('alive: a ping of the server is a sign of life where it is shown', async () => {
      const rig = await rigOf({ heartbeats: 'ignored' });
      const { story } = open(rig.url, patient);
      await story.until('stale');
      await rig.order({ do: 'ping' });
      await story.next(shows.controlFrames ? 'state' : 'lost', shows.controlFrames ? 5 : 1);
      const path = 'connecting - awaiting-id - alive - stale';
      expect(story.path).toBe(`${path} - ${shows.controlFrames ? 'alive' : 'reconnecting'}`);
    });

    test('alive: pushed to every 100 ms, it still beats once per interval', async () => {
      const rig = await rigOf({ pushEvery: 100 });
      const { story, late } = open(rig.url, patient);
      const { at: begun } = await story.next('open');
      const beats = await rig.seen('heartbeat', 5);
      const allowed = late.worst() + (await rig.report()).late;
      const average = (beats[4]!.at - begun) / 5;
      expectWithin(average, heartbeat.interval - 5, heartbeat.interval + 50 + allowed, 'from beat to beat');
      expect(story.messages.length).toBeGreaterThanOrEqual(5);
      expect(story.path).toBe('connecting - awaiting-id - alive');
    });

    test('alive: a server that cuts off silent clients keeps it', async () => {
      const silence = 2 * detectionBound(heartbeat);
      const rig = await rigOf({ silence, pushEvery: 100 });
      const { story } = open(rig.url, patient);
      await story.next('open');
      const mute = new WebSocket(rig.url);
      mute.onerror = () => {};
      const [cut] = await rig.seen('closed');
      expect(cut!.connection).toBe(2);
      expect(story.path).toBe('connecting - awaiting-id - alive');
      expect(story.all('lost')).toEqual([]);
    });

    test('alive - reconnecting - alive: never two live sockets, however the line is left', async () => {
      const rig = await rigOf();
      const { story, connection, mostLive, sights } = open(rig.url, { stableAfter: 0, backoff: { spread: 0 } });
      await story.next('open');
      connection.reconnect();
      await story.next('restored', 1);
      await rig.order({ do: 'close', code: 1_012, reason: 'restart' });
      await story.next('restored', 2);
      await rig.order({ do: 'terminate' });
      await story.next('restored', 3);
      await rig.order({ do: 'reset' });
      await story.next('restored', 4);
      await rig.order({ do: 'heartbeats', are: 'ignored' });
      await story.next('lost', 5);
      await rig.order({ do: 'heartbeats', are: 'answered' });
      await story.next('restored', 5);
      expect(story.all('lost').map(({ detail }) => [detail.cause, detail.code, detail.wasClean])).toEqual([
        ['user-reconnected', 1_006, false],
        ['peer-closed', 1_012, true],
        ['peer-closed', 1_006, false],
        ['peer-closed', 1_006, false],
        ['silent', 1_006, false],
      ]);
      expect(sights).toHaveLength(6);
      expect(mostLive()).toBe(1);
      // The sockets that were left are gone at the far end as well.
      await rig.seen('closed', 5);
      expect((await rig.report()).open).toBe(1);
    });

    test('connecting - reconnecting - …: a refused dial ends once, and the waits follow the backoff', async () => {
      const rig = await rigOf();
      const { story, sights, late } = open(rig.deadUrl, {
        retries: 3,
        random: () => 0.5,
        backoff: { initial: 80, factor: 2, max: 240 },
      });
      const { detail } = await story.next('closed');
      expect(detail).toMatchObject({ cause: 'retries-exhausted', code: 1_006, wasClean: false });
      const retries = story.all('retry');
      expect(retries.map((retry) => [retry.detail.cause, retry.detail.attempt])).toEqual([
        ['refused', 1],
        ['refused', 2],
        ['refused', 3],
        ['refused', 4],
      ]);
      expect(story.kinds).toEqual(['retry', 'retry', 'retry', 'retry', 'closed']);
      expect(sights).toHaveLength(4);
      expect(retries[3]!.detail.nextDialIn).toBeUndefined();
      for (const [i, wait] of [60, 120, 180].entries()) {
        const { at, detail: told } = retries[i]!;
        const { dialledAt } = sights[i + 1]!;
        expect(told.nextDialIn).toBeLessThanOrEqual(wait);
        expectWithin(dialledAt - at, told.nextDialIn! - 2, wait + slack.dial + late.worst(), `wait ${i}`);
        expect(dialledAt - sights[i]!.dialledAt, 'from dial to dial').toBeGreaterThanOrEqual(wait - 2);
      }
    });

    test('connecting - closed: HTTP 401 is fatal where it is shown', async () => {
      const rig = await rigOf({ refuse: { status: 401 } });
      const losses: Loss[] = [];
      const { story, sights } = open(rig.url, { shouldReconnect: (loss) => void losses.push(loss), retries: 1 });
      const { detail } = await story.next('closed');
      expect(losses[0]?.cause).toBe('refused');
      expect(losses[0]?.status).toBe(shows.upgrades ? 401 : undefined);
      expect(detail.cause).toBe(shows.upgrades ? 'fatal' : 'retries-exhausted');
      expect(story.all('retry').some((retry) => retry.detail.reason === 'HTTP 401')).toBe(shows.upgrades ?? false);
      expect(sights).toHaveLength(shows.upgrades ? 1 : 2);
    });

    test('connecting - reconnecting - connecting: Retry-After is honoured where it is shown', async () => {
      const rig = await rigOf({ refuse: { status: 503, headers: { 'Retry-After': '1' } } });
      const { story, sights } = open(rig.url, { random: () => 0 });
      const { detail, at } = await story.next('retry');
      expect(detail.cause).toBe('refused');
      if (shows.upgrades) expect(detail.nextDialIn).toBe(1_000);
      else expect(detail.nextDialIn).toBeLessThanOrEqual(50);
      await rig.seen('asked', 2);
      expect(sights[1]!.dialledAt - at).toBeGreaterThanOrEqual(detail.nextDialIn! - 2);
    });

    test('alive - reconnecting - …: against a server that accepts and closes, the waits grow', async () => {
      const rig = await rigOf({ closeAtOnce: { code: 1_000, reason: 'no' } });
      const { story, sights, late } = open(rig.url, {
        retries: 3,
        random: () => 0.5,
        backoff: { initial: 80, factor: 2, max: 10_000 },
      });
      const { detail } = await story.next('closed');
      expect(detail).toMatchObject({ cause: 'retries-exhausted', code: 1_000, reason: 'no', wasClean: true });
      const losses = story.all('lost');
      expect(losses.map((lost) => [lost.detail.cause, lost.detail.nextDialIn])).toEqual([
        ['peer-closed', 60],
        ['peer-closed', 120],
        ['peer-closed', 240],
        ['peer-closed', undefined],
      ]);
      expect(story.kinds).toEqual([
        'open',
        'lost',
        'restored',
        'lost',
        'restored',
        'lost',
        'restored',
        'lost',
        'closed',
      ]);
      for (const [i, wait] of [60, 120, 240].entries()) {
        expectWithin(sights[i + 1]!.dialledAt - losses[i]!.at, wait - 2, wait + slack.dial + late.worst(), `wait ${i}`);
      }
    });

    test('alive - reconnecting: attempts are forgotten after stableAfter, and not before', async () => {
      const rig = await rigOf();
      const { story } = open(rig.url, {
        stableAfter: 600,
        random: () => 0.5,
        backoff: { initial: 80, factor: 2, spread: 50 },
      });
      for (const count of [1, 2]) {
        await rig.seen('opened', count);
        await story.until('alive');
        await rig.order({ do: 'close', code: 1_001, reason: '', connection: count });
        await story.next('lost', count);
      }
      const { at } = await story.next('restored', 2);
      const beats = await rig.seen('heartbeat', 3);
      expect(beats[2]!.at - at).toBeGreaterThan(600);
      await rig.order({ do: 'close', code: 1_001, reason: '' });
      await story.next('lost', 3);
      // 80 · 3/4, twice that, and half the spread.
      expect(story.all('lost').map(({ detail }) => detail.nextDialIn)).toEqual([60, 120, 25]);
    });

    test('awaiting-id - reconnecting: a server that never names ends the visit after idTimeout', async () => {
      const rig = await rigOf({ naming: 'never', pushEvery: 50 });
      const { story, late } = open(rig.url, { idTimeout: 300 });
      await story.until('awaiting-id');
      const opened = story.all('state').at(-1)!.at;
      const { detail, at } = await story.next('retry');
      expect(detail).toMatchObject({ cause: 'unnamed', attempt: 1 });
      expectWithin(at - opened, 295, 300 + slack.bound + late.worst(), 'unnamed after');
      expect(story.path).toBe('connecting - awaiting-id - reconnecting');
      expect(story.messages).toEqual([]);
      await rig.seen('closed');
    });

    test('connecting - reconnecting - connecting: a dial that hangs is given up after connectTimeout', async () => {
      const rig = await rigOf();
      await rig.order({ do: 'silence' });
      const { story, sights, late, mostLive } = open(rig.url, { connectTimeout: 300 });
      const { detail, at } = await story.next('retry');
      expect(detail).toMatchObject({ cause: 'dial-timeout', attempt: 1 });
      expectWithin(at - sights[0]!.dialledAt, 295, 300 + slack.bound + late.worst(), 'given up after');
      await rig.order({ do: 'heal' });
      await story.next('open');
      expect(story.kinds.filter((kind) => kind === 'open')).toHaveLength(1);
      expect(mostLive()).toBe(1);
    });

    describe('close()', () => {
      const clean = { code: 1_000, wasClean: true };
      const cutOff = { code: 1_006, wasClean: false };
      const ignored: Behaviour = { heartbeats: 'ignored' };
      /** Through which states it ends, how, after how many ms, and the codes that the server hears. */
      const rows: Goodbye[] = [
        { state: 'connecting', silenced: 'before', through: [], end: cutOff, after: 0, told: [] },
        {
          state: 'awaiting-id',
          server: { naming: 'never' },
          through: ['closing'],
          end: clean,
          after: 0,
          told: [1_000],
        },
        { state: 'alive', through: ['closing'], end: clean, after: 0, told: [1_000] },
        { state: 'stale', server: ignored, through: ['closing'], end: clean, after: 0, told: [1_000] },
        {
          state: 'stale',
          server: ignored,
          silenced: 'then',
          through: ['closing'],
          end: cutOff,
          after: 500,
          told: [1_000],
        },
        { state: 'reconnecting', server: { refuse: { status: 503 } }, through: [], end: cutOff, after: 0, told: [] },
      ];

      test.each(rows)('$state - $through - closed, once; silenced: $silenced', async (row) => {
        const { state, server, silenced, through, end, after, told } = row;
        const rig = await rigOf(server);
        if (silenced === 'before') await rig.order({ do: 'silence' });
        const { story, connection, late } = open(rig.url, {
          ...patient,
          backoff: { initial: 5_000 },
        });
        await story.until(state);
        if (silenced === 'before') await rig.seen('reached');
        if (silenced === 'then') await rig.order({ do: 'silence' });
        expect(() => connection.close(1_001)).toThrow(RangeError);
        expect(connection.state).toBe(state);
        const asked = Date.now();
        connection.close();
        connection.close(4_000, 'once more');
        const { detail, at } = await story.next('closed');
        expect(detail).toMatchObject({ ...end, cause: 'user-closed', undelivered: { messages: 0, bytes: 0 } });
        expectWithin(at - asked, Math.max(0, after - 5), after + slack.bound + late.worst(), 'closed after');
        expect(story.path.endsWith([state, ...through, 'closed'].join(' - '))).toBe(true);
        await rig.order({ do: 'heal' });
        const closed = await rig.seen('closed', told.length);
        expect(closed.slice(0, told.length).map(({ code }) => code)).toEqual(told);

        const warned = vi.spyOn(console, 'warn');
        onTestFinished(() => warned.mockRestore());
        connection.close();
        connection.reconnect();
        expect(connection.send('too late')).toBe(false);
        expect(warned).not.toHaveBeenCalled();
        expect(story.all('closed')).toHaveLength(1);
        expect(story.kinds.at(-1)).toBe('closed');
      });

      test('alive - closing - closed: a message and close() at once deliver it, with code and reason', async () => {
        const rig = await rigOf({ pushEvery: 1 });
        const { story, connection } = open(rig.url);
        await story.next('message', 3);
        const received = story.messages.length;
        connection.send('bye');
        connection.close(4_001, 'why');
        expect(connection.send('after')).toBe(false);
        const [closed] = await rig.seen('closed');
        expect(closed).toMatchObject({ code: 4_001, reason: 'why' });
        const { detail } = await story.next('closed');
        expect(detail).toMatchObject({ code: 4_001, reason: 'why', wasClean: true, cause: 'user-closed' });
        const seen = (await rig.report()).seen.filter(({ type }) => type === 'message' || type === 'closed');
        expect(seen.map((each) => (each.type === 'message' ? each.text : each.type))).toEqual(['bye', 'closed']);
        expect(story.messages).toHaveLength(received);
      });
    });

    describe('send()', () => {
      test('in connecting, awaiting-id and reconnecting: held, and sent once, in order, before open and restored are heard', async () => {
        const rig = await rigOf({ naming: 'never' });
        const { story, connection } = open(rig.url, { backoff: { initial: 200, spread: 200 }, random: () => 0.9 });
        const left: unknown[] = [];
        for (const type of ['open', 'restored'] as const) {
          connection.on(type, () => {
            left.push(...connection.drain());
            connection.send(type);
          });
        }
        const bytes = new TextEncoder().encode('bytes');
        expect(connection.state).toBe('connecting');
        expect([connection.send('one'), connection.send(bytes)]).toEqual([true, true]);
        bytes.fill(0);
        await story.until('awaiting-id');
        expect(connection.send('three')).toBe(true);
        await rig.seen('opened');
        expect((await rig.report()).seen.some(({ type }) => type === 'message')).toBe(false);
        await rig.order({ do: 'name' });
        await rig.seen('message', 4);

        await rig.order({ do: 'close', code: 1_001, reason: '' });
        await story.until('reconnecting');
        expect([connection.send('five'), connection.send('six')]).toEqual([true, true]);
        expect(connection.bufferedAmount).toBe(7);
        await rig.seen('opened', 2);
        await rig.order({ do: 'name' });
        const arrived = await rig.seen('message', 7);
        expect(arrived.map(({ text, connection: to }) => [text, to])).toEqual([
          ['one', 1],
          ['bytes', 1],
          ['three', 1],
          ['open', 1],
          ['five', 2],
          ['six', 2],
          ['restored', 2],
        ]);
        expect(left).toEqual([]);
      });

      test('in stale: handed to the socket, unconfirmed if the line dies, and not sent again', async () => {
        const rig = await rigOf();
        const { story, connection } = open(rig.url);
        await story.next('open');
        connection.send('confirmed by the next beat');
        await rig.seen('heartbeat', 2);
        await rig.order({ do: 'heartbeats', are: 'ignored' });
        await story.until('stale');
        expect(connection.send('in doubt')).toBe(true);
        const { detail } = await story.next('lost');
        expect(detail.unconfirmed).toEqual({ messages: 1, bytes: 8 });
        await rig.order({ do: 'heartbeats', are: 'answered' });
        await story.next('restored');
        connection.send('on the new line');
        const arrived = await rig.seen('message', 3);
        expect(arrived.map(({ text, connection: to }) => [text, to])).toEqual([
          ['confirmed by the next beat', 1],
          ['in doubt', 1],
          ['on the new line', 2],
        ]);
      });

      test('to a peer that has begun to close and never ends: held for the next line', async () => {
        const rig = await rigOf();
        const { story, connection, sights } = open(rig.url, { heartbeat: { interval: 600, timeout: 600 } });
        await story.next('open');
        await rig.order({ do: 'begin-close', code: 1_001 });
        await expect.poll(() => sights[0]!.socket.readyState, { interval: 5 }).not.toBe(1);
        expect(connection.state === 'alive').toBe(lingers);
        expect(connection.send('not into the void')).toBe(true);
        const [message] = await rig.seen('message');
        expect(message).toMatchObject({ text: 'not into the void', connection: 2 });
      });
    });

    test('alive - reconnecting - alive: a server that goes and comes back', async () => {
      const rig = await rigOf();
      const { story } = open(rig.url);
      await story.next('open');
      await rig.order({ do: 'stop' });
      await story.next('retry');
      await rig.order({ do: 'start' });
      const { detail } = await story.next('restored');
      expect(detail).toMatchObject({ id: 'client 2', previousId: 'client 1' });
      expect(
        story.path.startsWith('connecting - awaiting-id - alive - reconnecting - connecting - reconnecting - '),
      ).toBe(true);
      expect(detail.attempts).toBe(1 + story.all('retry').length);
    });

    test('alive - …: bytes that are no frame end the visit once', async () => {
      const rig = await rigOf();
      const { story, sights } = open(rig.url, { stableAfter: 0 });
      await story.next('open');
      await rig.order({ do: 'babble' });
      const { detail } = await story.next('lost');
      await story.next('restored');
      // By its close event; why, the error event before it may have said.
      const [end] = sights[0]!.closes;
      expect(detail).toMatchObject({ cause: 'peer-closed', code: end!.code || 1_006, wasClean: false });
      if (end!.reason !== '') expect(detail.reason).toBe(end!.reason);
      expect(story.kinds).toEqual(['open', 'lost', 'restored']);
    });

    test('a listener that throws stops nothing, and its error surfaces', async () => {
      const rig = await rigOf();
      const { story, connection } = open(rig.url, patient);
      const surfaced: string[] = [];
      onTestFinished(uncaught((error) => surfaced.push(error.message)));
      const fail = () => {
        throw new Error(uncaughtMessage);
      };
      const undo = [connection.on('state', fail), connection.on('message', fail)];
      await story.next('open');
      await rig.order({ do: 'push', text: 'one' });
      await rig.order({ do: 'push', text: 'two' });
      await story.next('message', 2);
      await rig.seen('heartbeat');
      expect(story.path).toBe('connecting - awaiting-id - alive');
      for (const stop of undo) stop();
      await expect.poll(() => surfaced).toEqual(Array.from({ length: 4 }, () => uncaughtMessage));
    });
  });
}
