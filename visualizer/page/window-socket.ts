/**
 * The app that opened this page, or has it in a frame, as a WebSocket: so the line to it has the heart that every other one has. It opens when the app
 * answers a heartbeat, and carries nothing but them; whatever else the app posts is a sign of life, and read elsewhere.
 */
import type { WebSocketClass, WebSocketLike } from '../../adapters/web-socket.ts';
import { anySubprotocol, heartbeat, heartbeatText, subprotocol } from '../bridge/commands.ts';

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

/** How long an app may take to answer before it counts as one that does not know how, ms. */
const patience = 1_000;
/** How often it is looked whether its window is still there, ms. */
const pace = 500;

/** @param origin of the app; nobody else is heard */
export function windowSocketOf(app: Window, origin: string): WebSocketClass {
  /** It has answered before: its silence says something. */
  let isOurs = false;

  return class WindowSocket implements WebSocketLike {
    onopen: WebSocketLike['onopen'] = null;
    onmessage: WebSocketLike['onmessage'] = null;
    onclose: WebSocketLike['onclose'] = null;
    onerror: WebSocketLike['onerror'] = null;
    binaryType = 'arraybuffer';
    protocol = '';
    readyState: number = CONNECTING;
    readonly bufferedAmount = 0;
    readonly #looking = setInterval(() => this.#look(), pace);
    readonly #waiting = isOurs ? undefined : setTimeout(() => this.#open(anySubprotocol), patience);

    constructor() {
      addEventListener('message', this.#hear);
      this.send();
    }

    /** Whatever a line of ours sends is a heartbeat. */
    send(): void {
      app.postMessage(heartbeat, origin);
    }

    close(): void {
      this.readyState = CLOSED;
      clearInterval(this.#looking);
      clearTimeout(this.#waiting);
      removeEventListener('message', this.#hear);
    }

    readonly #hear = ({ source, origin: theirs, data }: MessageEvent): void => {
      if (source !== app || theirs !== origin) return;
      const isBeat = (data as { type?: unknown } | null)?.type === heartbeat.type;
      if (isBeat && this.readyState === CONNECTING) return this.#open(subprotocol);
      // It took its time: from now on it is known.
      if (isBeat && this.protocol !== subprotocol) return this.#lose();
      if (this.readyState === OPEN) this.onmessage?.({ data: isBeat ? heartbeatText : '' } as never);
    };

    #open(protocol: string): void {
      clearTimeout(this.#waiting);
      isOurs ||= protocol === subprotocol;
      this.protocol = protocol;
      this.readyState = OPEN;
      this.onopen?.({} as never);
    }

    #look(): void {
      if (app.closed) this.#lose();
    }

    #lose(): void {
      isOurs = true;
      this.close();
      this.onclose?.({ code: 1006, reason: '', wasClean: false } as never);
    }
  };
}
