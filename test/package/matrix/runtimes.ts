/** Where the runtimes are, and what they say of themselves. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { inject } from 'vitest';

import type { nodes } from './rows.ts';

const tools = inject('tools');

export function nodeOf(name: (typeof nodes)[number]): string {
  const folder = name === 'Node 20, the lowest' ? 'node-20-lowest' : name.toLowerCase().replace(' ', '-');
  return join(tools, folder, 'bin/node');
}

/** As its executable states it. */
export async function versionOf(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)(command, ['--version']);
  const [version] = /\d[\d.-]*\d/.exec(stdout) ?? [];
  if (version === undefined) throw new Error(`${command} --version says ${stdout}`);
  return version;
}

/** As its package states it. */
export function versionIn(name: string): string {
  return (JSON.parse(readFileSync(join(tools, name, 'package.json'), 'utf8')) as { version: string }).version;
}
