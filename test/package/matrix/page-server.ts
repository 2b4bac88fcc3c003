/** Serves a page that lives where it is told to: in itself, or in a worker of it; and hears what is told there. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { text } from 'node:stream/consumers';

import { expect, onTestFinished } from 'vitest';

import { doors, stage, Told } from './stage.ts';

/** Opens the address, in a window. */
export type Open = (address: string) => Promise<unknown>;

/**
 * @param folder what is served
 * @param script its script that lives, `live-page.mjs` as it was bundled
 * @param where `window`, or which worker
 */
export async function expectLifeInPage(open: Open, folder: string, script: string, where = 'window'): Promise<void> {
  const tellers = new Map(['troubles', ...doors].map((name) => [name, new Told()]));
  const server = createServer((request, response) => void answer(request, response, folder, tellers));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const stages = await Promise.all(doors.map(async (door) => [door, await stage()] as const));
  const urls = Object.fromEntries(stages.map(([door, { url }]) => [door, url]));
  await open(`http://127.0.0.1:${port}/?${new URLSearchParams({ ...urls, script, where })}`);
  const troubles = tellers.get('troubles')!;
  const led = Promise.all(stages.map(([door, { lead }]) => lead(tellers.get(door)!)));
  // Where there is trouble, nothing else may ever come.
  await troubles.line(/./);
  expect(troubles.lines).toEqual(['none']);
  await led;
}

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' };

const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>a life</title>
<script type="module">
  const { searchParams } = new URL(location.href);
  const script = '/' + searchParams.get('script') + '?' + searchParams;
  const type = 'module';
  const trouble = ({ message }) => fetch('/told?where=troubles', { method: 'POST', body: message ?? 'a script that cannot be had' });
  const begin = {
    'window': () => import(script),
    'dedicated worker': () => { new Worker(script, { type }).onerror = trouble; },
    'shared worker': () => { new SharedWorker(script, { type }).onerror = trouble; },
    'service worker': () => navigator.serviceWorker.register(script, { type }),
  };
  Promise.resolve().then(begin[searchParams.get('where')]).catch(trouble);
</script>`;

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  folder: string,
  tellers: ReadonlyMap<string, Told>,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url!, 'http://127.0.0.1');
  if (pathname === '/told') {
    const line = await text(request);
    response.writeHead(204).end();
    return tellers.get(searchParams.get('where')!)!.tell(line);
  }
  const path = pathname === '/' ? '/index.html' : normalize(pathname);
  const found = await readFile(join(folder, path)).catch(() => undefined);
  if (found === undefined && pathname !== '/') return void response.writeHead(404).end();
  response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(found ?? page);
}
