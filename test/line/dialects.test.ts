/** What each dialect makes of what it reads, row by row; what a connection makes of it is told in protocols.test.ts. */
import { describe, expect, test } from 'vitest';

import type { Frame, Protocol } from '../../adapters/index.ts';
import { actionCable } from '../../adapters/protocols/actioncable.ts';
import { graphqlTransportWs } from '../../adapters/protocols/graphql-transport-ws.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import { nativePing } from '../../adapters/protocols/native-ping.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import { type Answer, field, jsonObject, ping } from '../../adapters/protocols/protocol.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { bytes } from '../helpers/support.ts';

/** What one session answers to frames, one after the other; `ask` stands for a heartbeat of ours. */
const ask = Symbol('a heartbeat of ours');
const answers = (protocol: Protocol, frames: readonly (Frame | typeof ask)[]): (Answer | undefined)[] => {
  const session = protocol.session();
  session.opened?.();
  return frames.map((frame) => (typeof frame === 'symbol' ? session.probe?.() : session.received?.(frame)));
};

const named = (id: string, serverTime?: number) => ({ named: { id, serverTime }, swallow: true });
const beaten = (serverTime: number | undefined, swallow = true) => ({ beat: { serverTime }, swallow });
const asked = { write: ['heartbeat'] };
const welcome = '{"id":"me","now_time":7}';
const its = undefined; // the app's

type DialectRow = [name: string, ...steps: [Frame | typeof ask, Answer | undefined][]];

test.each([
  [idHeartbeat(), 'id-heartbeat', 'ask', undefined],
  [plain(), 'plain', 'ask', undefined],
  [nativePing(), 'native-ping', 'ask', true],
  [actionCable(), 'actioncable', 'server-beats', undefined],
  [graphqlTransportWs(), 'graphql-transport-ws', 'ask', undefined],
  [silent(), 'silent', 'none', undefined],
])('its name, how it shows life, and what it needs: %o', (protocol, name, liveness, needsPing) => {
  expect([protocol.name, protocol.liveness, protocol.needsPing]).toEqual([name, liveness, needsPing]);
});

