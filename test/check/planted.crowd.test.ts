/**
 * `systole check` finds servers whose clients can harm each other. These are examined in a process of their own: a flood keeps it from
 * all else.
 */
import { test } from 'vitest';

import { examined, expectFound, isDrastic } from './examined.ts';
import { relatives } from './planted.ts';

const drastic = Object.entries(relatives).filter(([, it]) => isDrastic(it));

test.concurrent.for(drastic)('%s', { timeout: 240_000 }, async ([, it]) => {
  expectFound(it, await examined(it));
});
