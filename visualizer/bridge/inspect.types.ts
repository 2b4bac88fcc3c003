/**
 * `systole/inspect`: what a machine of XState 5, such as a connection, is doing, for the visualizer and for whatever else speaks `@xstate/inspect`.
 *
 * ```ts
 * connect(url, { inspect: inspect() });
 * ```
 *
 * Written without the types of Node and of the DOM, of which an app has one or the other.
 */
import type { ConnectOptions } from '../../adapters/connect.ts';
import type { Entry } from '../entry.ts';

export type { Entry };

/** What XState 5 tells of its actors. */
export type InspectionEvent = Parameters<Extract<NonNullable<ConnectOptions['inspect']>, (...args: never) => void>>[0];

/** Goes where XState's option `inspect` goes, of as many machines as there are. */
export interface Inspection {
  (event: InspectionEvent): void;
  /** Tells no more, and lets go of the window or the port. */
  stop(): void;
}

/** Told to both. */
export interface Shared {
  /**
   * What people call what is seen through this inspection and has no name of its own: `orders`, the next one `orders 2`. From 1 to 60 characters; it is
   * told as it is. Default: what the machine is called, `connection`.
   */
  name?: string | undefined;
  /**
   * The last word on what leaves: what it answers is told in place of the entry, undefined drops it; without its `registered` a machine is not told
   * at all. It is given what may be shown: of texts the words of the machine's own chart, of all others how long they are, and of a session's name
   * the last four characters. What it adds is told as it is. If it throws, the entry is dropped and the error surfaces as an uncaught one.
   */
  redact?: ((entry: Entry) => Entry | undefined) | undefined;
  /** Whether the page may send a machine the events it knows, never those that XState makes itself. Default true. */
  send?: boolean | undefined;
}

/** For {@link observe} alone. */
export interface Observed extends Shared {
  /** The time, epoch ms, for machines that have a clock of their own. Default: the platform's. */
  now?: (() => number) | undefined;
}

export interface BrowserOptions extends Shared {
  /** Where the visualizer is. Nothing is posted to any other origin. Default `http://127.0.0.1:4400/`. */
  url?: string | undefined;
  /** Where to show it; by default it opens in a window of its own. */
  iframe?: { src: string; readonly contentWindow: object | null } | undefined;
}

export interface NodeOptions extends ServerOptions {
  /** Where the visualizer finds this process, on 127.0.0.1; 0: any free port. Default 8888. */
  port?: number | undefined;
}

export interface ServerOptions extends Shared {
  /** Origins of web pages that may connect, besides those that this machine serves. Default none. */
  origins?: readonly string[] | undefined;
}

export type InspectOptions = BrowserOptions & NodeOptions;

/**
 * In a browser it opens the visualizer, or shows it in a frame; in Node it serves what the visualizer connects to. Asked again with the same
 * options, it answers with the same inspection. With another `name` it is another one on the same port, or of the same window: each names what is seen
 * through it, and what stops one stops all.
 * @throws {TypeError | RangeError} naming the option at fault
 */
export declare function inspect(options?: InspectOptions): Inspection;

/** The entries themselves, as they are told. */
export declare function observe(tell: (entry: Entry) => void, options?: Observed): Inspection;

/** For a server of your own. */
export interface InspectionServer {
  inspect: Inspection;
  /** For the `upgrade` events of an HTTP server. A Host or Origin that is not this machine's, and not in `origins`, is refused. */
  upgrade(request: object, socket: object, head: Uint8Array): void;
  stop(): void;
}

/** Node only. */
export declare function serveInspection(options?: ServerOptions): InspectionServer;
