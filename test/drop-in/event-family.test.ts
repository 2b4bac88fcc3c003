/** A DOM may come before, after, or beside Node's own classes: the drop-in class dispatches all the same. */
import { afterEach, describe, expect, test, vi } from 'vitest';

import { listen } from '../helpers/support.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** As jsdom's and happy-dom's: a target that takes no events but those of its own kind. */
function dom() {
  class DomEvent {
    readonly type: string;
    constructor(type: string, init: object = {}) {
      this.type = type;
      Object.assign(this, init);
    }
  }
  class DomMessageEvent extends DomEvent {}
  class DomCustomEvent extends DomEvent {}
  class DomCloseEvent extends DomEvent {}
  class DomEventTarget {
    readonly #listeners: [string, (event: DomEvent) => void][] = [];
    addEventListener(type: string, listener: (event: DomEvent) => void): void {
      this.#listeners.push([type, listener]);
    }
    removeEventListener(): void {}
    dispatchEvent(event: unknown): boolean {
      if (!(event instanceof DomEvent)) throw new TypeError("parameter 1 is not of type 'Event'");
      for (const [type, listener] of this.#listeners) if (type === event.type) listener.call(this, event);
      return true;
    }
  }
  class DomBlob {
    readonly isDom = true;
  }
  return {
    Event: DomEvent,
    EventTarget: DomEventTarget,
    MessageEvent: DomMessageEvent,
    CustomEvent: DomCustomEvent,
    CloseEvent: DomCloseEvent,
    Blob: DomBlob,
  };
}

type Dom = Omit<ReturnType<typeof dom>, 'Blob'> & { Blob: unknown };

function install(classes: Partial<Dom>): void {
  for (const [name, Class] of Object.entries(classes)) vi.stubGlobal(name, Class);
}

/** One life, from the dial to the end, over a real socket: everything that is dispatched. */
async function life(when: { before?: Partial<Dom>; after?: Partial<Dom> }) {
  const { url } = await listen((socket) => {
    socket.send('text');
    socket.send(new Uint8Array([1, 2]));
  });
  install(when.before ?? {});
  vi.resetModules();
  const { HeartbeatWebSocket } = await import('../../adapters/drop-in.ts');
  install(when.after ?? {});
  const told: string[] = [];
  const socket = new HeartbeatWebSocket(url);
  await new Promise<void>((resolve) => {
    socket.onopen = () => told.push('open');
    socket.addEventListener('state', ({ detail }) => told.push(`state ${detail.state}`));
    socket.addEventListener('message', ({ data, origin }) => {
      told.push(
        typeof data === 'string' ? `${data} of ${new URL(origin).protocol}` : `${data.size ?? data.byteLength} bytes`,
      );
      if (typeof data !== 'string') socket.close(1000, 'bye');
    });
    socket.addEventListener('close', ({ code, reason, wasClean, reconnecting }) => {
      told.push(`close ${code} ${reason} ${wasClean} ${reconnecting}`);
      resolve();
    });
  });
  return { told, socket, HeartbeatWebSocket };
}

const all = [
  'state awaiting-id',
  'open',
  'state alive',
  'text of ws:',
  '2 bytes',
  'state closing',
  'state closed',
  'close 1000 bye true false',
];

describe('a life is told in full', () => {
  test('on the platform alone', async () => {
    expect((await life({})).told).toEqual(all);
  });

  test('where a DOM was there before the import: by its classes', async () => {
    const before = dom();
    const { told, socket } = await life({ before: { ...before, Blob } });
    expect(told).toEqual(all);
    expect(socket).toBeInstanceOf(before.EventTarget);
  });

  test('where it comes after the import', async () => {
    expect((await life({ after: dom() })).told).toEqual(all);
  });

  test('where it comes after the import, and another was there before', async () => {
    expect((await life({ before: { ...dom(), Blob }, after: dom() })).told).toEqual(all);
  });

  test.each(['Event', 'EventTarget', 'MessageEvent', 'CustomEvent', 'CloseEvent'] as const)(
    "where only the %s is a DOM's",
    async (name) => {
      const { [name]: Class } = dom();
      expect((await life({ before: { [name]: Class } })).told).toEqual(all);
    },
  );

  test('where there is nothing but Event and EventTarget', async () => {
    for (const name of ['MessageEvent', 'CustomEvent', 'CloseEvent']) vi.stubGlobal(name, undefined);
    expect((await life({})).told).toEqual(all);
  });
});

test('what is dispatched where the platform has no class for it is an Event with its fields', async () => {
  vi.stubGlobal('CloseEvent', undefined);
  vi.resetModules();
  for (const name of ['MessageEvent', 'CustomEvent']) vi.stubGlobal(name, undefined);
  const { CloseEvent, CustomEvent, MessageEvent } = await import('../../adapters/event-family.ts');
  expect(new MessageEvent('message')).toMatchObject({ type: 'message', data: null, origin: '' });
  expect(new CustomEvent('lost')).toMatchObject({ type: 'lost', detail: null });
  expect([MessageEvent.name, CustomEvent.name]).toEqual(['MessageEvent', 'CustomEvent']);
  expect(new CloseEvent('close')).toMatchObject({ code: 0, reason: '', wasClean: false });
  const event = new CloseEvent('close', { code: 4000, wasClean: true, cancelable: true });
  expect(event).toBeInstanceOf(Event);
  expect(event).toMatchObject({ type: 'close', code: 4000, reason: '', wasClean: true, cancelable: true });
  expect(event.constructor.name).toBe('CloseEvent');
});
