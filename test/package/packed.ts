/** The package as its users get it: packed, in a folder of its own, with nothing beside it but what it depends on. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface Packed {
  folder: string;
  /** `node_modules/systole` in it. */
  installed: string;
  remove: () => void;
}

export function packed(dependencies: readonly string[] = ['ws', 'xstate', 'worker-timers']): Packed {
  const folder = mkdtempSync(join(tmpdir(), 'systole-'));
  const installed = join(folder, 'node_modules', 'systole');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', pack(folder), '-C', installed, '--strip-components=1']);
  for (const dependency of dependencies) link(folder, dependency);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return { folder, installed, remove: () => rmSync(folder, { recursive: true }) };
}

/** The path of the tarball. Without its scripts: what is packed has just been built, and other tests are using it. */
export function pack(folder: string): string {
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]);
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
}

/** What is installed here, installed there. */
export function link(folder: string, dependency: string): void {
  const path = join(folder, 'node_modules', dependency);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(resolve('node_modules', dependency), path);
}
