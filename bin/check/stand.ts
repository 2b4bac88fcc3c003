/** Where an examination takes place: what is dialled, and how. */
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';

import type { ClientOptions } from 'ws';

import type { Frame, Protocol } from '../../adapters/protocols/protocol.ts';
import type { FaultTarget } from '../../test/kit/index.ts';

export interface Stand {
  readonly url: string;
  readonly target: FaultTarget;
  readonly protocol: Protocol;
  readonly subprotocols: readonly string[];
  /** For npm `ws`: headers, and whom to trust. */
  readonly upgrade: Pick<ClientOptions, 'headers' | 'ca' | 'rejectUnauthorized'>;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Ms since the examination began. */
  readonly now: () => number;
  /** Where a server that is no WebSocket points to. */
  pointsTo?: string | undefined;
}

/** Whom a URL leads to. */
export function targetOf(url: string): FaultTarget {
  const { protocol, hostname, port } = new URL(url);
  const isSecure = protocol === 'wss:' || protocol === 'https:';
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (isSecure ? 443 : 80) : Number(port) };
}

/** A message of npm `ws`, as the dialects take it. */
export function frameIn(data: Buffer, isBinary: boolean): Frame {
  return isBinary ? new Uint8Array(data).buffer : data.toString();
}

/** For npm `ws`: all but the way is as the URL has it, so the server finds its own name in `Host`, and its certificate is asked for it. */
export function connectedTo(port: number, url: string): NonNullable<ClientOptions['createConnection']> {
  const isSecure = /^(wss|https):/i.test(url);
  const connection = (options: { host?: string }) => {
    const socket = connectTcp({ port, host: '127.0.0.1' });
    const { host = '' } = options;
    return isSecure ? connectTls({ ...options, socket, servername: isIP(host) === 0 ? host : '' }) : socket;
  };
  return connection as unknown as NonNullable<ClientOptions['createConnection']>;
}
