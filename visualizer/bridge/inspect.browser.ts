/**
 * `systole/inspect` in a browser: opens the visualizer, or shows it in a frame, and speaks `@xstate/inspect`'s window protocol with it.
 *
 * Posts to the origin of its URL only, hears no other window than the one it opened, and tells nothing before that one says that it is there. What it
 * is told at first it is told in parts, one replay at a time, and no more than a few in a second, however often it asks.
 */
import type { Entry } from '../entry.ts';
import { heartbeat, obey } from './commands.ts';
import { framesOf } from './encoder.browser.ts';
import { History } from './history.ts';
import type { BrowserOptions, Inspection } from './inspect.types.ts';
import { harmless, observe } from './observe.ts';
import type { InspectorFrame } from './services.ts';
import { checkOptions, type Naming, SharedInspections, under } from './shared.ts';

export { observe };

/** One that can be shown again: its window was blocked, or has been closed. */
interface Shown extends Naming {
  show(): void;
}

/** Characters that are posted in one turn; others have the next one. */
const handful = 2 ** 20;
/** From one replay to the next, ms. A window has no word for how much of what it was posted it has yet to read. */
const pace = 250;

const shared = new SharedInspections<Shown>();

export function inspect(options: BrowserOptions = {}): Inspection {
  checkOptions(options);
  const { name, url = 'http://127.0.0.1:4400/', iframe, redact, send } = options;
  const key = { url, iframe, redact, send };
  const known = shared.for(key);
  known?.show();
  return under(name, known ?? open(url, key));
}

function open(url: string, options: BrowserOptions): Shown {
  const { iframe, redact, send } = options;
  const { origin } = new URL(url);
  const history = new History<InspectorFrame>(sizeOf);
  let popup: Window | null = null;
  let waiting: InspectorFrame[] = [];
  let replay: ReturnType<typeof setTimeout> | undefined;
  let replayedAt = -Infinity;
  let isListening = false;

  const target = (): Window | null => (iframe === undefined ? popup : (iframe.contentWindow as Window | null));
  const post = (): void => {
    let posted = 0;
    let next = 0;
    for (; next < waiting.length && posted < handful; next += 1) {
      const frame = waiting[next]!;
      target()?.postMessage(frame, origin);
      posted += sizeOf(frame);
    }
    waiting = waiting.slice(next);
    if (waiting.length > 0) setTimeout(post);
  };
  const tell = (frames: readonly InspectorFrame[]): void => {
    const isPosting = waiting.length > 0;
    waiting.push(...frames);
    if (!isPosting) post();
  };
  /** Also in the middle of a replay: the page may have been loaded anew. */
  const begin = (): void => {
    const isPosting = waiting.length > 0;
    replay = undefined;
    replayedAt = performance.now();
    isListening = true;
    waiting = history.all();
    if (!isPosting) post();
  };
  const observation = observe(
    harmless((entry: Entry) => {
      const frames = framesOf(entry);
      history.keep(entry, frames);
      if (isListening) tell(frames);
    }),
    { redact, send },
  );
  const hear = ({ source, origin: theirs, data }: MessageEvent): void => {
    if (source === null || source !== target() || theirs !== origin) return;
    obey(data, observation, {
      replay() {
        replay ??= setTimeout(begin, Math.max(0, replayedAt + pace - performance.now()));
      },
      beat: () => target()?.postMessage(heartbeat, origin),
    });
  };
  const show = (): void => {
    if (iframe !== undefined || (popup !== null && !popup.closed)) return;
    isListening = false;
    waiting = [];
    popup = window.open(addressOf(url), 'xstateinspector');
    if (popup !== null) return;
    console.warn(
      `systole/inspect: the browser has blocked the window of ${origin}; allow pop-ups here, or call inspect() when a button is pressed, or show it in a frame, as in inspect({ iframe })`,
    );
  };
  const stop = (): void => {
    shared.forget(inspection);
    window.removeEventListener('message', hear);
    observation.stop();
    history.clear();
    waiting = [];
    clearTimeout(replay);
  };

  const inspection: Shown = Object.assign(observation.bind(undefined), { stop, show });
  window.addEventListener('message', hear);
  if (iframe === undefined) show();
  else iframe.src = addressOf(url);
  shared.keep({ url, ...options }, inspection);
  return inspection;
}

/** A page does not always learn who opened it. */
function addressOf(url: string): string {
  const address = new URL(url);
  address.searchParams.set('origin', location.origin);
  return address.href;
}

function sizeOf(frame: InspectorFrame): number {
  return Object.values(frame).reduce<number>((sum, field) => sum + (typeof field === 'string' ? field.length : 0), 0);
}
