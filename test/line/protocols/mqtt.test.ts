/** What `mqtt()` makes of what it reads, and of what the app says. Random lives are in streams.test.ts; mqtt.js with a broker in test/libraries. */
import { describe, expect, test } from 'vitest';

import { mqtt, type MqttOptions } from '../../../adapters/protocols/mqtt.ts';
import type { Answer } from '../../../adapters/protocols/protocol.ts';

const of = (...bytes: number[]): ArrayBuffer => Uint8Array.from(bytes).buffer;
const letters = (text: string): number[] => [0, text.length, ...Buffer.from(text)];
const connect = (version: number, clientId: string, ...properties: number[]) => {
  const rest = [...letters('MQTT'), version, 2, 0, 60, ...properties, ...letters(clientId)];
  return Uint8Array.of(0x10, rest.length, ...rest);
};
const connack = (code: number, ...properties: number[]) => of(0x20, 2 + properties.length, 0, code, ...properties);

const its = undefined; // the app's
const ours: Answer = { beat: {}, swallow: true };
const asked: Answer = { write: [of(0xc0, 0)] };

/** A session that may ask. */
function accepted() {
  const session = mqtt().session({ above: 'library', tell: () => expect.unreachable() });
  session.sent?.(connect(4, 'me'));
  expect(session.received?.(connack(0))).toBe(its);
  return session;
}

describe('when it asks', () => {
  test('not before the broker has acknowledged the CONNECT, all of it', () => {
    const session = mqtt().session();
    expect(session.opened?.('mqtt')).toEqual({ named: {} });
    expect(session.probe?.()).toBeUndefined();
    expect(session.sent?.(connect(4, 'me'))).toBe(false);
    expect(session.probe?.()).toBeUndefined();
    expect(session.received?.(of(0x20))).toEqual({ swallow: true });
    expect(session.received?.(of(2, 0))).toEqual({ swallow: true });
    expect(session.probe?.()).toBeUndefined();
    expect(session.received?.(of(0))).toEqual({ deliver: connack(0) });
    expect(session.probe?.()).toEqual(asked);
  });

  test('not within what the app says, but behind it', () => {
    const session = accepted();
    expect(session.sent?.(of(0x30))).toBe(false);
    expect(session.probe?.()).toBeUndefined();
    expect(session.sent?.(of(0x85))).toBe(false);
    expect(session.sent?.(Uint8Array.of(9, 1, 9).subarray(1, 2))).toBe(false);
    expect(session.sent?.(new Uint8Array(0x84))).toBe(false);
    expect(session.probe?.()).toBeUndefined();
    expect(session.sent?.(new Uint8Array(1))).toBe(true);
    expect(session.probe?.()).toEqual(asked);
    // The longest length there is, in four bytes.
    expect(session.sent?.(of(0x30, 0x80, 0x80, 0x80, 1))).toBe(false);
    expect(session.probe?.()).toBeUndefined();
    expect(session.sent?.(new Uint8Array(128 ** 3 - 1))).toBe(false);
    expect(session.sent?.(new Uint8Array(1))).toBe(true);
  });

  test.each([
    [[0x00, 0]],
    [[0x30, 0x80, 0x80, 0x80, 0x80]],
    [[0x30, 0x80, 0x80, 0x80, 0x80, 1]],
    [[0xc0, 1, 0]],
    [[0xd0, 1, 0]],
  ])('never again, once either has said %j', (said) => {
    const session = accepted();
    session.sent?.(of(...said));
    expect(session.probe?.()).toBeUndefined();
    const another = accepted();
    expect(another.received?.(of(...said, 0xd0, 0))).toBe(its);
    expect(another.received?.(of(0xd0, 0))).toBe(its);
    expect(another.probe?.()).toBeUndefined();
  });
});

describe('whose a PINGRESP is', () => {
  test('ours alone, in two messages, among others', () => {
    const session = accepted();
    session.probe?.();
    expect(session.received?.(of(0xd0, 0))).toEqual(ours);
    expect(session.received?.(of(0xd0, 0))).toBe(its);
    session.probe?.();
    expect(session.received?.(of(0x40, 2, 0xd0, 0, 0xd0))).toEqual({ deliver: of(0x40, 2, 0xd0, 0) });
    expect(session.received?.(of(0))).toEqual(ours);
    session.probe?.();
    expect(session.received?.(of(0xd0, 0, 0x40, 2, 0))).toEqual({ beat: {}, deliver: of(0x40, 2, 0) });
    expect(session.received?.(of(1, 0xd0, 0))).toBe(its);
  });

  test('in order', () => {
    const session = accepted();
    session.sent?.(of(0xc0, 0));
    session.probe?.();
    session.sent?.(of(0xc0, 0));
    expect(session.received?.(of(0xd0, 0))).toBe(its);
    expect(session.received?.(of(0xd0, 0, 0xd0, 0))).toEqual({ beat: {}, deliver: of(0xd0, 0) });
  });
});

