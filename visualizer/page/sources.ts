/**
 * Where the page hears of machines: from Node processes through `@xstate/inspect`'s WebSocket protocol, from the app that opened or embeds the page
 * through its window protocol, and from recordings. Each line has a heart: what is not heard of any more is shown as it was.
 */
import { createWebSocketReceiver, createWindowReceiver } from '@xstate/inspect';

import type { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { isBottomless } from '../bridge/bounds.ts';
import { entriesOf } from '../bridge/receive.ts';
import { hearingOf, Line } from './line.ts';
import { lose, type Source, sources, tell } from './store.ts';
import { windowSocketOf } from './window-socket.ts';

/** What both receivers have. */
type Receiver = Pick<ReturnType<typeof createWindowReceiver>, 'send' | 'subscribe'>;

/** A page in a frame may be laid over, and clicked without being seen: it tells nobody but the app that frames it. */
const isFramed = window.parent !== window;

/** @param url of an inspected process, `ws://…`; of it no more is shown than the host */
export function listenTo(url: string): void {
  const { host, pathname } = new URL(url);
  const made: HeartbeatWebSocket[] = [];
  const { WebSocket } = window;
  // Its receiver makes its socket itself, and never again: this one comes back, and is then told everything anew.
  window.WebSocket = class extends Line {
    constructor(where: string | URL) {
      super(String(where), [], { WebSocket });
      made.push(this);
    }
  };
  const receiver: Receiver = createWebSocketReceiver({ server: host + pathname, serialize: undefined });
  window.WebSocket = WebSocket;
  attend(receiver, made[0]!, `ws://${host}`, !isFramed);
}

/** The app that opened this page, or has it in a frame. Nothing is said to any other window, and none other is heard. */
export function listenToApp(): void {
  const app = isFramed ? window.parent : (window.opener as Window | null);
  const origin = originOfApp();
  if (app === null || origin === undefined) return;
  const line = new Line(origin.replace(/^http/, 'ws'), [], { WebSocket: windowSocketOf(app, origin) });
  const ours = {
    addEventListener: (type: string, listener: (event: MessageEvent) => void) =>
      window.addEventListener(type, (event) => {
        const message = event as MessageEvent;
        if (message.source === app && message.origin === origin && !isBottomless(message.data)) listener(message);
      }),
    removeEventListener: () => {},
  };
  const theirs = {
    postMessage(message: unknown) {
      if (line.readyState === line.OPEN) app.postMessage(message, origin);
    },
  };
  const receiver: Receiver = createWindowReceiver({
    window: ours as unknown as Window,
    targetWindow: theirs as unknown as Window,
  });
  line.addEventListener('open', () => receiver.send({ type: 'xstate.inspecting' }));
  attend(receiver, line, origin, true);
}

/** The bridge names it in the address, since a page does not always learn who opened it. */
function originOfApp(): string | undefined {
  const named = new URLSearchParams(location.search).get('origin') ?? document.referrer;
  return URL.canParse(named) && /^https?:/.test(named) ? new URL(named).origin : undefined;
}

function attend(receiver: Receiver, line: HeartbeatWebSocket, name: string, mayTell: boolean): void {
  const source: Source = {
    name,
    hearing: hearingOf(line, (heardAt) => lose(source, heardAt)),
    // As an SCXML event, which is what XState 4 takes.
    send: mayTell
      ? (service, data) => {
          const event = { name: data.type, data, $$type: 'scxml', type: 'external', origin: service };
          receiver.send({ type: 'xstate.event', event: JSON.stringify(event), service });
        }
      : undefined,
  };
  sources.value = [...sources.value, source];
  const read = entriesOf();
  receiver.subscribe((event) => {
    for (const entry of read(event)) tell(source, entry);
  });
}