describe('id-heartbeat, by rows', () => {
  const rows: DialectRow[] = [
    ['an id and a time', [welcome, named('me', 7)]],
    ['a time in words', ['{"id":"me","now_time":"1970-01-01T00:00:01Z"}', named('me', 1_000)]],
    ['other fields beside', ['{"x":1,"now_time":7,"id":"me"}', named('me', 7)]],
    ['white space around', ['\n\t {"id":"me",\r\n"now_time":7} ', named('me', 7)]],
    ['a number for an id', ['{"id":17,"now_time":7}', named('17', 7)]],
    ['zero for an id', ['{"id":0,"now_time":7}', named('0', 7)]],
    ['an id of 1,024', [`{"id":"${'x'.repeat(1_024)}","now_time":7}`, named('x'.repeat(1_024), 7)]],
    ['an id of 1,025', [`{"id":"${'x'.repeat(1_025)}","now_time":7}`, its]],
    ['an empty id', ['{"id":"","now_time":7}', its]],
    ['an infinite id', ['{"id":1e999,"now_time":7}', its]],
    ['an id in a list', ['{"id":["me"],"now_time":7}', its]],
    ['no time', ['{"id":"me"}', its]],
    ['no id', ['{"now_time":7}', its]],
    ['a beat before the name', ['{"heartbeat":7}', its], [welcome, named('me', 7)]],
    ['an array', ['[{"id":"me","now_time":7}]', its]],
    ['binary', [bytes(welcome), its], [welcome, named('me', 7)]],
    ['a second name', [welcome, named('me', 7)], ['{"id":"you","now_time":8}', its]],
    [
      'a second name while an answer is due',
      [welcome, named('me', 7)],
      [ask, asked],
      ['{"id":"you","now_time":8}', its],
    ],
    ['an answer', [welcome, named('me', 7)], [ask, asked], ['{"heartbeat":8}', beaten(8)]],
    ['a spaced answer', [welcome, named('me', 7)], [ask, asked], [' {\n"heartbeat" : 8 }', beaten(8)]],
    [
      'an answer with a date',
      [welcome, named('me', 7)],
      [ask, asked],
      ['{"heartbeat":"1970-01-01T00:00:01Z"}', beaten(1_000)],
    ],
    ['an answer without a time', [welcome, named('me', 7)], [ask, asked], ['{"heartbeat":null}', beaten(undefined)]],
    ['an answer among others', [welcome, named('me', 7)], [ask, asked], ['{"heartbeat":8,"news":1}', beaten(8, false)]],
    [
      'an answer behind others',
      [welcome, named('me', 7)],
      [ask, asked],
      ['{"news":1,"heartbeat":8}', beaten(8, false)],
    ],
    ['a binary answer', [welcome, named('me', 7)], [ask, asked], [bytes('{"heartbeat":8}'), its]],
    ['an answer within', [welcome, named('me', 7)], [ask, asked], ['{"a":{"heartbeat":8}}', its]],
    ['an array of answers', [welcome, named('me', 7)], [ask, asked], ['[{"heartbeat":8}]', its]],
    ['an answer that is cut', [welcome, named('me', 7)], [ask, asked], ['{"heartbeat":8', its]],
    ['an answer in __proto__', [welcome, named('me', 7)], [ask, asked], ['{"__proto__":{"heartbeat":8}}', its]],
    [
      'a second answer',
      [welcome, named('me', 7)],
      [ask, asked],
      ['{"heartbeat":8}', beaten(8)],
      ['{"heartbeat":9}', beaten(9)],
    ],
    ['an answer that nobody waits for', [welcome, named('me', 7)], ['{ "heartbeat":8}', beaten(8)]],
    ['one that nobody waits for, behind others', [welcome, named('me', 7)], ['{"news":1,"heartbeat":8}', its]],
    ['one behind another word with an h', [welcome, named('me', 7)], ['{"h":1,"heartbeat":8}', its]],
    [
      'a second one, behind others',
      [welcome, named('me', 7)],
      [ask, asked],
      ['{"heartbeat":8}', beaten(8)],
      ['{"news":1,"heartbeat":9}', its],
    ],
    ['a message between', [welcome, named('me', 7)], [ask, asked], ['news', its], ['{"heartbeat":8}', beaten(8)]],
    ['one longer than any control message', [`{"id":"me","now_time":7,"x":"${'x'.repeat(65_536)}"}`, its]],
  ];
  test.each(rows)('%s', (_, ...steps) => {
    expect(
      answers(
        idHeartbeat(),
        steps.map(([frame]) => frame),
      ),
    ).toEqual(steps.map(([, answer]) => answer));
  });

  const times: [text: string, ms: number | undefined][] = [
    ['8640000000000000', 8.64e15],
    ['8640000000000001', undefined],
    ['-8640000000000001', undefined],
    ['1e300', undefined],
    ['1e400', undefined],
    ['-0.5', -0.5],
    ['"2026-11-23T00:00:00Z"', Date.UTC(2026, 10, 23)],
    ['"yesterday"', undefined],
    ['""', undefined],
    ['"-271822-01-01T00:00:00Z"', undefined],
    ['true', undefined],
    ['null', undefined],
    ['[5]', undefined],
    ['{"valueOf":5}', undefined],
  ];
  test.each(times)('the time %s', (text, ms) => {
    const [first, , second] = answers(idHeartbeat(), [`{"id":1,"now_time":${text}}`, ask, `{"heartbeat":${text}}`]);
    expect(first).toEqual(named('1', ms));
    expect(second).toEqual(beaten(ms));
  });
});

describe('the reading of JSON, by rows', () => {
  test.each(['null', '5', '"x"', '[]', '[{}]', '{', '', 'undefined', '{}{}', "{'a':1}"])('%s is no object', (text) => {
    expect(jsonObject(text)).toBeUndefined();
  });

  test('an object is, up to 65,536 characters', () => {
    const of = (length: number) => jsonObject(`{"x":"${'x'.repeat(length - 8)}"}`);
    expect(of(65_536)).toBeDefined();
    expect(of(65_537)).toBeUndefined();
    expect(jsonObject(bytes('{}'))).toBeUndefined();
  });

  test.each(['constructor', '__proto__', 'toString', 'x'])('the field %s is there only where it is its own', (name) => {
    expect(field({}, name)).toBeUndefined();
    expect(field(jsonObject(`{"${name}":7}`) ?? {}, name)).toBe(7);
  });
});

