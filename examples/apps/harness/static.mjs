/** A server of files, as plain as they get. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css' };

/** @param {Record<string, string>} beside folders by the path where they are, with a slash at its end */
export async function serveFolder(folder, beside) {
  const server = createServer(async ({ url = '/' }, response) => {
    const path = normalize(decodeURIComponent(new URL(url, 'http://127.0.0.1').pathname));
    const prefix = Object.keys(beside).find((each) => path.startsWith(each));
    const file = prefix === undefined ? join(folder, path) : join(beside[prefix], path.slice(prefix.length));
    try {
      const content = await readFile(path.endsWith('/') ? `${file}index.html` : file);
      const type = types[extname(path.endsWith('/') ? 'index.html' : path)] ?? 'application/octet-stream';
      response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
