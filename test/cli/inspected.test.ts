/** What an inspector is told of a session's name: its end, and nothing else is changed. */
import { expect, test } from 'vitest';
import type { InspectionEvent } from 'xstate';

import { discreet } from '../../adapters/inspected.ts';
import { shortName } from '../../adapters/short-name.ts';

const names: [string, string][] = [
  ['', '…'],
  ['ab', '…'],
  ['abc', '…c'],
  ['client-1', '…-1'],
  ['session-abcd', '…abcd'],
  [`${'x'.repeat(1_000)}abcde`, '…bcde'],
  ['…abcd', '…abcd'],
  ['…abcde', '…de'],
  ['a…', '…'],
];

test.each(names)('of the session %j no more is shown than %j', (name, short) => {
  expect(shortName(name)).toBe(short);
});

const name = 'session-abcd';
const actorRef = { id: 'x' };
const tell = (hear: ReturnType<typeof discreet>, told: object) =>
  hear({ actorRef, rootId: 'x', ...told } as unknown as InspectionEvent) as unknown as Record<string, object>;

test('of an event, a snapshot and a report', () => {
  const hear = discreet();
  const event = { type: 'peer.named', id: name, receivedAt: 1 };
  const snapshot = { value: 'alive', context: { id: name, attempt: 1 }, matches: () => true };
  const told = { type: '@xstate.snapshot', event, snapshot };
  expect(tell(hear, told)).toEqual({
    actorRef,
    rootId: 'x',
    type: '@xstate.snapshot',
    event: { type: 'peer.named', id: '…abcd', receivedAt: 1 },
    snapshot: { value: 'alive', context: { id: '…abcd', attempt: 1 }, matches: snapshot.matches },
  });
  expect(tell(hear, { type: '@xstate.microstep', event: { type: 'peer.spoke' }, snapshot })['snapshot']).toMatchObject({
    context: { id: '…abcd' },
  });
  const params = { event: { type: 'restored', id: 'a', previousId: name }, more: 1 };
  expect(tell(hear, { type: '@xstate.action', action: { type: 'xstate.emit', params } })['action']).toEqual({
    type: 'xstate.emit',
    params: { event: { type: 'restored', id: '…', previousId: '…abcd' }, more: 1 },
  });
  expect(event.id + snapshot.context.id + params.event.previousId).toBe(name.repeat(3));
});

test('what names nobody is told as it is', () => {
  const hear = discreet();
  for (const told of [
    { type: '@xstate.event', event: { type: 'peer.spoke' } },
    { type: '@xstate.snapshot', event: { type: 'x', id: undefined }, snapshot: { context: { id: undefined } } },
    { type: '@xstate.snapshot', snapshot: { context: null } },
    { type: '@xstate.action', action: { type: 'probe', params: undefined } },
    { type: '@xstate.action', action: { type: 'emit', params: { event: { type: 'lost' } } } },
  ]) {
    const event = { actorRef, rootId: 'x', ...told } as unknown as InspectionEvent;
    expect(hear(event)).toBe(event);
  }
  const snapshot = { context: undefined };
  const named = { type: '@xstate.microstep', event: { type: 'peer.named', id: name }, snapshot };
  expect(tell(hear, named)['snapshot']).toBe(snapshot);
  const action = { type: 'probe', params: { event: { type: 'lost' } } };
  const odd = tell(hear, { type: 'x', event: { type: 'peer.named', id: name }, action });
  expect(odd['action']).toBe(action);
});

test('the same thing has the same copy, of the same kind', () => {
  const hear = discreet();
  class Kind {
    type = 'peer.named';
    id = name;
  }
  const event = new Kind();
  const [first, second] = [1, 2].map(() => tell(hear, { type: '@xstate.event', event })['event']);
  expect(first).toBe(second);
  expect(first).toBeInstanceOf(Kind);
  expect(first).not.toBe(event);
});