describe('plain, by rows', () => {
  const rows: [frame: Frame, answer: Answer | undefined][] = [
    ['pong', { beat: {}, swallow: true }],
    ['pong\n', its],
    ['PONG', its],
    ['ping', its],
    [bytes('pong'), its],
    ['', its],
  ];
  test.each(rows)('%o', (frame, answer) => expect(answers(plain(), [frame])).toEqual([answer]));

  test('asks with ping', () => expect(plain().session().probe?.()).toEqual({ write: ['ping'] }));

  test('asks with its text, names at open, and the answer may be the question', () => {
    const session = plain({ heartbeat: 'x', reply: 'x' }).session();
    expect(session.opened?.()).toEqual({ named: {} });
    expect(session.probe?.()).toEqual({ write: ['x'] });
    expect(session.received?.('x')).toEqual({ beat: {}, swallow: true });
  });

  test.each(['heartbeat', 'reply'])('%s must be a string', (name) => {
    expect(() => plain({ [name]: 5 as never })).toThrow(TypeError);
    expect(() => plain({ [name]: null as never })).toThrow(new RegExp(`plain: ${name}`));
  });
});

describe('native-ping, by rows', () => {
  test('asks with a ping frame, and only a pong frame is the answer', () => {
    const session = nativePing().session();
    expect(session.opened?.()).toEqual({ named: {} });
    expect(session.probe?.()).toEqual({ write: [ping] });
    expect(session.ponged?.()).toEqual({ beat: {} });
    expect(session.received?.('pong')).toBeUndefined();
  });
});

describe('graphql-transport-ws, by rows', () => {
  const ours = { beat: {}, swallow: true };
  const padded = (length: number) => '{"type":"pong","payload":{"systole":true}}'.padEnd(length);
  const rows: [frame: Frame, answer: Answer | undefined][] = [
    ['{"type":"pong","payload":{"systole":true}}', ours],
    ['{"payload":{"systole":true},"type":"pong"}', ours],
    ['{ "type" : "pong",\n"payload" : { "systole" : true } }', ours],
    ['{"id":null,"type":"pong","payload":{"systole":true,"x":1}}', ours],
    [padded(128), ours],
    [padded(129), its],
    ['{"type":"pong"}', its],
    ['{"type":"pong","payload":null}', its],
    ['{"type":"pong","payload":null,"systole":true}', its],
    ['{"type":"pong","payload":"systole"}', its],
    ['{"type":"pong","payload":"\\"systole\\""}', its],
    ['{"type":"pong","payload":{"systole":1}}', its],
    ['{"type":"pong","systole":true}', its],
    ['{"type":"pong","payload":{"__proto__":{"systole":true}}}', its],
    ['{"__proto__":{"type":"pong","payload":{"systole":true}}}', its],
    ['{"type":"ping","payload":{"systole":true}}', its],
    ['{"type":["pong"],"payload":{"systole":true}}', its],
    ['[{"type":"pong","payload":{"systole":true}}]', its],
    ['{"type":"pong","payload":{"systole":true}', its],
    [bytes('{"type":"pong","payload":{"systole":true}}'), its],
  ];
  test.each(rows)('%o', (frame, answer) => expect(answers(graphqlTransportWs(), [frame])).toEqual([answer]));

  test('names at open, and asks with a mark of its own', () => {
    const session = graphqlTransportWs().session();
    expect(session.opened?.()).toEqual({ named: {} });
    expect(session.probe?.()).toEqual({ write: ['{"type":"ping","payload":{"systole":true}}'] });
  });

  test.each([4400, 4401, 4406, 4409, 4429, 4500])('%i is the end', (code) => {
    expect(graphqlTransportWs().session().closed?.(code, '')).toEqual({ fatal: true });
  });

  test.each([1000, 1006, 1011, 1012, 4403, 4408, 4499, 4504])('%i is not', (code) => {
    expect(graphqlTransportWs().session().closed?.(code, '')).toBeUndefined();
  });
});

