/** `next build`, and then `next start` on a port that is free. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

process.env.NEXT_TELEMETRY_DISABLED = '1';
const dir = fileURLToPath(new URL('.', import.meta.url));
const command = createRequire(import.meta.url).resolve('next/dist/bin/next');

console.log('next build …');
const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'build', dir], { encoding: 'utf8' });
if (status !== 0) {
  console.error(stdout, stderr);
  process.exit(1);
}

const { default: next } = await import('next');
const app = next({ dir, dev: false });
await app.prepare();
const server = createServer(app.getRequestHandler());
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
await once(server, 'listening');
console.log(`next: http://127.0.0.1:${server.address().port}/`);
process.on('SIGINT', () => process.exit());
