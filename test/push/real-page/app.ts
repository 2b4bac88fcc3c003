/** What the pages of push can do. What they hear they write down at once, where all of them write, one after the other. */
import { connectPush } from '../../../push/index.ts';
import { life } from '../../line/real-page/page-life.ts';

declare global {
  interface Window {
    readonly push: typeof push;
  }
}

/** Hears a topic, and writes all of it down. What DevTools is told of, it forgets when a page goes. */
function hear(url: string, name: string): void {
  const connection = connectPush(url, { store: sessionStorage, backoff: { initial: 20, max: 200 }, closeTimeout: 200 });
  const topic = connection.topic(name);
  const note = (what: string) => localStorage.setItem('heard', `${localStorage.getItem('heard') ?? ''}${what}\n`);
  topic.on('message', (data) => note(data as string));
  topic.on('gap', ({ reason }) => note(`gap ${reason}`));
  topic.on('caught-up', () => note('caught up'));
}

/** Not one more letter fits. */
function fillStorage(): void {
  let size = 0;
  for (let more = 2 ** 24; more >= 1; more /= 2) {
    try {
      sessionStorage.setItem('full', 'x'.repeat(size + more));
      size += more;
    } catch {
      // Less may fit.
    }
  }
}

const warnings: string[] = [];
console.warn = (...words: unknown[]) => void warnings.push(words.join(' '));

const push = { hear, fillStorage, warnings };

Object.assign(window, { life, push });

// A page hears again what it heard before.
const asked = /^\/hear\/(\d+)\/(.+)$/.exec(location.pathname);
if (asked) hear(`ws://127.0.0.1:${asked[1]}`, asked[2]!);
