/** Whatever a server says, and whatever an app: nothing throws, every answer is sound, and of rubbish not a byte is lost. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { mqtt } from '../../../adapters/protocols/mqtt.ts';
import { nats } from '../../../adapters/protocols/nats.ts';
import { phoenix } from '../../../adapters/protocols/phoenix.ts';
import type { Above, Answer, Frame, Protocol } from '../../../adapters/protocols/protocol.ts';
import { pusher } from '../../../adapters/protocols/pusher.ts';

const connect = Uint8Array.of(0x10, 15, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, 0, 60, 0, 0, 2, 0x6d, 0x65);
const protocols: Record<string, Protocol> = {
  phoenix: phoenix(),
  'phoenix 1.0.0': phoenix({ vsn: '1.0.0' }),
  pusher: pusher(),
  mqtt: mqtt(),
  'mqtt, with a CONNECT': mqtt({ connect }),
  nats: nats(),
};

/** What they are made of, and what has hurt others. */
const words = [
  [
    'PING\r\n',
    'PONG\r\n',
    'pong\n',
    'PO',
    'MSG a 1 6\r\n',
    'MSG a 1 99999999999\r\n',
    'MSG a 1 -1\r\n',
    'HMSG a 1 3 0\r\n',
  ],
  [
    'INFO {"client_id":1e999}\r\n',
    'INFO {"__proto__":{"client_id":1}}\r\n',
    'CONNECT {}\r\n',
    'PUB a 3\r\n',
    '\r\n',
    '\n',
    '\0',
    ' ',
    '"',
  ],
  [
    '\u00d0\0',
    '\u00c0\0',
    '\u00d0',
    '\u0020\u0002\0\0',
    '\u0020\u00ff\u00ff\u00ff\u007f',
    '\u0020\u0009\0\0\u0006\u0012\0\u0001x\u0013\0',
    '\u0030\u0001',
  ],
  [
    '{"event":"pusher:pong"}',
    '{"event":"pusher:ping","data":{}}',
    '{"__proto__":{"event":"pusher:pong"}}',
    '{"event":"pusher:connection_established","data":',
  ],
  [
    '"{\\"socket_id\\":\\"1\\",\\"activity_timeout\\":1e999}"}',
    '{"activity_timeout":-0,"socket_id":{"toString":1}}}',
    '[null,"systole","phoenix","phx_reply",{}]',
  ],
  [
    '{"ref":"systole","topic":"phoenix","event":"phx_reply"}',
    '{"ref":"systole","__proto__":null}',
    '[[[["systole"]]]]',
    '["systole"',
  ],
].flat();
const text = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((all) => all.join('')) },
  fc.string({ unit: 'binary' }),
  fc.nat(20_000).map((depth) => `${'['.repeat(depth)}"systole"${']'.repeat(depth)}`),
  fc.nat(70_000).map((length) => 'P'.repeat(length)),
);
const frame: fc.Arbitrary<Frame> = fc.oneof(
  text,
  text.map((each) => new Uint8Array(Buffer.from(each, 'latin1')).buffer),
  fc.uint8Array().map((bytes) => bytes.slice().buffer),
);
type Step = ['heard' | 'sent', Frame] | ['probe'] | ['pong'];
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: frame.map((each): Step => ['heard', each]) },
  { weight: 3, arbitrary: frame.map((each): Step => ['sent', each]) },
  { weight: 2, arbitrary: fc.constant<Step>(['probe']) },
  fc.constant<Step>(['pong']),
);

function expectSound(answer: Answer | undefined): void {
  if (answer === undefined) return;
  const { named, refused, write = [], swallow = false, deliver } = answer;
  expect(typeof swallow).toBe('boolean');
  for (const each of write) expect(typeof each === 'string' || each instanceof ArrayBuffer).toBe(true);
  expect(deliver === undefined || typeof deliver === 'string' || deliver instanceof ArrayBuffer).toBe(true);
  if (named?.id !== undefined) expect(typeof named.id === 'string' && named.id.length <= 65_536).toBe(true);
  if (named?.interval !== undefined) expect(named.interval > 0 && named.interval <= 86_400_000).toBe(true);
  if (refused !== undefined) expect([typeof refused.reason, typeof refused.fatal]).toEqual(['string', 'boolean']);
}

describe.each(Object.entries(protocols))('%s', (_, protocol) => {
  test.each<Above>(['app', 'library'])('beneath: %s', (above) => {
    const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 16 }), fc.nat(70_000), (steps, code) => {
        const session = protocol.session({ above, tell: expectSound });
        const opening = session.opened?.();
        expectSound(opening);
        if (above === 'library') expect(opening).toEqual({ named: {} });
        for (const [what, each = ''] of steps) {
          if (what === 'heard') expectSound(session.received?.(each));
          else if (what === 'sent') expect(['boolean', 'undefined']).toContain(typeof session.sent?.(each));
          else if (what === 'probe') expectSound(session.probe?.());
          else expectSound(session.ponged?.());
        }
        expect(['boolean', 'undefined']).toContain(typeof session.closed?.(code, '')?.fatal);
      }),
      { numRuns: 1_000 },
    );
    expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(prototype);
  });
});

describe.each([
  ['mqtt', mqtt()],
  ['nats', nats()],
])('%s: of what nobody was asked for, every byte passes', (_, protocol) => {
  test('in order, but for the beginning of a head', () => {
    fc.assert(
      fc.property(fc.array(frame.filter((each) => typeof each !== 'string')), (frames) => {
        const session = protocol.session({ above: 'library', tell: () => expect.unreachable() });
        const passed: Buffer[] = [];
        for (const each of frames) {
          const answer = session.received?.(each);
          if (!answer?.swallow) passed.push(Buffer.from((answer?.deliver as ArrayBuffer | undefined) ?? each));
        }
        const came = Buffer.concat(frames.map((each) => Buffer.from(each)));
        const all = Buffer.concat(passed);
        expect(came.subarray(0, all.length).equals(all)).toBe(true);
        expect(came.length - all.length).toBeLessThanOrEqual(65_536);
      }),
      { numRuns: 1_000 },
    );
  });

  test('also byte by byte, and when it is endless', () => {
    const session = protocol.session({ above: 'library', tell: () => expect.unreachable() });
    // A CONNACK that is longer than any, or an INFO.
    const beginning =
      protocol.name === 'mqtt' ? Uint8Array.of(0x20, 0xff, 0xff, 0xff, 0x7f) : new Uint8Array(Buffer.from('INFO {'));
    let held = 0;
    for (let at = 0; at < 65_536; at += 1) {
      const byte = Uint8Array.of(beginning[at] ?? 0x78);
      if (session.received?.(byte.buffer)?.swallow) held += 1;
    }
    expect(held).toBe(65_536);
    const last = session.received?.(Uint8Array.of(0x78).buffer);
    expect(last?.deliver).toHaveProperty('byteLength', 65_537);
    expect(session.received?.(new ArrayBuffer(2 ** 24))).toBeUndefined();
    expect(session.probe?.()).toBeUndefined();
  });
});
