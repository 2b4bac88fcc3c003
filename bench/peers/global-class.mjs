/** For libraries that know no class but the global one, which Node 20 has not. */
import { WebSocket as Ws } from 'ws';

/** npm `ws`, without compression, as all are measured. */
export class PlainWebSocket extends Ws {
  constructor(url, protocols) {
    super(url, protocols, { perMessageDeflate: false });
  }
}

/** What the library finds there, from now on. */
export function beGlobal(WebSocket = PlainWebSocket) {
  globalThis.WebSocket = WebSocket;
}
