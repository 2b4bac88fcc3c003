/**
 * A client library as the suite sees it: a server that tells news, and an app that hears them. Both are the library's own wherever there is one.
 *
 * What stands here and in `suite/` is also loaded by pages, so servers are asked for, not imported.
 */
import type { Protocol } from '../../adapters/protocols/protocol.ts';

export type StandardClass = typeof WebSocket;

export interface Library {
  /** As npm calls them; the first one's version stands in the table. */
  packages: readonly [string, ...string[]];
  /** Only on Node. */
  server: () => Promise<{ start: Start }>;
  /** An app with the library's client, that hears the news. Whatever goes wrong is the library's to mend. */
  use: (app: App) => unknown;
  /** What to name beneath it in a browser, where no page can ping; undefined: nothing to gain there, or not yet. */
  dialect?: (() => Protocol) | undefined;
  /** It has no heart of its own, or none that could be told to beat fast enough for a test. */
  isHeartless?: boolean;
  /** A dial that is refused costs it too much: it is its last one, or an error that nobody can catch, or a quarter of a minute. */
  mustNotBeRefused?: boolean;
  /** Its app hears nothing for longer on our class than on its own. The remark says why. */
  isSlower?: boolean;
  /** What the documentation says of its row. */
  remark?: string;
}

export interface App {
  /** `ws://127.0.0.1:PORT`. */
  readonly url: string;
  /** What it is to take for a WebSocket. */
  readonly WebSocket: StandardClass;
  /** How long the library waits before it dials again, as far as that can be told to it, ms. Undefined: as it usually does. */
  readonly redial: number | undefined;
  /** How often the library's own heart beats, where it has one, ms. Undefined: as it usually does. */
  readonly keepAlive: number | undefined;
  /** The app heard news. */
  readonly hear: (news: number) => void;
  /** What is to be undone when the app is to be gone. */
  readonly onEnd: (undo: () => unknown) => void;
}

/**
 * A server on 127.0.0.1.
 * @param port 0: any free one
 * @param keepAlive how often its own heart beats, where it has one, ms. Undefined: as it usually does
 */
export type Start = (port: number, keepAlive?: number) => Promise<RunningServer>;

export interface RunningServer {
  readonly port: number;
  /** To all who are there. Numbers rise. */
  tell: (news: number) => unknown;
  /** It dies with all its connections. */
  stop: () => Promise<void>;
}