describe('with a CONNECT', () => {
  const meet = (options: MqttOptions) => {
    const session = mqtt(options).session();
    return { session, opening: session.opened?.('mqtt') };
  };
  // Of 5: session expiry, receive maximum, QoS, retain, size, assigned id "it", alias maximum, reason "r", user "a"="b", three flags, keep alive, four texts.
  const properties = [
    [0x11, 0, 0, 0, 1, 0x21, 0, 1, 0x24, 1, 0x25, 1, 0x27, 0, 0, 0, 1, 0x12, ...letters('it'), 0x22, 0, 1],
    [0x1f, ...letters('r'), 0x26, ...letters('a'), ...letters('b'), 0x28, 1, 0x29, 1, 0x2a, 1, 0x13, 1, 4],
    [0x1a, ...letters('r'), 0x1c, ...letters('s'), 0x15, ...letters('m'), 0x16, ...letters('d')],
  ].flat();
  const last = [0x16, ...letters('d'), 0x26, ...letters('a'), ...letters('b'), 0x13, 0, 30];

  const rows: [name: string, said: Uint8Array, answer: ArrayBuffer, named: Answer['named']][] = [
    ['3.1.1', connect(4, 'me'), connack(0), { id: 'me', interval: undefined }],
    ['3.1.1, which has no properties', connect(4, 'me'), connack(0, 3, 0x13, 0, 30), { id: 'me', interval: undefined }],
    ['3.1.1, without an id', connect(4, ''), connack(0), { id: undefined, interval: undefined }],
    ['5', connect(5, 'me', 0), connack(0, 0), { id: 'me', interval: undefined }],
    [
      '5, with properties',
      connect(5, 'me', 5, 0x11, 0, 0, 0, 9),
      connack(0, 3, 0x13, 0, 0),
      { id: 'me', interval: undefined },
    ],
    [
      '5, decided by the broker',
      connect(5, '', 0),
      connack(0, properties.length, ...properties),
      { id: 'it', interval: 260_000 },
    ],
    ['5, the keep alive last', connect(5, 'me', 0), connack(0, last.length, ...last), { id: 'me', interval: 30_000 }],
    [
      '5, a property that is none',
      connect(5, 'me', 0),
      connack(0, 6, 0x7f, 0, 0, 0x13, 0, 30),
      { id: 'me', interval: undefined },
    ],
    [
      '5, less than is said',
      connect(5, 'me', 0),
      connack(0, 100, 0x12, 0, 100, 0x78),
      { id: 'x', interval: undefined },
    ],
    ['a CONNECT that is none', Uint8Array.of(0), connack(0), { id: undefined, interval: undefined }],
  ];
  test.each(rows)('%s', (_, said, answer, named) => {
    const { session, opening } = meet({ connect: said });
    expect(opening).toEqual({ write: [said.slice().buffer] });
    expect(session.received?.(answer)).toEqual({ named });
    expect(session.probe?.()).toEqual(asked);
  });

  test('made anew for each line', () => {
    let made = 0;
    const protocol = mqtt({ connect: () => connect(4, `me${(made += 1)}`).buffer });
    for (const id of ['me1', 'me2']) {
      const session = protocol.session();
      session.opened?.();
      expect(session.received?.(connack(0))?.named?.id).toBe(id);
    }
  });

  test.each([
    [1, true],
    [3, false],
    [5, true],
    [0x80, false],
    [0x87, true],
    [0x88, false],
    [0x9d, false],
  ])('a refusal of 0x%s is the end: %s', (code, fatal) => {
    const { session } = meet({ connect: connect(4, 'me') });
    const reason = `the broker refuses the CONNECT: 0x${code.toString(16).padStart(2, '0')}`;
    expect(session.received?.(connack(code))).toEqual({ refused: { reason, fatal } });
  });

  test('beneath a library it is left to that', () => {
    const session = mqtt({ connect: connect(4, 'me') }).session({ above: 'library', tell: () => {} });
    expect(session.opened?.('mqtt')).toEqual({ named: {} });
    expect(session.received?.(connack(5))).toBe(its);
  });

  test('it must be bytes', () => {
    const error = /^mqtt: connect must be the bytes of a CONNECT packet/;
    for (const each of ['CONNECT', 5, null, {}]) expect(() => mqtt({ connect: each as never })).toThrow(error);
    expect(() => meet({ connect: () => 'CONNECT' as never })).toThrow(error);
  });
});

test.each([
  ['mqtt', { named: {} }],
  ['mqttv3.1', { named: {} }],
  [undefined, { named: {} }],
  ['', { refused: { reason: 'the server agreed to no subprotocol of this protocol', fatal: true } }],
  ['other', { refused: { reason: 'the server agreed to no subprotocol of this protocol', fatal: true } }],
])('the subprotocol %j', (agreed, answer) => {
  expect(mqtt().session().opened?.(agreed)).toEqual(answer);
  expect(mqtt().subprotocols).toEqual(['mqtt']);
});
