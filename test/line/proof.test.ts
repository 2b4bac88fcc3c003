/** What was asked, answered, handed over, and so confirmed: rows, without a socket and without a clock. */
import { describe, expect, test } from 'vitest';

import type { Amount } from '../../adapters/buffer.ts';
import { Proof } from '../../adapters/proof.ts';

/**
 * `hand` a message of ten bytes; `ask`, at the next of 100, 200, 300 … ms, or `again`; `answer`; `await` what may yet be one; `depart`, 7 ms after it was
 * asked.
 */
type Deed = 'hand' | 'ask' | 'again' | 'answer' | 'await' | 'depart';

function play(steps: string, handed: Amount = { messages: 0, bytes: 0 }) {
  const proof = new Proof(handed);
  let now = 0;
  const asked: (number | undefined)[] = [];
  for (const step of steps.split(' ').filter(Boolean) as Deed[]) {
    if (step === 'hand') {
      handed.messages += 1;
      handed.bytes += 10;
    } else if (step === 'answer') asked.push(proof.answer());
    else if (step === 'await') proof.await();
    else if (step === 'depart') proof.depart(now + 7);
    else proof.ask((now += 100), step === 'again');
  }
  return { unconfirmed: proof.unconfirmed, asked };
}

describe('an answer confirms what was handed over before its question', () => {
  const rows: [steps: string, unconfirmed: number][] = [
    ['', 0],
    ['hand hand', 2],
    ['hand ask', 1],
    ['hand ask answer', 0],
    ['hand ask hand hand answer', 2],
    ['ask hand answer', 1],
    // Nobody had asked.
    ['hand answer', 1],
    ['hand answer ask', 1],
    ['hand answer ask answer', 0],
    // Nor is it owed to a later question.
    ['answer ask ask hand ask answer ask answer answer', 1],
    // Asked twice: the first answer is the first question's.
    ['hand ask hand again answer', 1],
    ['hand ask hand again answer answer', 1],
    ['hand ask hand again answer answer ask answer', 0],
    // One that is never answered leaves the server one answer behind: less is confirmed than arrived.
    ['hand ask hand ask answer', 1],
    ['hand ask hand ask answer hand ask answer', 2],
    ['hand ask hand ask answer hand ask answer answer', 0],
    ['ask ask ask hand ask answer answer answer', 1],
    ['ask ask ask hand ask answer answer answer answer', 1],
    ['ask ask ask hand ask answer answer answer answer ask answer', 0],
    // What is awaited confirms nothing by itself.
    ['hand ask answer hand await', 1],
    ['hand ask answer hand await answer', 1],
  ];
  test.each(rows)('%s: %i unconfirmed', (steps, messages) => {
    expect(play(steps).unconfirmed).toEqual({ messages, bytes: messages * 10 });
  });

  test('and of other visits nothing', () => {
    expect(play('hand', { messages: 1_000, bytes: 5_000 }).unconfirmed).toEqual({ messages: 1, bytes: 10 });
    expect(play('hand ask answer', { messages: 7, bytes: 70 }).unconfirmed).toEqual({ messages: 0, bytes: 0 });
  });

  test('and what is handed over later changes nothing of what was confirmed', () => {
    const handed = { messages: 1, bytes: 10 };
    const proof = new Proof(handed);
    proof.ask(0, false);
    proof.answer();
    const before = proof.unconfirmed;
    handed.messages += 1;
    expect(before).toEqual({ messages: 0, bytes: 0 });
    expect(proof.unconfirmed).toEqual({ messages: 1, bytes: 0 });
  });
});

describe('an answer is timed from its question', () => {
  const rows: [steps: string, asked: (number | undefined)[]][] = [
    ['answer', [undefined]],
    ['ask answer', [100]],
    ['ask answer answer', [100, undefined]],
    ['ask answer ask answer', [100, 200]],
    // Its answer is as good as the first one's.
    ['ask again answer', [100]],
    ['again answer', [100]],
    // Any frame was proof enough, and the next question is another one.
    ['ask ask answer', [200]],
    ['ask again ask answer', [300]],
    // Too old to be an answer: the question is still open.
    ['ask answer await answer', [100, 100]],
    ['ask answer await again answer', [100, 100]],
    ['ask answer await await answer answer', [100, 100, undefined]],
    ['ask answer ask await answer', [100, 200]],
    ['await answer', [undefined]],
    // It lay behind what was sent: its time began later.
    ['ask depart answer', [107]],
    ['ask depart again answer', [107]],
    ['ask answer depart answer', [100, undefined]],
    ['depart answer', [undefined]],
  ];
  test.each(rows)('%s: %j', (steps, asked) => {
    expect(play(steps).asked).toEqual(asked);
  });
});
