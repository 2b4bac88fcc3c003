/**
 * Whatever a client of push says is harmless, to everybody else and to what it may not hear. A failure is shrunk, and tells the seed to see it again.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { longestRequest } from '../../push/frames.ts';
import { Hub, memoryLog, type Outlet, servePush } from '../../push/index.server.ts';
import { steppedClock } from '../kit/clock.ts';
import { asked, mutated, number, payload, topicName, value } from './frames.ts';

/** What may be heard. Of `constructor`, only what comes. */
const authorize = (_: unknown, topic: string) =>
  topic === 'constructor' ? { history: false } : [...asked, 'crowd'].includes(topic.replace(/\d+$/, ''));
const secret = 'nobody may hear this';
const topics = [...asked, 'secret'];

// What a client says. EPOCH stands for the log's own.

const epoch = fc.constantFrom('EPOCH', 'EPOCH', 'e', '__proto__', '', 'x'.repeat(60));
const cursor = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 5, arbitrary: fc.tuple(epoch, number).map(([e, n]) => `${e}.${n}`) },
  { weight: 1, arbitrary: value },
);
const away = fc.oneof(fc.constantFrom(null, 0, 1, -1, 1e3, 2 ** 40, 2 ** 41, 1e308, '5', [], {}), value);
const wish = fc
  .tuple(topicName, cursor, away, value)
  .chain((all) => fc.constantFrom(1, 2, 3, 3, 3, 4).map((n) => all.slice(0, n)));
