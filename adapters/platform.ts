/** What depends on where we run, where that is no Node: the platform's own class, what it cannot do, and what a text weighs. */
import type { Rules } from './check.ts';
import type { Beyond, WebSocketClass } from './web-socket.ts';

export function defaultWebSocket(): WebSocketClass {
  if (typeof WebSocket !== 'function') {
    throw new TypeError('WebSocket: this platform has none of its own; give one as the option `WebSocket`');
  }
  return WebSocket;
}

/** As it was before an app put a class of ours in its place. */
const first = globalThis.WebSocket as WebSocketClass | undefined;

/** What the platform has. @throws {TypeError} where it has none */
export function firstWebSocket(): WebSocketClass {
  return first ?? defaultWebSocket();
}

/** Nothing that pages have is beyond the standard. */
export function beyond(): Beyond | undefined {
  return undefined;
}

export const canPing: (WebSocketClass: WebSocketClass) => boolean = () => false;

const noneOf = (): string =>
  'left out: no page can send headers, or has npm ws; put a token into the URL, or into protocols';

export const upgradeRules: Rules = { headers: noneOf, wsOptions: noneOf };

/** What consoles of pages show is theirs. */
export function display(): void {}

/** Nothing. */
export function furtherOf(): undefined {
  return undefined;
}

/** Jest's jsdom has none. */
const encoder = typeof TextEncoder === 'function' ? new TextEncoder() : undefined;
const scratch = new Uint8Array(4_096);

/** Bytes of a text on the wire; of a lone surrogate, which is sent as U+FFFD, three. Counting in JavaScript would cost a third of sending it. */
export function utf8Length(text: string): number {
  if (encoder === undefined) return new Blob([text]).size;
  let bytes = 0;
  for (let at = 0; at < text.length;) {
    const { read, written } = encoder.encodeInto(at === 0 ? text : text.slice(at), scratch);
    at += read;
    bytes += written;
  }
  return bytes;
}
