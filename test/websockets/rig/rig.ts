/**
 * The near end of a rig: one WebSocket server behind a fault proxy, as a test drives it, be the test in Node or in a browser.
 * The far end is rig-server.ts.
 */

/** How a server behaves. Times in ms. */
export interface Behaviour {
  /** When a client is told its id. Default `at-once`. */
  naming?: 'at-once' | 'never';
  /** `ignored`: everything is swallowed. Default `answered`. */
  heartbeats?: 'answered' | 'ignored';
  /** `serveHeartbeats()` of systole/server does the naming and answering, and cuts off clients from whom nothing came for so long. */
  silence?: number;
  /** Every upgrade is refused so. */
  refuse?: { status: number; headers?: Record<string, string> };
  /** Every client is hung up on as soon as it has been told its id. */
  closeAtOnce?: { code: number; reason: string };
  /** A text pushed to every client so often. */
  pushEvery?: number;
  /** Texts that come before the id, and behind it, in one chunk of bytes with the answer to the upgrade. */
  before?: string[];
  behind?: string[];
}

/** One socket the server has, counted from 1; without it, every one. */
interface Which {
  connection?: number;
}

export type RigCommand =
  | { do: 'silence' | 'heal' | 'reset' | 'stop' | 'start' }
  | ({ do: 'terminate' | 'ping' | 'name' } & Which)
  /** `as: 'binary'`: the same characters as bytes. */
  | ({ do: 'push'; text: string; as?: 'binary' } & Which)
  | ({ do: 'close'; code: number; reason: string } & Which)
  /** Sends a close frame, and then neither reads nor ends the connection. */
  | ({ do: 'begin-close'; code: number } & Which)
  /** Bytes that are no WebSocket frame. */
  | ({ do: 'babble' } & Which)
  | { do: 'heartbeats'; are: 'answered' | 'ignored' };

/** What the far end saw, `at` epoch ms. */
export type Seen =
  /** A TCP connection: what a dial is while the line is silent. */
  | { type: 'reached'; at: number }
  /** An HTTP request to upgrade. */
  | { type: 'asked'; at: number }
  | { type: 'opened'; at: number; connection: number }
  | { type: 'heartbeat'; at: number; connection: number }
  /** Binary messages as their characters, marked. */
  | { type: 'message'; at: number; connection: number; text: string; binary: boolean }
  | { type: 'closed'; at: number; connection: number; code: number; reason: string };

export interface RigReport {
  seen: Seen[];
  /** Sockets open now. */
  open: number;
  /** The worst delay of a timer in the server's process since the rig was made, ms: what its times may be late by. */
  late: number;
}

type SeenOf<T extends Seen['type']> = Extract<Seen, { type: T }>;

export class Rig {
  /** Where a client dials. */
  readonly url: string;
  /** Where nobody listens, for as long as the rig stands. */
  readonly deadUrl: string;
  readonly #control: string;

  private constructor(control: string, { url, deadUrl }: { url: string; deadUrl: string }) {
    this.#control = control;
    this.url = url;
    this.deadUrl = deadUrl;
  }

  static async make(rigs: string, behaviour: Behaviour = {}): Promise<Rig> {
    const made = await call<{ id: number; url: string; deadUrl: string }>('POST', `${rigs}/rigs`, behaviour);
    return new Rig(`${rigs}/rigs/${made.id}`, made);
  }

  async order(command: RigCommand): Promise<void> {
    await call('POST', this.#control, command);
  }

  report(): Promise<RigReport> {
    return call('GET', this.#control);
  }

  /** Waits until so many of a kind have been seen since the rig was made; answers with all of them. */
  seen<T extends Seen['type']>(type: T, count = 1): Promise<SeenOf<T>[]> {
    return call('GET', `${this.#control}/seen?type=${type}&count=${count}`);
  }

  async remove(): Promise<void> {
    await call('DELETE', this.#control);
  }
}

async function call<T>(method: string, url: string, body?: object): Promise<T> {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}
