/**
 * `systole/inspect` in a browser: opens the visualizer, or shows it in a frame, and speaks `@xstate/inspect`'s window protocol with it.
 *
 * Posts to the origin of its URL only, hears no other window than the one it opened, and tells nothing before that one says that it is there.
 */
import type { Entry } from '../entry.ts';
import { obey } from './commands.ts';
import { framesOf } from './encoder.browser.ts';
import { History } from './history.ts';
import type { BrowserOptions, Inspection } from './inspect.types.ts';
import { harmless, observe } from './observe.ts';
import type { InspectorFrame } from './services.ts';
import { checkOptions, SharedInspections } from './shared.ts';

export { observe };

/** One that can be shown again: its window was blocked, or has been closed. */
interface Shown extends Inspection {
  show(): void;
}

const shared = new SharedInspections<Shown>();

export function inspect(options: BrowserOptions = {}): Inspection {
  checkOptions(options);
  const { url = 'http://127.0.0.1:4400/', iframe, redact, send } = options;
  const key = { url, iframe, redact, send };
  const known = shared.for(key);
  known?.show();
  return known ?? open(url, key);
}

function open(url: string, options: BrowserOptions): Inspection {
  const { iframe, redact, send } = options;
  const { origin } = new URL(url);
  const history = new History<InspectorFrame>(sizeOf);
  let popup: Window | null = null;
  let isListening = false;

  const target = (): Window | null => (iframe === undefined ? popup : (iframe.contentWindow as Window | null));
  const post = (frames: readonly InspectorFrame[]): void => {
    for (const frame of frames) target()?.postMessage(frame, origin);
  };
  const observation = observe(
    harmless((entry: Entry) => {
      const frames = framesOf(entry);
      history.keep(entry, frames);
      if (isListening) post(frames);
    }),
    { redact, send },
  );
  const hear = ({ source, origin: theirs, data }: MessageEvent): void => {
    if (source === null || source !== target() || theirs !== origin) return;
    obey(data, observation, () => {
      isListening = true;
      post(history.all());
    });
  };
  const show = (): void => {
    if (iframe !== undefined || (popup !== null && !popup.closed)) return;
    isListening = false;
    popup = window.open(addressOf(url), 'xstateinspector');
    if (popup !== null) return;
    console.warn(
      `systole/inspect: the browser has blocked the window of ${url}; allow pop-ups here, or call inspect() when a button is pressed, or show it in a frame, as in inspect({ iframe })`,
    );
  };
  const stop = (): void => {
    shared.forget(inspection);
    window.removeEventListener('message', hear);
    observation.stop();
    history.clear();
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
