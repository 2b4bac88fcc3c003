/**
 * What is typed wrongly, and what may have been meant: our own words only, since what was typed may be secret.
 */
import { expect, test } from 'vitest';

import { askedBy } from '../../bin/arguments.ts';
import { nearest } from '../../bin/nearest.ts';
import { run, served } from '../helpers/command.ts';

const commands = ['demo', 'watch', 'visualize', 'serve', 'publish'];

test.each([
  ['wach', 'watch'],
  ['wacth', 'watch'],
  ['Watch', 'watch'],
  ['watchh', 'watch'],
  ['visualise', 'visualize'],
  ['vis', 'visualize'],
  ['srve', 'serve'],
  ['server', 'serve'],
  ['dmeo', 'demo'],
  ['pub', 'publish'],
  ['frobnicate', undefined],
  ['check', undefined],
  ['w', undefined],
  ['', undefined],
  ['x'.repeat(1_000_000), undefined],
  ['__proto__', undefined],
])('%.20s: %s', (typed, word) => expect(nearest(commands, typed)).toBe(word));

test.each([
  [['wach'], 'there is no such command; did you mean systole watch?'],
  [['frobnicate'], 'there is no such command\n\nusage'],
  [['wss://h/?token=hunter2'], 'there is no such command; did you mean systole watch, and then the URL?'],
  [['watch', 'ws://h/?hunter2', '--jsn'], 'argument 2 is not an option; there are --protocol,'],
  [['watch', 'ws://h/?hunter2', '--jsn=hunter2'], '; did you mean --json?'],
  [['serve', '--prot', '8080'], '; did you mean --port?'],
  [['serve', '--frobnicate'], '--help\n'],
  [['watch', 'ws://h/?hunter2', '--protocol', 'native-pnig'], 'silent; did you mean native-ping?'],
])('%j', async (args, says) => {
  const command = run(...args);
  expect(await command.ended).toEqual({ code: 2, signal: null });
  expect(command.stderr).toContain(says);
  expect(command.stderr).not.toMatch(/hunter2|pnig|--jsn|--prot\b/);
});

test.each([
  ['serve', 'port'],
  ['visualize', 'port'],
])('%s, on a port in use: what to do', async (name, option) => {
  const { port } = await served();
  const second = run(name, `--${option}`, String(port));
  expect(await second.ended).toEqual({ code: 1, signal: null });
  expect(second.stderr).toBe(
    `systole ${name}: --port: port ${port} is in use (EADDRINUSE), perhaps by a systole in another window (lsof -i :${port} tells): end that, or take another with --port, where 0 is any free one\n`,
  );
});

test.each([
  ['EACCES', /^--page-port: listen E\w+; ports below 1024 .* another with --page-port, where 0 is any free one$/],
  ['EADDRNOTAVAIL', /^--page-port: listen EADDRNOTAVAIL$/],
])('what else the system refuses: %s', async (code, says) => {
  const refused = Object.assign(new Error(`listen ${code}`), { code, syscall: 'listen' });
  await expect(askedBy('page-port', Promise.reject(refused))).rejects.toThrow(says);
});
