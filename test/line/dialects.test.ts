/** What each dialect makes of what it reads, row by row; what a connection makes of it is told in protocols.test.ts. */
import { describe, expect, test } from 'vitest';

import type { Frame, Protocol } from '../../adapters/index.ts';
import { actionCable } from '../../adapters/protocols/actioncable.ts';
import { graphqlTransportWs } from '../../adapters/protocols/graphql-transport-ws.ts';
import { homeAssistant } from '../../adapters/protocols/home-assistant.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import { nativePing } from '../../adapters/protocols/native-ping.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import { type Answer, field, jsonObject, ping, type Session } from '../../adapters/protocols/protocol.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { trpc } from '../../adapters/protocols/trpc.ts';
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
  [trpc(), 'trpc', 'ask', undefined],
  [homeAssistant(), 'home-assistant', 'ask', undefined],
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

/** One question, and what is made of each frame behind it. */
const afterAsking = (protocol: Protocol, ...frames: Frame[]) => answers(protocol, [ask, ...frames]).slice(1);
const ours = { beat: {}, swallow: true };

describe('plain, by rows', () => {
  const pong = bytes('pong');
  const view = new DataView(bytes('<pong>'), 1, 4);
  const rows: [frame: Frame, answer: Answer | undefined][] = [
    ['pong', ours],
    ['pong\n', its],
    ['PONG', its],
    ['ping', its],
    [bytes('pong'), its],
    ['', its],
  ];
  test.each(rows)('%o', (frame, answer) => expect(afterAsking(plain(), frame)).toEqual([answer]));

  const ofBytes: [frame: Frame, answer: Answer | undefined][] = [
    [bytes('pong'), ours],
    [bytes('pong\n'), its],
    [bytes('pon'), its],
    [bytes('pony'), its],
    [bytes(''), its],
    ['pong', its],
  ];
  describe.each([
    ['a buffer', pong],
    ['a view', view],
  ])('an answer in %s', (_, reply) => {
    test.each(ofBytes)('%o', (frame, answer) => expect(afterAsking(plain({ reply }), frame)).toEqual([answer]));
  });

  test('what nobody here has asked for is a beat that the app hears', () => {
    expect(answers(plain(), ['pong', 'news'])).toEqual([{ beat: {} }, its]);
    expect(answers(plain({ reply: pong }), [bytes('pong'), 'pong'])).toEqual([{ beat: {} }, its]);
  });

  test('asks with ping', () => expect(plain().session().probe?.()).toEqual({ write: ['ping'] }));

  test('asks with bytes as they were', () => {
    const mine = new Uint8Array([0, 1, 2, 3]).subarray(1);
    const session = plain({ heartbeat: mine }).session();
    mine.fill(9);
    const [question] = session.probe?.()?.write ?? [];
    expect(question).toBeInstanceOf(ArrayBuffer);
    expect(new Uint8Array(question as ArrayBuffer)).toEqual(new Uint8Array([1, 2, 3]));
    const buffer = bytes('ping');
    const reply = plain({ reply: buffer });
    new Uint8Array(buffer).fill(9);
    expect(afterAsking(reply, bytes('ping'))).toEqual([ours]);
  });

  test('asks with its text, names at open, and the answer may be the question', () => {
    const session = plain({ heartbeat: 'x', reply: 'x' }).session();
    expect(session.opened?.()).toEqual({ named: {} });
    expect(session.probe?.()).toEqual({ write: ['x'] });
    expect([session.received?.('x'), session.received?.('x')]).toEqual([ours, { beat: {} }]);
  });

  const numbered = () => {
    let number = 0;
    return plain({
      heartbeat: () => `ping ${(number += 1)}`,
      reply: (frame, question) => frame === (question as string).replace('ping', 'pong'),
    });
  };

  test('a function is asked for each question, and a predicate knows its answer', () => {
    const session = numbered().session();
    expect([session.probe?.(), session.received?.('pong 2'), session.received?.('pong 1')]).toEqual([
      { write: ['ping 1'] },
      its,
      ours,
    ]);
    expect([session.probe?.(), session.received?.('pong 1'), session.received?.('pong 2')]).toEqual([
      { write: ['ping 2'] },
      its,
      ours,
    ]);
  });

  test('asked again, either answer is known, in any order', () => {
    const session = numbered().session();
    session.probe?.();
    session.probe?.(true);
    expect(['pong 2', 'pong 1', 'pong 1'].map((frame) => session.received?.(frame))).toEqual([ours, ours, its]);
  });

  test('a predicate is not asked where nothing was', () => {
    const heard: Frame[] = [];
    const session = plain({ reply: (frame) => heard.push(frame) > 0 }).session();
    session.received?.('news');
    session.probe?.();
    session.received?.('pong');
    session.received?.('more news');
    expect(heard).toEqual(['pong']);
  });

  test.each(['heartbeat', 'reply'])('%s must be text or bytes', (name) => {
    for (const wrong of [5, null, {}, ['ping'], Symbol('ping')]) {
      expect(() => plain({ [name]: wrong as never })).toThrow(TypeError);
      expect(() => plain({ [name]: wrong as never })).toThrow(new RegExp(`^plain: ${name} must be a string`));
    }
  });

  const oops = () => {
    throw new RangeError('a secret');
  };
  test('a function that fails says which one, without its words', () => {
    expect(() => plain({ heartbeat: oops }).session().probe?.()).toThrow(
      'plain: the heartbeat function threw RangeError',
    );
    expect(() =>
      plain({ heartbeat: () => 5 as never })
        .session()
        .probe?.(),
    ).toThrow(/^plain: heartbeat must answer with a string/);
    expect(() => afterAsking(plain({ reply: oops }), 'news')).toThrow('plain: the reply function threw RangeError');
    const late = plain({ reply: (() => Promise.resolve(true)) as never });
    expect(() => afterAsking(late, 'news')).toThrow('plain: reply must answer with true or false');
  });
});

