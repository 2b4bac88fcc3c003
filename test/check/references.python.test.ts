/** The reference server in Python, on Debian's `websockets`. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { findReference } from '../helpers/find-references.ts';
import { keepsItsSide } from './references.ts';

const python = findReference('python')!;
const file = fileURLToPath(new URL('../../examples/servers/python/server.py', import.meta.url));

keepsItsSide(() => [python, file]);

test('without its package it says what to install', () => {
  // No package but Python's own.
  const { status, stderr } = spawnSync(python, ['-S', file], { encoding: 'utf8' });
  expect(stderr).toContain('apt-get install python3-websockets');
  expect(status).toBe(1);
});
