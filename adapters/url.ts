/**
 * What `new WebSocket(url, protocols)` accepts, and the same errors for what it does not (WHATWG WebSockets §3.1). Messages never repeat what was
 * given, nor parts of it: tokens travel in URLs and as subprotocols.
 */
import { utf8Length } from '#platform';

import { clampedShort, domString } from './web-idl.ts';

/** The URL to dial, with `http:` and `https:` made `ws:` and `wss:`. @throws {DOMException} `SyntaxError` */
export function webSocketUrl(given: unknown): string {
  const { document, location } = globalThis as { document?: { baseURI?: string }; location?: { href?: string } };
  const base = document?.baseURI ?? location?.href;
  const text = domString(given);
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw syntaxError('the URL is not valid: give an absolute one, as in wss://example.com/push');
  }
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw syntaxError("the URL's scheme must be ws or wss (http and https will do)");
  }
  if (url.href.includes('#')) throw syntaxError('the URL must not have a fragment (#…): a WebSocket cannot send one');
  return url.href;
}

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The subprotocols to offer. @throws {DOMException} `SyntaxError` */
export function subprotocols(given: readonly string[]): readonly string[] {
  const wrong = given.findIndex((protocol) => !token.test(protocol));
  if (wrong >= 0) {
    throw syntaxError(
      `protocols: number ${wrong + 1} of ${given.length} is not a token (RFC 9110 §5.6.2): letters, digits and !#$%&'*+-.^_\`|~ only`,
    );
  }
  if (new Set(given).size < given.length) throw syntaxError('protocols: each may be named only once');
  return given;
}

/** The longest reason a close frame can carry, in bytes (RFC 6455 §5.5). */
const longestReason = 123;

/** @throws {RangeError} for what no app may put into a close frame. */
export function checkClose(code: number, reason: string): void {
  const trouble = badCode(code) ?? badReason(reason);
  if (trouble !== undefined) throw new RangeError(trouble);
}

/**
 * What an app wants in a close frame, as Web IDL converts it.
 * @throws {DOMException} `InvalidAccessError` or `SyntaxError`, as `WebSocket.close()` does
 */
export function checkCloseFrame(given: unknown, because: unknown): { code: number | undefined; reason: string } {
  // `Number()` would take a BigInt.
  const code = given === undefined ? undefined : clampedShort(Math.max(given as number));
  const reason = because === undefined ? '' : domString(because);
  const badly = code === undefined ? undefined : badCode(code);
  if (badly !== undefined) throw new DOMException(badly, 'InvalidAccessError');
  const tooLong = badReason(reason);
  if (tooLong !== undefined) throw syntaxError(tooLong);
  return { code, reason };
}

function badCode(code: number): string | undefined {
  if (code === 1000 || (Number.isInteger(code) && code >= 3000 && code <= 4999)) return undefined;
  return `close: code must be 1000 or from 3000 to 4999, not ${code}`;
}

function badReason(reason: string): string | undefined {
  if (utf8Length(reason) <= longestReason) return undefined;
  return `close: reason must not be longer than ${longestReason} bytes in UTF-8`;
}

export function syntaxError(message: string): DOMException {
  return new DOMException(message, 'SyntaxError');
}
