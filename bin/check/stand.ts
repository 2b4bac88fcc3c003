/** Where an examination takes place: what is dialled, and how. */
import type { ClientOptions } from 'ws';

import type { Protocol } from '../../adapters/protocols/protocol.ts';
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