describe('one for one', () => {
  const refused = refusal('id_reuse');
  const beat = { beat: {} };
  const dialects: [protocol: Protocol, answer: string, others: Answer | undefined, ...opening: Frame[]][] = [
    [plain(), 'pong', beat],
    [trpc(), 'PONG', beat],
    [homeAssistant(), refused, its, '{"type":"auth_required"}', '{"type":"auth_ok"}'],
  ];
  describe.each(dialects)('%o', (protocol, answer, others, ...opening) => {
    const session = () => {
      const fresh = protocol.session();
      fresh.opened?.();
      for (const frame of opening) fresh.received?.(frame);
      return fresh;
    };
    const hear = (from: Session, times: number) => Array.from({ length: times }, () => from.received?.(answer));

    test('an answer to nothing is the app’s', () => expect(hear(session(), 1)).toEqual([others]));

    test('of two answers to one question the second is the app’s', () => {
      const asking = session();
      asking.probe?.();
      expect(hear(asking, 2)).toEqual([ours, others]);
      asking.probe?.();
      expect(hear(asking, 2)).toEqual([ours, others]);
    });

    test('asked again, two are ours', () => {
      const asking = session();
      asking.probe?.();
      asking.probe?.(true);
      expect(hear(asking, 3)).toEqual([ours, ours, others]);
    });

    test('one that never came takes no other with it', () => {
      const asking = session();
      asking.probe?.();
      asking.probe?.(true);
      asking.probe?.();
      expect(hear(asking, 2)).toEqual([ours, others]);
    });

    test('each session counts for itself', () => {
      const [one, other] = [session(), session()];
      one.probe?.();
      expect(hear(other, 1)).toEqual([others]);
      expect(hear(one, 1)).toEqual([ours]);
    });
  });
});

describe('trpc, by rows', () => {
  const rows: [frame: Frame, answer: Answer | undefined][] = [
    ['PONG', ours],
    ['PING', { write: ['PONG'] }],
    ['pong', its],
    ['PONG ', its],
    ['"PONG"', its],
    [bytes('PONG'), its],
    [bytes('PING'), its],
    ['{"id":null,"method":"reconnect"}', its],
    ['', its],
  ];
  test.each(rows)('%o', (frame, answer) => expect(afterAsking(trpc(), frame)).toEqual([answer]));

  test('names at open, and asks with PING', () => {
    const session = trpc().session();
    expect(session.opened?.()).toEqual({ named: {} });
    expect(session.probe?.()).toEqual({ write: ['PING'] });
  });
});

