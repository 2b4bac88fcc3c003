import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the rigs are made: the URL of a control server on loopback. */
    rigs: string;
  }
}

/** Starts the far end of the adapter suite in a process of its own, so that a busy test runner does not delay what is measured. */
export default async function rig({ config: { root }, provide }: TestProject): Promise<() => Promise<void>> {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const built = mkdtempSync(join(cache, 'systole-rig-'));
  // Here, below node_modules, no package.json of ours says that this is ESM; `ws` is found all the same.
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }');
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'test/websockets/rig'), '--outDir', built],
    { cwd: root, stdio: 'inherit' },
  );

  // The far end is Node's, whoever is judged.
  const isNode = !('bun' in process.versions || 'deno' in process.versions);
  const server = spawn(isNode ? process.execPath : 'node', [join(built, 'test/websockets/rig/rig-server.js')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const left = once(server, 'exit');
  const [port] = await Promise.race([
    once(server, 'message') as Promise<[number]>,
    left.then(([code]) => Promise.reject(new Error(`the rig server left with ${code}`))),
  ]);
  provide('rigs', `http://127.0.0.1:${port}`);
  return async () => {
    if (server.connected) server.disconnect();
    await left;
    rmSync(built, { recursive: true, force: true });
  };
}
