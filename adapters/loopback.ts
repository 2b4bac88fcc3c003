/**
 * Who may connect to a server on loopback. Every web page in a browser on this machine can try: one that made its own name resolve to
 * 127.0.0.1 (DNS rebinding) is told by its Host, any other by its Origin.
 */
import type { IncomingHttpHeaders } from 'node:http';

const loopbackNames: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Why an upgrade is refused; undefined: it is welcome. */
export function refusal(
  { host, origin }: Pick<IncomingHttpHeaders, 'host' | 'origin'>,
  allowedOrigins: ReadonlySet<string> = new Set(),
): string | undefined {
  if (!isLoopbackHost(host)) return `the Host ${host ?? '(none)'} is not this machine`;
  // Only browsers send an Origin, and they always do.
  if (origin === undefined || isLoopbackOrigin(origin) || allowedOrigins.has(origin)) return undefined;
  return `the Origin ${origin} is not allowed`;
}

function isLoopbackHost(host = ''): boolean {
  return loopbackNames.has(host.toLowerCase().replace(/:\d+$/, ''));
}

function isLoopbackOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return (protocol === 'http:' || protocol === 'https:') && loopbackNames.has(hostname);
}

/** An origin as browsers write it (RFC 6454 §6.2); undefined for what is none. */
export function originOf(given: string): string | undefined {
  if (given === 'null') return given;
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+\/?$/i.test(given) || !URL.canParse(given)) return undefined;
  const { protocol, host } = new URL(given);
  return `${protocol}//${host}`;
}