describe('actioncable, by rows', () => {
  const away = (reason: string, fatal: boolean) => ({ refused: { reason, fatal }, swallow: true });
  const rows: [frame: Frame, answer: Answer | undefined][] = [
    ['{"type":"welcome"}', { named: { id: undefined, interval: 4_000 }, swallow: true }],
    ['{"type":"welcome","sid":"me"}', { named: { id: 'me', interval: 4_000 }, swallow: true }],
    ['{"type":"welcome","sid":7}', { named: { id: undefined, interval: 4_000 }, swallow: true }],
    ['{"type":"ping","message":12}', beaten(12_000)],
    ['{"message":12,"type" : "ping"}', beaten(12_000)],
    ['{"type":"ping"}', beaten(undefined)],
    ['{"type":"ping","message":"12"}', beaten(undefined)],
    ['{"type":"ping","message":1e300}', beaten(undefined)],
    ['{"type":"ping","message":1e400}', beaten(undefined)],
    ['{"type":"disconnect","reason":"unauthorized","reconnect":false}', away('unauthorized', true)],
    ['{"type":"disconnect","reason":"server_restart","reconnect":true}', away('server_restart', false)],
    ['{"type":"disconnect","reconnect":"false"}', away('disconnect', false)],
    ['{"type":"disconnect","reason":{"a":1}}', away('disconnect', false)],
    ['{"type":"reject_subscription","identifier":"a"}', its],
    ['{"type":"ping","identifier":"a"}', its],
    ['{"type":"ping","identifier":null}', its],
    ['{"__proto__":{"type":"ping"}}', its],
    ['{"type":["ping"]}', its],
    ['{"a":{"type":"ping"}}', its],
    ['{"type":"ping"', its],
    ['{"type":"ping","message":8640000000000}', beaten(8.64e15)],
    ['{"type":"ping","message":8640000000001}', beaten(undefined)],
    ['{"type":"ping"}'.padEnd(512), beaten(undefined)],
    ['{"type":"ping"}'.padEnd(513), its],
    [bytes('{"type":"ping"}'), its],
  ];
  test.each(rows)('%o', (frame, answer) => expect(answers(actionCable(), [frame])).toEqual([answer]));

  test('asks nothing', () => expect(actionCable().session()).not.toHaveProperty('probe'));

  test.each([0, -1, Number.NaN, 'x' as never])('interval %s is refused', (interval) => {
    expect(() => actionCable({ interval })).toThrow(
      new RangeError('actionCable: interval must be a number of milliseconds above 0'),
    );
  });
});

describe('a dialect with a subprotocol hears which was agreed on', () => {
  const refused = {
    refused: { reason: 'the server agreed to no subprotocol of this protocol', fatal: true },
  };
  const rows: [protocol: Protocol, agreed: string | undefined, answer: Answer | undefined][] = [
    [actionCable(), 'actioncable-v1-json', undefined],
    [actionCable(), 'actioncable-v1-ext-json', undefined],
    [actionCable(), undefined, undefined],
    [actionCable(), 'actioncable-unsupported', refused],
    [actionCable(), '', refused],
    [actionCable(), 'another', refused],
    [graphqlTransportWs(), 'graphql-transport-ws', { named: {} }],
    [graphqlTransportWs(), undefined, { named: {} }],
    [graphqlTransportWs(), 'graphql-ws', refused],
    [graphqlTransportWs(), '', refused],
    // They have none.
    [idHeartbeat(), 'another', undefined],
    [plain(), 'another', { named: {} }],
    [nativePing(), 'another', { named: {} }],
    [silent(), 'another', { named: {} }],
  ];
  test.each(rows)('%o and %j', (protocol, agreed, answer) => {
    expect(protocol.session().opened?.(agreed)).toEqual(answer);
  });
});

describe('silent, by rows', () => {
  test('names at open and says nothing else', () => {
    const session = silent().session();
    expect(session.opened?.()).toEqual({ named: {} });
    expect(Object.keys(session)).toEqual(['opened']);
  });
});
