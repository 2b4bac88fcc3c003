/**
 * What the tests of dialects beneath libraries share: the class with a dialect, and how often that has asked.
 */
import type { Protocol } from '../../adapters/protocols/protocol.ts';
import { beneath } from './cabled.ts';

export interface Heart {
  /** For a library that makes its own sockets. */
  readonly Class: typeof WebSocket;
  /** How often the dialect has asked. */
  readonly asked: number;
}

/** The class with a dialect, as libraries get it. */
export function heartWith(dialect: Protocol, heartbeat = { interval: 500, timeout: 1_500 }): Heart {
  let asked = 0;
  const session: Protocol['session'] = (visitor) => {
    const its = dialect.session(visitor);
    const probe = its.probe?.bind(its);
    return Object.assign(its, {
      probe(again?: boolean) {
        const answer = probe?.(again);
        if (answer?.write !== undefined) asked += 1;
        return answer;
      },
    });
  };
  return {
    Class: beneath({ ...dialect, session }, heartbeat),
    get asked() {
      return asked;
    },
  };
}

/** Asks less often than the library does, and is never the one to leave. */
export const patient = { interval: 250, timeout: 10_000 };
/** How often a library has to have been answered above a healthy line, and how long it waits for each, ms: longer altogether than it would have waited. */
export const healthy = { beats: 140, pause: 100, patience: 3_000 };
