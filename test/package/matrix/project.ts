/** Empty projects, into which the packed package has been installed as its users install it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pack } from '../packed.ts';

type Ranges = Record<string, string>;

const { dependencies, peerDependencies, engines } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
  'dependencies' | 'peerDependencies' | 'engines',
  Ranges
>;

/** What the package asks for, as its ranges have it. */
export const newest: Ranges = { ...dependencies, ...peerDependencies };
/** The lowest version of each that its ranges admit. */
export const lowest: Ranges = Object.fromEntries(Object.entries(newest).map(([name, range]) => [name, floorOf(range)]));
export const lowestNode = `${floorOf(engines['node']!)}.0.0`;

/** Of a range as we write them. */
function floorOf(range: string): string {
  const [, version] = /^(?:\^|>=)([\d.]+)$/.exec(range) ?? [];
  if (version === undefined) throw new Error(`what is the lowest version of ${range}?`);
  return version;
}

export interface Project {
  folder: string;
  remove: () => void;
}

/** Puts files that lie here into it. */
export function take({ folder }: Pick<Project, 'folder'>, ...files: string[]): void {
  for (const file of files) copyFileSync(new URL(file, import.meta.url), join(folder, file));
}

/** @param among where other packages are found from as well */
export function project(versions: Ranges, among = tmpdir()): Project {
  const folder = mkdtempSync(join(among, 'systole-project-'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const packages = Object.entries(versions).map(([name, range]) => `${name}@${range}`);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--silent', pack(folder), ...packages], { cwd: folder });
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
