/** The app of an example: a page, or a process. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { child } from './child.mjs';
import { apps } from './listed.mjs';
import { serveFolder } from './static.mjs';

const never = new Promise(() => {});

/** @returns its `address`, where it is a page; `ended` when it has gone by itself; and `close()` */
export function startApp({ kind, folder, main }, { feed, heartbeat }) {
  const query = new URLSearchParams({ feed, heartbeat });
  const env = { FEED: feed, HEARTBEAT: heartbeat };
  switch (kind) {
    case 'page':
      return vitePage(folder, env);
    case 'static':
      return staticPage(folder, query);
    case 'app':
      return ownPage({ folder, main }, env);
    case 'node':
      return child([main, feed], { cwd: folder, env });
    case 'server':
      return watch(folder, feed, Number(heartbeat));
    default:
      throw new Error(`${folder}/example.json: there is no kind "${kind}"`);
  }
}

function watch(folder, feed, interval) {
  const systole = join(apps, 'node_modules/systole/dist/bin/systole.js');
  const numbers = ['--interval', `${interval}`, '--timeout', `${interval / 2}`];
  return child([systole, 'watch', feed, ...numbers], { cwd: folder });
}

async function vitePage(folder, env) {
  const { createServer } = await import('vite');
  // What begins with VITE_ reaches the page, as `import.meta.env`.
  for (const [name, value] of Object.entries(env)) process.env[`VITE_${name}`] = value;
  const config = ['js', 'mjs', 'ts'].map((end) => join(folder, `vite.config.${end}`)).find((path) => existsSync(path));
  const vite = await createServer({
    root: folder,
    configFile: config ?? false,
    logLevel: 'warn',
    // Several may be looked at at once: each has a cache of its own, and the next free port.
    cacheDir: join(apps, 'node_modules/.vite', folder.split(/[\\/]/).at(-1)),
    server: { host: '127.0.0.1', port: 5_173 },
  });
  await vite.listen();
  return {
    ended: never,
    address: `http://127.0.0.1:${vite.httpServer.address().port}/`,
    close: () => vite.close(),
  };
}

/** A process that serves pages, and says where. */
function ownPage({ folder, main }, env) {
  return new Promise((resolve, reject) => {
    const process = child([main], {
      cwd: folder,
      env: { ...env, PORT: '0' },
      says(line) {
        console.log(line);
        const [address] = /http:\/\/127\.0\.0\.1:\d+\//.exec(line) ?? [];
        if (address !== undefined) resolve({ ...process, address });
      },
    });
    void process.ended.then(() => reject(new Error(`${main} has ended before it said where its pages are`)));
  });
}

async function staticPage(folder, query) {
  // Beside the page, as on a server of files.
  const server = await serveFolder(folder, { '/node_modules/': join(apps, 'node_modules') });
  return { ended: never, address: `http://127.0.0.1:${server.port}/?${query}`, close: () => server.close() };
}
