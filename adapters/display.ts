/**
 * What `console.log` shows of a connection and of a WebSocket, on Node, Deno and Bun: five lines, and nothing that may be secret. Neither URL, headers,
 * subprotocols nor messages; of the session's id the end.
 */
import type { Cause, State } from '../machines/events.ts';
import { shortName } from './short-name.ts';

/** What is shown of a WebSocket is its connection, where it has one. */
interface Displayed {
  readonly readyState?: number;
  readonly connection?: Displayed | undefined;
  readonly snapshot?: {
    readonly state: State;
    readonly since: number;
    readonly cause: Cause | undefined;
    readonly attempt: number;
    readonly nextDialAt: number | undefined;
    readonly id: string | undefined;
    readonly roundTripTime: number | undefined;
    readonly clockOffset: number | undefined;
    readonly unconfirmed: object | undefined;
  };
  readonly lastHeardAt?: number | undefined;
  readonly bufferedAmount?: number;
}

type Inspect = (value: unknown, options: object) => string;

const readyStates = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];

export function display(prototype: object): void {
  // As Node calls it, and others after it (https://nodejs.org/api/util.html#utilinspectcustom).
  Object.defineProperty(prototype, Symbol.for('nodejs.util.inspect.custom'), {
    configurable: true,
    writable: true,
    value(this: Displayed, _depth: number, options: object, inspect: Inspect): string {
      const lines = linesOf(this).map((line) =>
        Object.entries(line)
          .filter(([, value]) => value !== undefined)
          .map(([key, value]) => `${key}: ${inspect(value, options)}`)
          .join(', '),
      );
      const told = lines.filter((line) => line !== '').map((line) => `  ${line}\n`);
      return `${this.constructor.name} {\n${told.join('')}}`;
    },
  });
}

function linesOf(displayed: Displayed): object[] {
  const { snapshot, lastHeardAt } = displayed.snapshot ? displayed : (displayed.connection ?? {});
  const { state, since, cause, attempt, nextDialAt, id, roundTripTime, clockOffset, unconfirmed } = snapshot ?? {};
  const { readyState, bufferedAmount } = displayed;
  const whole = (ms: number | undefined) => ms && Math.round(ms);
  return [
    {
      readyState: readyStates[readyState ?? -1],
      state,
      since: dateOf(since),
      cause,
      attempt,
      nextDialAt: dateOf(nextDialAt),
    },
    {
      id: id && shortName(id),
      roundTripTime: whole(roundTripTime),
      clockOffset: whole(clockOffset),
      lastHeardAt: dateOf(lastHeardAt),
    },
    { bufferedAmount, unconfirmed },
  ];
}

function dateOf(at: number | undefined): Date | string | undefined {
  return at === Infinity ? 'when the page is seen' : at ? new Date(at) : undefined;
}
