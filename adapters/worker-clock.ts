/**
 * Timers that tick in hidden pages too, where browsers let the page's own fire once a second, and after five minutes once a minute.
 *
 * A clock for `connect(url, { clock: workerClock })`, of npm `worker-timers`, which an app installs beside systole. It runs in a worker made from a
 * `blob:` URL, which a Content-Security-Policy has to allow (`worker-src blob:`). Browsers only; not in their extensions.
 */
import { clearTimeout, setTimeout } from 'worker-timers';

import { type Clock, systemClock } from './clock.ts';

export const workerClock: Required<Clock> = {
  ...systemClock,
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (id) => clearTimeout(id as number),
};
