/** A library as the benchmarks see it, with the server it is made for. A file each; `index.mjs` has them by name. */

export interface Heartbeat {
  /** ms */
  interval: number;
  /** ms */
  timeout: number;
}

export type Payload = string | Uint8Array;

export interface Peer {
  /** As npm calls it; its version stands in the results. Undefined: it is written here, or is our own. */
  readonly package?: string;
  /** It looks whether its line is alive. */
  readonly hasHeart: boolean;
  /** It stands on a class of WebSocket that can be chosen: ours, for one. */
  readonly takesClass: boolean;
  /** What it carries as it is, both ways. */
  readonly carries: readonly ('text' | 'binary')[];
  /** What the results say of it. */
  readonly remark?: string;
  serve(options?: ServeOptions): Promise<Served>;
  dial(options: DialOptions): Promise<Client>;
}

export interface ServeOptions {
  /** Default: any free one. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Where it is the server that beats. Default: the library's own. */
  heartbeat?: Heartbeat;
}

/** A server, with all its clients in one room. */
export interface Served {
  readonly port: number;
  /** Clients that are in the room now. */
  readonly clients: number;
  /** Called for each client that enters the room, whether for the first time or again. */
  onEnter: () => void;
  /** Called for each message of a client. */
  onMessage: (payload: Payload) => void;
  /** To all in the room, so often. What is sent at once leaves in one write, as far as the library lets it. */
  send(payload: Payload, count?: number): void;
  /** As a server dies that is killed: with all its connections, without a word. */
  stop(): Promise<void>;
}

export interface DialOptions {
  url: string;
  /** Default: the library's own. Where it has but one of the two numbers, that one. */
  heartbeat?: Heartbeat;
  /** Only where it takes one. Default: npm `ws`. */
  WebSocket?: typeof WebSocket;
  /** It is in the room, for the first time or again. */
  onOpen?: () => void;
  /** What its app hears. */
  onMessage?: (payload: Payload) => void;
}

export interface Client {
  /** As an app does it, whether there is a line or not. */
  send(payload: Payload): void;
  /** For good: it dials no more, and leaves no timer. */
  end(): void;
}