const properName = fc.constantFrom(...topics);
const properWish = fc.tuple(properName, cursor, away);
const json = (each: fc.Arbitrary<unknown>) => fc.array(each, { maxLength: 4 }).map((all) => JSON.stringify(all));
const request = fc.oneof(
  { weight: 6, arbitrary: json(properWish).map((all) => `~s ${all}`) },
  { weight: 3, arbitrary: json(properName).map((all) => `~u ${all}`) },
  { weight: 1, arbitrary: json(wish).map((all) => `~s ${all}`) },
);
const crowd = fc.tuple(fc.constantFrom('s', 'u'), fc.nat(1_700)).map(([kind, count]) => {
  const names = Array.from({ length: count }, (_, i) => `crowd${i}`);
  return `~${kind} ${JSON.stringify(kind === 'u' ? names : names.map((name) => [name]))}`;
});
const fromClient: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: request },
  { weight: 2, arbitrary: mutated(request) },
  { weight: 2, arbitrary: crowd },
  { weight: 1, arbitrary: value.map((each) => `~s ${JSON.stringify(each)}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('~', '~z', '~o 1 e 5 secret', '~1 5 m', '~S []', '~s', '~s\t[]', '~x secret denied'),
  },
  { weight: 1, arbitrary: fc.nat(8_000).map((depth) => `~s ${'['.repeat(depth)}${']'.repeat(depth)}`) },
  { weight: 1, arbitrary: payload.map((text) => `~${text}`) },
);

type ClientStep = { say: string; times: number } | { do: 'publish' | 'read' | 'wait' };
const clientStep: fc.Arbitrary<ClientStep> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc
      .tuple(fromClient, fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 1, 2, 30))
      .map(([say, times]) => ({ say, times })),
  },
  { weight: 4, arbitrary: fc.constantFrom('publish', 'publish', 'read', 'wait').map((each) => ({ do: each })) },
);

/** Written apart from the code under test, by the grammar of docs/PROTOCOL.md. */
const frames = {
  opened: /^~o ([1-9]\d*) [A-Za-z0-9_-]{1,40} (?:0|[1-9]\d*) ([A-Za-z0-9_.:@/-]{1,128})$/,
  message: /^~([1-9]\d*) (?:0|[1-9]\d*) [^]*$/,
  ofAlias:
    /^~(?:b|=|g) ([1-9]\d*) (?:[A-Za-z0-9_-]{1,40} )?(?:0|[1-9]\d*)(?: (?:trimmed|epoch|ahead|denied)(?: \d+)?)?$/,
  refused: /^~x ([A-Za-z0-9_.:@/-]{1,128}) (denied|too-many)$/,
};

/** The code with which a frame is answered, of which so many came before. */
function codeFor(text: string, before: number): number | undefined {
  if (!/^~[su] /.test(text)) return undefined;
  if (text.length > longestRequest) return 1009;
  if (before >= 100) return 1013;
  try {
    const all = JSON.parse(text.slice(3)) as unknown[];
    const names = all.map((each) => (Array.isArray(each) ? (each[0] as unknown) : each));
    return Array.isArray(all) && names.every((name) => typeof name === 'string' && /^[\w.:@/-]{1,128}$/.test(name))
      ? undefined
      : 1008;
  } catch {
    return 1008;
  }
}

/** A line that reads when it is told to. */
class Line implements Outlet {
  bufferedAmount = 0;
  waiting = 0;
  readonly sent: string[] = [];
  readonly ends: (number | 'cut off')[] = [];
  #left: (() => void)[] = [];

  send(frame: Uint8Array, isBinary: boolean, left?: () => void): void {
    if (this.ends.length > 0) expect.fail('something is said behind the end');
    this.bufferedAmount += frame.length;
    this.waiting += 1;
    if (left) this.#left.push(left);
    if (!isBinary) this.sent.push(new TextDecoder().decode(frame));
  }

  close(code: number): void {
    this.ends.push(code);
  }

  terminate(): void {
    this.ends.push('cut off');
  }

  read(): void {
    this.bufferedAmount = 0;
    this.waiting = 0;
    for (const left of this.#left.splice(0)) left();
  }
}

test('whatever a client says: it hears what it may, is answered by the codes that are told, and little waits for it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(clientStep, { maxLength: 30 }), async (steps) => {
      const clock = steppedClock();
      const log = memoryLog({ messages: 5 });
      const hub = new Hub({ log, authorize, clock, unsent: 2_000 });
      const line = new Line();
      const guest = hub.join(line, {});
      for (const topic of topics) await log.append(topic, topic === 'secret' ? secret : 'm0');
      const { epoch: its } = await log.head('news');
      let said = 0;
      let code: number | undefined;
      for (const step of steps) {
        if ('say' in step) {
          const text = step.say.replaceAll('EPOCH', its);
          for (let i = 0; i < step.times; i += 1) {
            code ??= codeFor(text, said);
            if (/^~[su] /.test(text)) said += 1;
            guest.received(text);
          }
        } else if (step.do === 'publish') {
          for (const topic of topics) await log.append(topic, topic === 'secret' ? secret : 'x'.repeat(300));
        } else if (step.do === 'read') line.read();
        else clock.advance(0);
        await turn();
        expect(line.bufferedAmount).toBeLessThan(2_000 + 262_144 + 1_000);
        expect(line.waiting).toBeLessThan(4_096 + 2);
        expectAllowed(line.sent);
        // Who lets too many words wait is cut off, whatever else it says.
        if (line.ends[0] === 'cut off') break;
        expect(line.ends[0]).toBe(code);
        if (code !== undefined) break;
      }
      guest.left();
      hub.close();
      expect(clock.pending).toEqual([]);
    }),
    { numRuns: 600 },
  );
});

function expectAllowed(sent: readonly string[]): void {
  const heard = new Map<string, string>();
  for (const frame of sent) {
    expect(frame).not.toContain(secret);
    const [, alias, topic] = frames.opened.exec(frame) ?? [];
    const [, of] = frames.message.exec(frame) ?? frames.ofAlias.exec(frame) ?? [];
    const refused = frames.refused.exec(frame);
    if (alias !== undefined) {
      expect(authorize({}, topic!)).not.toBe(false);
      heard.set(alias, topic!);
    } else if (of === undefined) expect(refused, `out of its form: ${frame}`).not.toBeNull();
    else expect([...heard.keys()]).toContain(of);
    if (refused?.[2] === 'denied') expect(authorize({}, refused[1]!)).toBe(false);
  }
}

// And over a socket.

type WireStep = { text: string } | { bytes: Uint8Array } | { do: 'ping' | 'heartbeat' | 'close' };
const wireStep: fc.Arbitrary<WireStep> = fc.oneof(
  { weight: 8, arbitrary: fromClient.map((text) => ({ text })) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ bytes })) },
  { weight: 1, arbitrary: fc.constantFrom('~s []', 'x').map((text) => ({ text: text.padEnd(70_000) })) },
  { weight: 1, arbitrary: fc.constantFrom('ping', 'heartbeat', 'close').map((each) => ({ do: each })) },
);

test('over a socket: every line ends by a code that is told, and others are served meanwhile', async () => {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 65_536 });
  await once(sockets, 'listening');
  const received: unknown[] = [];
  const push = servePush(sockets, { authorize, message: (data) => received.push(data) });
  onTestFinished(async () => {
    await push.close();
    sockets.close();
  });
  const url = `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`;
  const other = await dialled(url);
  other.socket.send('~s [["news"]]');
  await other.until((text) => text.startsWith('~='));
  let published = 0;

  await fc.assert(
    fc.asyncProperty(fc.array(wireStep, { maxLength: 12 }), async (steps) => {
      const { socket, heard, until } = await dialled(url);
      const closed = once(socket, 'close');
      for (const step of steps) {
        if ('text' in step) socket.send(step.text);
        else if ('bytes' in step) socket.send(step.bytes);
        else if (step.do === 'ping') socket.ping();
        else if (step.do === 'heartbeat') socket.send('heartbeat');
        else socket.close(1000);
      }
      published += 1;
      await push.publish('secret', secret);
      await push.publish('news', `m${published}`);
      await other.until((text) => text.endsWith(` m${published}`));
      if (socket.readyState === WebSocket.OPEN) socket.send('heartbeat');
      const answered = until((text) => text.startsWith('{"heartbeat"')).then(() => socket.close(1000));
      const [code] = (await Promise.race([closed, answered.then(() => closed)])) as [number];
      expect([1000, 1005, 1008, 1009]).toContain(code);
      expectAllowed(heard.filter((text) => text.startsWith('~') && !text.startsWith('~~')));
      expect(heard.join('\n')).not.toContain(secret);
    }),
    { numRuns: 100 },
  );
  await expect.poll(() => push.clients.size).toBe(1);
  for (const each of received) expect(each).not.toBe('heartbeat');
});

/** A line that is welcomed, and what it hears. */
async function dialled(url: string) {
  const socket = new WebSocket(url);
  onTestFinished(() => socket.terminate());
  const heard: string[] = [];
  let wake = () => {};
  socket.on('error', () => {});
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) heard.push(String(data));
    wake();
  });
  const until = async (isIt: (text: string) => boolean) => {
    for (;;) {
      const found = heard.find((text) => isIt(text));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  await until((text) => text.includes('"push":1'));
  return { socket, heard, until };
}
