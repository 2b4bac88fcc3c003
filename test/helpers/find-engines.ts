import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export type EngineName = 'redis-server' | 'nats-server';

/** The engine's binary. */
export function findEngine(name: EngineName): string | undefined {
  return findBinary(name);
}

/** On the PATH, or where Debian has it, whoever calls. */
export function findBinary(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/usr/local/bin'];
  return folders.map((folder) => join(folder || '.', name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
