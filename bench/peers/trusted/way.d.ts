/** A way to push to whoever listens, as the benchmarks see it: its server, its client, and a client with nothing to it. A file each; `index.mjs` has them by name. */
import type { Heartbeat } from '../peer.d.ts';

export interface Way {
  readonly serve: (options: NodeOptions) => Promise<Node>;
  readonly listen: (options: ListenOptions) => void;
  /** One that speaks its protocol over bare `ws`, so that what is measured is the server's. Undefined: it cannot ask for what it has missed. */
  readonly BareListener?: new (url: string) => BareListener;
}

export interface NodeOptions {
  engine: 'memory' | 'redis' | 'nats';
  /** Of the engine, on 127.0.0.1. */
  port: number;
  /** Where it is the server that beats. Default: the library's own. */
  heartbeat?: Heartbeat;
}

/** A server, as an app has it. */
export interface Node {
  readonly port: number;
  /** Who listens now. */
  readonly clients: number;
  /** To all who listen, on whatever node. Resolves when the next one may be published. */
  publish(text: string): unknown;
}

export interface ListenOptions {
  url: string;
  /** Default: the library's own. */
  heartbeat?: Heartbeat;
  /** It hears what is published from now on. Called again at every return, by some. */
  onListening: () => void;
  onMessage: (text: string) => void;
  /** All that the library has to say about it: something may be missing between what was heard and what follows. */
  onDoubt: () => void;
}

export interface BareListener {
  /** The line is there. */
  readonly open: Promise<unknown>;
  /** It hears what is published from now on. */
  listen(): Promise<unknown>;
  /** It has heard the first message. */
  readonly heard: Promise<unknown>;
  /** Asks for what follows, with what another one knew that is gone. Resolves when it has heard so many. */
  resume(gone: BareListener, count: number): Promise<unknown>;
  leave(): void;
}
