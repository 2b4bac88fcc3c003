/** The reference server in Go, on Gorilla's package as Debian has it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll } from 'vitest';

import { findReference, goSettings } from '../helpers/find-references.ts';
import { keepsItsSide } from './references.ts';

const go = findReference('go')!;
const file = fileURLToPath(new URL('../../examples/servers/go/server.go', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'systole-go-'));
const built = join(folder, 'server');

// Not `go run`: a signal would reach that, and not the server.
beforeAll(
  () => void execFileSync(go, ['build', '-o', built, file], { env: { ...process.env, ...goSettings } }),
  300_000,
);
afterAll(() => rmSync(folder, { recursive: true }));

keepsItsSide(() => [built]);