describe('home-assistant, by rows', () => {
  const required = '{"type":"auth_required","ha_version":"2026.11.0"}';
  const ok = '{"type":"auth_ok","ha_version":"2026.11.0"}';
  const invalid = '{"type":"auth_invalid","message":"Invalid access token or password"}';
  const sentAway = { refused: { reason: 'auth_invalid', fatal: true } };
  const pinged = { write: ['{"id":1,"type":"systole/ping"}'] };
  const event = '{"id":18,"type":"event","event":{"a":[1,2.5,"é"]}}';
  const array = (...messages: string[]) => `[${messages.join(',')}]`;

  test.each([
    [required, { named: {} }],
    [ok, { named: {}, swallow: false }],
    [invalid, sentAway],
    ['{"type":"result"}', its],
    ['{"a":{"type":"auth_ok"}}', its],
    ['[{"type":"auth_ok"}]', its],
    [bytes(ok), its],
    ['{', its],
  ])('the first word %o', (frame, answer) => expect(answers(homeAssistant(), [frame])).toEqual([answer]));

  test('nothing is asked before the server knows who we are', () => {
    expect(answers(homeAssistant(), [ask, required, ask, ok, ask])).toEqual([
      undefined,
      { named: {} },
      undefined,
      { named: {}, swallow: false },
      pinged,
    ]);
  });

  const rows: [frame: Frame, answer: Answer | undefined][] = [
    [refusal('id_reuse'), ours],
    [refusal('unknown_command'), ours],
    [array(refusal('id_reuse')), ours],
    [array(event, refusal('id_reuse'), event), { beat: {}, deliver: array(event, event) }],
    // One of them is somebody else's.
    [array(refusal('id_reuse'), refusal('id_reuse')), { beat: {}, deliver: array(refusal('id_reuse')) }],
    [refusal('not_found'), its],
    [refusal('id_reuse', 2), its],
    [refusal('id_reuse').replace('false', 'true'), its],
    [array(array(refusal('id_reuse'))), its],
    [`{"id":5,"type":"event","event":${refusal('id_reuse')}}`, its],
    [refusal('id_reuse').slice(0, -1), its],
    [bytes(refusal('id_reuse')), its],
    ['{"id":1,"success":false,"error":"id_reuse"}', its],
    ['{"id":1,"success":false,"error":null,"code":"id_reuse"}', its],
    ['"id_reuse"', its],
    ['[null,"id_reuse"]', its],
    [invalid, its],
    [event, its],
  ];
  test.each(rows)('%o', (frame, answer) => {
    expect(answers(homeAssistant(), [required, ok, ask, frame]).at(-1)).toEqual(answer);
  });

  test.each([
    ['a token', 'T'],
    ['a function', () => 'T'],
    ['one that takes its time', () => Promise.resolve('T')],
  ])('with %s the dialect authenticates', async (_, accessToken) => {
    const told: unknown[] = [];
    const session = homeAssistant({ accessToken }).session({ tell: (answer) => told.push(answer) });
    expect(session.received?.(required)).toEqual({ swallow: true });
    await new Promise(setImmediate);
    expect(told).toEqual([{ write: ['{"type":"auth","access_token":"T"}'] }]);
    expect(session.received?.(ok)).toEqual({ named: {}, swallow: true });
    expect(session.probe?.()).toEqual(pinged);
  });

  test.each([
    ['throws', 'RangeError', () => Promise.reject(new RangeError('a secret'))],
    ['gives nothing', 'TypeError', () => ''],
    ['gives no text', 'TypeError', () => ({}) as never],
  ])('a function that %s is a dial that failed', async (_, name, accessToken) => {
    const told: unknown[] = [];
    const session = homeAssistant({ accessToken }).session({ tell: (answer) => told.push(answer) });
    session.received?.(required);
    await new Promise(setImmediate);
    expect(told).toEqual([{ refused: { reason: `the accessToken function threw ${name}` } }]);
  });

  test.each([5, '', null, {}])('the token %o is refused', (accessToken) => {
    expect(() => homeAssistant({ accessToken: accessToken as never })).toThrow(
      new TypeError('homeAssistant: accessToken must be a string, or a function that answers with one'),
    );
  });
});

/** What Home Assistant says of a command that it does not take. */
function refusal(code: string, id = 1): string {
  return JSON.stringify({ id, type: 'result', success: false, error: { code, message: 'No.' } });
}

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
  const away = (reason: string, fatal: boolean) => ({ refused: { reason, fatal } });
  const beating = (serverTime: number | undefined) => ({ beat: { serverTime } });
  const rows: [frame: Frame, answer: Answer | undefined][] = [
    ['{"type":"welcome"}', { named: { id: undefined, interval: 4_000 } }],
    ['{"type":"welcome","sid":"me"}', { named: { id: 'me', interval: 4_000 } }],
    ['{"type":"welcome","sid":7}', { named: { id: undefined, interval: 4_000 } }],
    ['{"type":"ping","message":12}', beating(12_000)],
    ['{"message":12,"type" : "ping"}', beating(12_000)],
    ['{"type":"ping"}', beating(undefined)],
    ['{"type":"ping","message":"12"}', beating(undefined)],
    ['{"type":"ping","message":1e300}', beating(undefined)],
    ['{"type":"ping","message":1e400}', beating(undefined)],
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
    ['{"type":"ping","message":8640000000000}', beating(8.64e15)],
    ['{"type":"ping","message":8640000000001}', beating(undefined)],
    ['{"type":"ping"}'.padEnd(512), beating(undefined)],
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
    [trpc(), 'another', { named: {} }],
    [homeAssistant(), 'another', undefined],
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
