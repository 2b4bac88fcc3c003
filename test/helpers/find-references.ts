/**
 * What the reference servers of other languages run on: Debian's packages, wherever they can be had.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { findBinary } from './find-engines.ts';

export type ReferenceName = 'python' | 'go';

/** What Debian calls it. */
export const packagesFor: Readonly<Record<ReferenceName, string>> = {
  python: 'python3-websockets',
  go: 'golang-go golang-github-gorilla-websocket-dev',
};

/** The interpreter or compiler, where it has the package; undefined: it cannot be had. */
export function findReference(name: ReferenceName): string | undefined {
  return name === 'python' ? pythons.find(hasWebsockets) : hasGorilla() ? findBinary('go') : undefined;
}

/** With these Go finds Debian's packages, and asks nobody for others. */
export const goSettings = { GO111MODULE: 'off', GOPATH: process.env['GOPATH'] ?? '/usr/share/gocode', GOFLAGS: '' };

/** Debian's first: the one on the PATH may be another, which does not see Debian's packages. */
const pythons = ['/usr/bin/python3', 'python3'];

function hasWebsockets(python: string): boolean {
  return spawnSync(python, ['-c', 'import websockets.legacy.server']).status === 0;
}

function hasGorilla(): boolean {
  return goSettings.GOPATH.split(delimiter).some((path) => existsSync(join(path, 'src/github.com/gorilla/websocket')));
}
