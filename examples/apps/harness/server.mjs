/** The server of an example: its own, in a process, or the common one. */
import { child } from './child.mjs';
import { startFeed } from './feed.mjs';

const never = new Promise(() => {});

/** @returns its `port` on 127.0.0.1, `ended` when it has gone by itself, and `close()` */
export async function startServer({ folder, server }, heartbeat) {
  if (server === undefined) return { ended: never, ...(await startFeed(heartbeat)) };
  return new Promise((resolve, reject) => {
    const process = child([server], {
      cwd: folder,
      env: { PORT: '0', HEARTBEAT: heartbeat },
      says(line) {
        console.log(`server: ${line}`);
        const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
        if (port !== undefined) resolve({ ...process, port: Number(port) });
      },
    });
    void process.ended.then(() => reject(new Error(`${server} has ended before it said where it listens`)));
  });
}
