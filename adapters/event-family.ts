/**
 * The events of one platform, taken once: a DOM that a test tool installs later, or beside Node's own classes, has an `EventTarget` that dispatches no
 * `Event` but its own. Where the globals do not fit together, those are taken that an `AbortSignal` is and dispatches: these always do.
 */

const family: Family = fits(globalThis) ? globalThis : familyOfSignals();

export const { Event, EventTarget } = family;

export const MessageEvent = ofFamily('MessageEvent', { data: null, origin: '' });
export const CustomEvent = ofFamily('CustomEvent', { detail: null });
/** Node 20 and 22 have none. */
export const CloseEvent = ofFamily('CloseEvent', { code: 0, reason: '', wasClean: false });
export const Blob = globalThis.Blob;

interface Family {
  readonly Event: typeof globalThis.Event;
  readonly EventTarget: typeof globalThis.EventTarget;
}

function fits(offered: Family): boolean {
  try {
    return new offered.EventTarget().dispatchEvent(new offered.Event('try'));
  } catch {
    return false;
  }
}

function familyOfSignals(): Family {
  const controller = new AbortController();
  const found: Record<string, unknown> = {};
  controller.signal.addEventListener('abort', (event) => {
    found['Event'] = event.constructor;
  });
  controller.abort();
  found['EventTarget'] = (Object.getPrototypeOf(AbortSignal.prototype) as object).constructor;
  return found as unknown as Family;
}

type Events = Pick<typeof globalThis, 'MessageEvent' | 'CustomEvent' | 'CloseEvent'>;

/** The platform's class where it is of the family. @param fields what it has beyond an `Event`, by default */
function ofFamily<T extends keyof Events>(name: T, fields: Readonly<Record<string, unknown>>): Events[T] {
  const platform = (globalThis as Partial<Events>)[name];
  if (platform?.prototype instanceof Event) return platform;
  const { [name]: Own } = {
    [name]: class extends Event {
      constructor(type: string, init: EventInit & Record<string, unknown> = {}) {
        super(type, init);
        for (const [field, value] of Object.entries(fields)) Object.assign(this, { [field]: init[field] ?? value });
      }
    },
  };
  return Own as never;
}
