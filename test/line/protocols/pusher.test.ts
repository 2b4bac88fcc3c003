/** What `pusher()` makes of what it reads, and of what the app says. pusher-js is above it in test/libraries. */
import { describe, expect, test } from 'vitest';

import type { Above, Answer, Frame } from '../../../adapters/protocols/protocol.ts';
import { pusher } from '../../../adapters/protocols/pusher.ts';
import { bytes } from '../../helpers/support.ts';

const its = undefined; // the app's
const ping = '{"event":"pusher:ping","data":{}}';
const pong = '{"event":"pusher:pong","data":{}}';
const ours: Answer = { beat: {}, swallow: true };
const asked: Answer = { write: [ping] };
const established = (data: unknown) => JSON.stringify({ event: 'pusher:connection_established', data });

const beneath = (above: Above) => pusher().session({ above, tell: () => {} });

describe('its name', () => {
  const rows: [data: unknown, named: Answer['named']][] = [
    [JSON.stringify({ socket_id: '1.2', activity_timeout: 30 }), { id: '1.2', interval: 30_000 }],
    [
      { socket_id: '1.2', activity_timeout: 0.5 },
      { id: '1.2', interval: 500 },
    ],
    [{ socket_id: '1.2' }, { id: '1.2', interval: undefined }],
    [
      { socket_id: 7, activity_timeout: '30' },
      { id: undefined, interval: undefined },
    ],
    [
      { socket_id: '', activity_timeout: 0 },
      { id: undefined, interval: undefined },
    ],
    [{ activity_timeout: -1 }, { id: undefined, interval: undefined }],
    [{ activity_timeout: 1e300 }, { id: undefined, interval: undefined }],
    [[], { id: undefined, interval: undefined }],
    ['[]', {}],
    ['no JSON', {}],
    [null, {}],
    [5, {}],
  ];
  test.each(rows)('of %j', (data, named) => {
    const session = beneath('app');
    expect(session.opened?.()).toBeUndefined();
    expect(session.received?.(established(data))).toEqual({ named });
  });

  test('beneath a library it has one at open', () => {
    expect(beneath('library').opened?.()).toEqual({ named: {} });
  });

  test('is not that of a channel, of an inherited field, or of what is too long', () => {
    const session = beneath('app');
    for (const frame of [
      '{"event":"pusher:connection_established","channel":"room","data":{"socket_id":"1.2"}}',
      '{"__proto__":{"event":"pusher:connection_established"}}',
      '{"data":{"event":"pusher:connection_established"}}',
      established('x'.repeat(512)),
      bytes(established({})),
      established({}).slice(1),
    ]) {
      expect(session.received?.(frame)).toBe(its);
    }
  });
});

describe('whose a pong is', () => {
  type Step = 'we ask' | 'it asks' | 'ours' | 'its';
  const rows: [name: string, ...steps: Step[]][] = [
    ['ours alone', 'we ask', 'ours'],
    ['its alone', 'it asks', 'its'],
    ['one that nobody asked for', 'its', 'we ask', 'ours', 'its'],
    ['ours first', 'we ask', 'it asks', 'ours', 'its'],
    ['its first', 'it asks', 'we ask', 'its', 'ours'],
    ['in turns', 'it asks', 'we ask', 'it asks', 'its', 'we ask', 'ours', 'its', 'ours', 'its'],
    ['ours twice', 'we ask', 'we ask', 'ours', 'ours', 'its'],
  ];
  test.each(rows)('%s', (_, ...steps) => {
    const session = beneath('library');
    for (const step of steps) {
      if (step === 'we ask') expect(session.probe?.()).toEqual(asked);
      else if (step === 'it asks') expect(session.sent?.(ping)).toBe(false);
      else expect(session.received?.(pong)).toEqual(step === 'ours' ? ours : its);
    }
  });

  const questions: [said: Frame | ArrayBufferView, isOne: boolean][] = [
    ['{"data":"{}","event":"pusher:ping"}', true],
    ['{ "event" : "pusher:ping" }', true],
    ['{"event":"pusher:pong","data":{}}', false],
    ['{"event":"client-x","channel":"a","data":{"event":"pusher:ping"}}', false],
    ['{"event":"pusher:ping","channel":"a"}', false],
    ['"event":"pusher:ping"', false],
    [bytes(ping), false],
    [new Uint8Array(bytes(ping)), false],
  ];
  test.each(questions)('%o: a question is %s', (said, isOne) => {
    const session = beneath('library');
    session.sent?.(said);
    session.probe?.();
    expect(session.received?.(pong)).toEqual(isOne ? its : ours);
  });
});

describe('what the server asks', () => {
  test('is answered for an app, which does not hear it', () => {
    expect(beneath('app').received?.('{"event":"pusher:ping","data":"{}"}')).toEqual({ write: [pong], swallow: true });
    expect(pusher().session().received?.(ping)).toEqual({ write: [pong], swallow: true });
  });

  test('is for a library to answer', () => expect(beneath('library').received?.(ping)).toBe(its));
});

describe('how it ends', () => {
  const rows: [code: number, verdict: unknown][] = [
    [1006, undefined],
    [3999, undefined],
    [4000, { fatal: true }],
    [4099, { fatal: true }],
    [4100, { retryAfter: 1_000 }],
    [4199, { retryAfter: 1_000 }],
    [4200, undefined],
    [4299, undefined],
    [4300, undefined],
  ];
  test.each(rows)('%i', (code, verdict) => expect(beneath('app').closed?.(code, '')).toEqual(verdict));
});
