/** The demo ends, however it is asked to: its page hears the end, and says so. */
import { spawnSync } from 'node:child_process';

import { expect, test } from 'vitest';

import { Command, run, started, systole } from '../helpers/command.ts';
import { openTab, patience, stateIn, useBrowser, word } from './stage.ts';

useBrowser();

const hasPseudoTerminal =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

/** In a terminal, of which it tells its process id. */
function inTerminal(): Command {
  const typed = `echo "pid $$"; exec '${process.execPath}' '${systole}' demo --no-open --interval 400 --timeout 400`;
  return started(new Command('script', ['-qec', typed, '/dev/null']));
}

async function pidOf(demo: Command): Promise<number> {
  return Number(/pid (\d+)/.exec(await demo.line(/^pid/))?.[1]);
}

const signalled = (signal: NodeJS.Signals) => async (demo: Command) => void process.kill(await pidOf(demo), signal);

test.runIf(hasPseudoTerminal && process.platform === 'linux').each<[string, (demo: Command) => Promise<void>]>([
  ['q', async (demo) => demo.type('q')],
  ['ctrl-C', async (demo) => demo.type('\u0003')],
  ['SIGTERM', signalled('SIGTERM')],
])('%s: the page shows the connection closed, and that the demo has ended', async (_, end) => {
  const demo = inTerminal();
  const [address = ''] = /http:\S+/.exec(await demo.line(/the page {2}http/)) ?? [];
  const { page, errors } = await openTab(address);
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('alive'));
  await page.locator('.told', { hasText: 'ticks' }).waitFor();
  await end(demo);
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('closed'));
  await expect.poll(() => page.locator('.told').innerText(), { timeout: patience }).toContain('The demo has ended.');
  // Nobody is told that something may come back.
  expect(await page.locator('.controls button:enabled').count()).toBe(0);
  expect(errors).toEqual([]);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('the script, at %s: its page shows the connection closed', async (signal, code) => {
  const demo = run('demo', '--script', '--interval', '400', '--timeout', '400');
  const [address = ''] = /http:\S+/.exec(await demo.line(/the page {2}http/)) ?? [];
  const { page } = await openTab(address);
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(/\w/);
  demo.process.kill(signal);
  expect(await demo.ended).toEqual({ code, signal: null });
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('closed'));
  expect(demo.stdout).not.toMatch(/✗|story/);
});

test('the script, to its end: so does its page', async () => {
  const demo = run('demo', '--script', '--interval', '300', '--timeout', '300');
  const [address = ''] = /http:\S+/.exec(await demo.line(/the page {2}http/)) ?? [];
  const { page } = await openTab(address);
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  await expect.poll(() => stateIn(page).textContent(), { timeout: patience }).toMatch(word('closed'));
});
