/** Machines of others, of every shape that makes a chart hard to draw. */
import { type AnyStateMachine, createMachine } from 'xstate';

type States = Record<string, object>;

/** One after another, and round; a few jump ahead. */
function ring(count: number, name: string): States {
  const at = (index: number) => `${name}${index % count}`;
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      at(i),
      { on: { NEXT: at(i + 1), ...(i % 7 === 3 && { JUMP: at(i + 20) }) } },
    ]),
  );
}

function nest(depth: number): { initial: string; states: States } {
  if (depth === 0)
    return { initial: 'one', states: { one: { on: { GO: 'two' } }, two: { on: { GO: 'three' } }, three: {} } };
  const names = ['alpha', 'beta', 'gamma'].slice(0, depth === 1 ? 2 : 3).map((name) => `${name}${depth}`);
  const each = (name: string, i: number) => [
    name,
    { ...nest(depth - 1), on: { [`MOVE_${depth}`]: names[(i + 1) % names.length] } },
  ];
  return { initial: names[0]!, states: Object.fromEntries(names.map(each)) as States };
}

const made = (config: object) => createMachine(config as never) as AnyStateMachine;
const long = 'waitingForTheUserToConfirmTheirElectronicMailAddressAndThenSome';

export const strangers = {
  ring: made({ id: 'ring', initial: 'step0', states: ring(60, 'step') }),
  nested: made({ id: 'nested', ...nest(3) }),
  regions: made({
    id: 'regions',
    type: 'parallel',
    states: Object.fromEntries(
      ['audio', 'video', 'network', 'storage'].map((name) => [name, { initial: `${name}0`, states: ring(15, name) }]),
    ),
  }),
  recorder: made({
    id: 'recorder',
    initial: 'off',
    states: {
      off: { on: { POWER: 'on.last', RESUME: 'on.deep', START: 'on' } },
      on: {
        initial: 'idle',
        on: { POWER: 'off', BREAK: 'broken' },
        states: {
          idle: { on: { PLAY: 'busy' } },
          busy: {
            initial: 'play',
            on: { STOP: 'idle' },
            states: { play: { on: { REC: 'record' } }, record: { after: { 5000: 'play' } } },
          },
          last: { type: 'history' },
          deep: { type: 'history', history: 'deep', target: 'busy' },
        },
      },
      broken: { type: 'final' },
    },
  }),
  hub: made({
    id: 'hub',
    initial: 'hub',
    states: {
      hub: { on: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`TO_${i}`, `spoke${i}`])) },
      ...Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`spoke${i}`, { on: { BACK: 'hub' } }])),
    },
  }),
  only: made({ id: 'only', initial: 'here', states: { here: { on: { PING: { actions: 'log' } } } } }),
  long: made({
    id: 'long',
    initial: 'a'.repeat(400),
    states: {
      ['a'.repeat(400)]: { on: { ['AN_EVENT_OF_MANY_WORDS_'.repeat(20)]: { target: long, guard: long } } },
      [long]: { on: { BACK: 'a'.repeat(400) } },
    },
  }),
};

export function ringOf(count: number): AnyStateMachine {
  return made({ id: 'large', initial: 's0', states: ring(count, 's') });
}
