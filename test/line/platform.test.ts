/** What a text weighs, on every platform the same. */
import { afterEach, describe, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe.each([
  ['Node', async () => import('../../adapters/platform.node.ts')],
  ['a page', async () => import('../../adapters/platform.ts')],
  [
    'a page without TextEncoder',
    async () => {
      vi.stubGlobal('TextEncoder', undefined);
      return import('../../adapters/platform.ts');
    },
  ],
])('%s', (_, platform) => {
  test.each([
    ['nothing', '', 0],
    ['ASCII', 'text', 4],
    ['two, three and four bytes each', 'ü€😀', 9],
    ['a lone surrogate, sent as U+FFFD', '\ud83d', 3],
    ['more than is encoded at once', 'x'.repeat(4_095) + '€'.repeat(5_000), 19_095],
  ])('%s', async (__, text, bytes) => {
    const { utf8Length } = await platform();
    expect(utf8Length(text)).toBe(bytes);
  });
});
