/** What frames of push are made of, and what has hurt others. */
import * as fc from 'fast-check';

const longName = 'x'.repeat(128);
export const asked = ['news', '__proto__', 'constructor', longName];
const others = ['secret', 'toString', `${longName}y`, 'a b', '', 'ü'];
export const topicName = fc.constantFrom(...asked, ...others);
const sound = [0, 1, 2, 3, 5, 8, 99, Number.MAX_SAFE_INTEGER].map(String);
const unsound =
  '-1 -0 01 1.5 1e3 0x1 NaN Infinity 9007199254740992 99999999999999999999999999 ١ 1_0 +1 null __proto__'.split(' ');
export const number = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...sound) },
  { weight: 1, arbitrary: fc.constantFrom(...unsound, '') },
);
export const alias = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('1', '2', '3') },
  { weight: 1, arbitrary: number },
);
export const epoch = fc.constantFrom('e', 'e', 'E-2', '__proto__', 'x'.repeat(40), 'x'.repeat(41), '', '.');
export const word = fc.constantFrom(...'trimmed epoch ahead denied revoked too-many later __proto__'.split(' '), '');
export const payload = fc.oneof(
  fc.constantFrom('', 'm', '~1 2 x', ' ', '\n', '{"id":"y","now_time":1,"push":1}'),
  fc.string({ unit: 'binary' }),
);

/** Anything that JSON can say. */
export const value = fc.jsonValue({ maxDepth: 3 });

/** Some characters are gone, others come in between. */
export function mutated(frame: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const atom = fc.constantFrom('~', ' ', '', '0', '9', '.', ',', '[', ']', '"', 'null', '\u0000', '\ud83d', '1e999');
  return fc
    .tuple(frame, fc.array(fc.tuple(fc.nat(80), fc.nat(3), atom), { maxLength: 3 }), fc.option(fc.nat(80)))
    .map(([text, changes, cut]) => {
      const characters = text.split('');
      for (const [at, length, put] of changes) characters.splice(at % (characters.length + 1), length, put);
      return characters.slice(0, cut ?? undefined).join('');
    });
}
