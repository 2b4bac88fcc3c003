/**
 * Where the page hears of machines: from Node processes through `@xstate/inspect`'s WebSocket protocol, from the app that opened or embeds the page
 * through its window protocol, and from recordings.
 */
import { createWebSocketReceiver, createWindowReceiver } from '@xstate/inspect';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { silent } from '../../adapters/protocols/silent.ts';
import { entriesOf } from '../bridge/receive.ts';
import { type Source, tell, waitingFor } from './store.ts';

/** What both receivers have. */
type Receiver = Pick<ReturnType<typeof createWindowReceiver>, 'send' | 'subscribe'>;

/** Its receiver makes its socket itself and never again: this one comes back, says `open` anew, and is then told everything anew. */
const Returning = HeartbeatWebSocket.with({
  protocol: silent(),
  connectTimeout: 3_000,
  backoff: { initial: 500, max: 2_000 },
});

/** @param url of an inspected process, `ws://…`; of it no more is shown than the host */
export function listenTo(url: string): void {
  const { host, pathname } = new URL(url);
  const name = `ws://${host}`;
  const socket = { made: undefined as HeartbeatWebSocket | undefined };
  const { WebSocket } = window;
  window.WebSocket = class extends Returning {
    constructor(...args: ConstructorParameters<typeof Returning>) {
      super(...args);
      socket.made = this;
    }
  };
  const receiver: Receiver = createWebSocketReceiver({ server: host + pathname, serialize: undefined });
  window.WebSocket = WebSocket;
  const waits = (isWaiting: boolean) => {
    const others = waitingFor.value.filter((each) => each !== name);
    waitingFor.value = isWaiting ? [...others, name] : others;
  };
  waits(true);
  socket.made?.addEventListener('open', () => waits(false));
  socket.made?.addEventListener('close', () => waits(true));
  attend(receiver, name);
}

/** The app that opened this page, or has it in a frame. Nothing is said to any other window, and none other is heard. */
export function listenToApp(): void {
  const app = window.parent === window ? (window.opener as Window | null) : window.parent;
  const origin = originOfApp();
  if (app === null || origin === undefined) return;
  const ours = {
    addEventListener: (type: string, listener: (event: MessageEvent) => void) =>
      window.addEventListener(type, (event) => {
        const message = event as MessageEvent;
        if (message.source === app && message.origin === origin) listener(message);
      }),
    removeEventListener: () => {},
  };
  const theirs = { postMessage: (message: unknown) => app.postMessage(message, origin) };
  const receiver: Receiver = createWindowReceiver({
    window: ours as unknown as Window,
    targetWindow: theirs as unknown as Window,
  });
  attend(receiver, origin);
}

/** The bridge names it in the address, since a page does not always learn who opened it. */
function originOfApp(): string | undefined {
  const named = new URLSearchParams(location.search).get('origin') ?? document.referrer;
  return URL.canParse(named) && /^https?:/.test(named) ? new URL(named).origin : undefined;
}

function attend(receiver: Receiver, name: string): void {
  const source: Source = {
    name,
    // As an SCXML event, which is what XState 4 takes.
    send(service, data) {
      const event = { name: data.type, data, $$type: 'scxml', type: 'external', origin: service };
      receiver.send({ type: 'xstate.event', event: JSON.stringify(event), service });
    },
  };
  const read = entriesOf();
  receiver.subscribe((event) => {
    for (const entry of read(event)) tell(source, entry);
  });
}
