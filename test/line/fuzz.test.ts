/**
 * Whatever a server says is harmless: every protocol's decoder, given what nobody would send. A failure is shrunk, and tells the seed to see it again.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { actionCable } from '../../adapters/protocols/actioncable.ts';
import { graphqlTransportWs } from '../../adapters/protocols/graphql-transport-ws.ts';
import { homeAssistant } from '../../adapters/protocols/home-assistant.ts';
import { idHeartbeat } from '../../adapters/protocols/id-heartbeat.ts';
import { nativePing } from '../../adapters/protocols/native-ping.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import type { Answer, Frame, Protocol } from '../../adapters/protocols/protocol.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { trpc } from '../../adapters/protocols/trpc.ts';

const protocols: Record<string, Protocol> = {
  'id-heartbeat': idHeartbeat(),
  plain: plain(),
  'native-ping': nativePing(),
  actioncable: actionCable(),
  'graphql-transport-ws': graphqlTransportWs(),
  silent: silent(),
  trpc: trpc(),
  'home-assistant': homeAssistant(),
};

/** What the dialects are made of, and what has hurt others. */
const names =
  'id now_time heartbeat type payload systole message reason reconnect identifier sid success error code __proto__ constructor toString'.split(
    ' ',
  );
const words = [
  'welcome',
  'ping',
  'pong',
  'disconnect',
  'heartbeat',
  'PING',
  'PONG',
  'auth_required',
  'auth_ok',
  'auth_invalid',
  'id_reuse',
  'a',
  '',
  'xstate.after.backoff.connection',
  '1e999',
];
const numbers = [0, -0, 1, -1, 8.64e15, 8.64e15 + 1, 1e308, 2 ** 31, 1_700_000_000_000, 5e-324];

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...words),
    fc.constantFrom(...numbers),
    fc.constantFrom(true, false, null),
    fc.string({ unit: 'binary' }),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.array(tie('any'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom(...names), tie('any')), { maxLength: 5 })
      .map((fields) => Object.fromEntries(fields.filter(([name]) => name !== '__proto__'))),
  ),
})).any;

/** JSON of such values, whole or cut, with a `__proto__` of its own, padded, nested, or no JSON at all. */
const frame: fc.Arbitrary<Frame> = fc.oneof(
  value.map((each) => JSON.stringify(each)),
  fc.tuple(value, value).map(([a, b]) => `{"__proto__":${JSON.stringify(a)},"id":${JSON.stringify(b)},"now_time":1}`),
  fc.tuple(value, fc.nat(60)).map(([each, length]) => JSON.stringify(each).slice(0, length)),
  fc.tuple(value, fc.constantFrom(' ', '\n\t', '\ufeff')).map(([each, pad]) => pad + JSON.stringify(each) + pad),
  fc.nat(20_000).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
  fc.nat(20_000).map((depth) => `${'{"id":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc.constantFrom(...words),
  fc.string({ unit: 'binary' }),
  fc.uint8Array().map((bytes) => bytes.slice().buffer),
);

/** A step of a visit, as the adapter takes them. */
const step = fc.oneof({ weight: 8, arbitrary: frame }, { weight: 1, arbitrary: fc.constantFrom('(probe)', '(pong)') });

function expectSound(answer: Answer | undefined): void {
  if (answer === undefined) return;
  const { named, beat, refused, write = [], swallow = false } = answer;
  expect(typeof swallow).toBe('boolean');
  for (const each of write) expect(['string', 'symbol']).toContain(typeof each);
  for (const time of [named?.serverTime, beat?.serverTime, named?.interval, refused?.retryAfter]) {
    if (time !== undefined) expect(Math.abs(time)).toBeLessThanOrEqual(8.64e15);
  }
  if (named?.id !== undefined) expect(typeof named.id === 'string' && named.id.length <= 65_536).toBe(true);
  if (refused !== undefined)
    expect([typeof refused.reason, typeof (refused.fatal ?? false)]).toEqual(['string', 'boolean']);
}

test.each(Object.entries(protocols))('%s: no frame throws, and every answer is sound', (_, protocol) => {
  const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.nat(70_000), fc.string(), (steps, code, reason) => {
      const session = protocol.session();
      expectSound(session.opened?.());
      for (const each of steps) {
        if (each === '(probe)') expectSound(session.probe?.());
        else if (each === '(pong)') expectSound(session.ponged?.());
        else expectSound(session.received?.(each));
      }
      const verdict = session.closed?.(code, reason);
      expect(['boolean', 'undefined']).toContain(typeof verdict?.fatal);
    }),
    { numRuns: 2_000 },
  );
  expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(prototype);
});
