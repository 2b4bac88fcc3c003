/**
 * What `systole watch` and `systole check` dial, and what they give npm `ws` beyond the URL: headers, whom to trust, and an ear for where a server points to instead. No message repeats a value.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http';
import { rootCertificates } from 'node:tls';

import { WebSocket } from 'ws';

import type { ConnectOptions } from '../adapters/connect.ts';
import { connectionInput } from '../adapters/options.ts';
import type { WebSocketClass } from '../adapters/web-socket.ts';
import { Failure, UsageError } from './arguments.ts';
import { printable } from './terminal.ts';

/** @throws {UsageError} before anything is dialled, or a file written */
export function checkDial(url: string, options: ConnectOptions): void {
  try {
    connectionInput(url, options);
  } catch (error) {
    // Its message names what is wrong and does not repeat the URL.
    if (error instanceof DOMException) throw new UsageError(error.message.replace('protocols:', '--subprotocol:'));
    throw error;
  }
}

/** Without what may be secret: all but the host. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname, search } = new URL(url);
  return printable(`${protocol.replace('http', 'ws')}//${host}${pathname === '/' && search === '' ? '' : '/…'}`);
}

/** Headers with which the upgrade itself is made. */
const ofTheUpgrade = /^(connection|upgrade|sec-websocket-(?!protocol$).*)$/i;

/**
 * By name; what is there twice is one list (RFC 9110 §5.3, for cookies RFC 6265 §4.2.1).
 * @throws {UsageError} that says which header, and repeats nothing of it: without its colon, or with another one, all of it may be secret
 */
export function headersIn(given: readonly string[]): Record<string, string> {
  const headers = new Map<string, { name: string; values: string[] }>();
  for (const [i, header] of given.entries()) {
    const which = `number ${i + 1} of ${given.length}`;
    const colon = header.indexOf(':');
    const name = header.slice(0, Math.max(colon, 0)).trim();
    const value = header.slice(colon + 1).trim();
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw new UsageError(`--header must be 'Name: value', as HTTP has it; ${which} is not`);
    }
    const key = name.toLowerCase();
    if (key === 'sec-websocket-protocol') throw new UsageError(`--header: ${which} is what --subprotocol offers`);
    if (ofTheUpgrade.test(key)) throw new UsageError(`--header: ${which} is set by the upgrade itself`);
    const known = headers.get(key);
    if (known === undefined) headers.set(key, { name, values: [value] });
    else known.values.push(value);
  }
  return Object.fromEntries(
    [...headers].map(([key, { name, values }]) => [name, values.join(key === 'cookie' ? '; ' : ', ')]),
  );
}

/** What is said wherever `--insecure` is in force. */
export const insecurity =
  "INSECURE: nobody's certificate is checked; whoever is on the way reads and changes all of it, tokens too";

/**
 * Whose certificates are taken, for npm `ws`.
 * @throws {UsageError} where that would be passed over in silence
 * @throws {Failure} for a file that has no certificates
 */
export function trustIn(
  url: string,
  { insecure, ca }: { insecure?: boolean; ca?: string },
): { rejectUnauthorized?: false; ca?: string[] } {
  if (!insecure && ca === undefined) return {};
  if (insecure && ca !== undefined) throw new UsageError('--insecure and --ca do not go together: one trusts anybody');
  const option = insecure ? '--insecure' : '--ca';
  if (!/^(wss|https):$/.test(new URL(url).protocol)) {
    throw new UsageError(`${option} goes with wss:// only: ws:// has no certificates`);
  }
  // Node takes `ca` instead of all others.
  return ca === undefined ? { rejectUnauthorized: false } : { ca: [...rootCertificates, ...certificatesIn(ca)] };
}

function certificatesIn(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    throw new Failure(`--ca: the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) {
    throw new Failure("--ca: there is no certificate in the file; it must be PEM: '-----BEGIN CERTIFICATE-----' …");
  }
  const wrong = found.findIndex((each) => !isCertificate(each));
  if (wrong >= 0) throw new Failure(`--ca: certificate ${wrong + 1} of ${found.length} in the file is none`);
  return found;
}

function isCertificate(pem: string): boolean {
  try {
    return Boolean(new X509Certificate(pem));
  } catch {
    return false;
  }
}

/** npm `ws`, of which one also hears where the last server that was no WebSocket points to. */
export function attentive(): { WebSocket: WebSocketClass; pointsTo: () => string | undefined } {
  let location: string | undefined;
  class Attentive extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      location = undefined;
      super(...args);
      this.on('unexpected-response', (_, { headers }: IncomingMessage) => {
        location = headers.location;
      });
    }
  }
  return { WebSocket: Attentive, pointsTo: () => location };
}
