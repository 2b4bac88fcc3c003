/** An app that uses a library, on Node and in pages: on the platform's WebSocket, or on ours above it. */
import type { HeartbeatWebSocketOptions } from '../../adapters/drop-in.options.ts';
import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import type { Library, StandardClass } from './library.ts';

export interface AppSettings {
  url: string;
  /** Of our class. Undefined: the library is to use the platform's. */
  heartbeat?: { interval: number; timeout: number } | undefined;
  /** See `App`. */
  redial?: number | undefined;
  keepAlive?: number | undefined;
}

/** What there is to say of an app. */
export interface AppSeen {
  /** The newest of the news that it has heard; 0: none. */
  newest: number;
  /** Messages that its library has sent and received. */
  traffic: number;
  /** Of our heart. */
  beats: number;
}

export interface RunningApp {
  readonly seen: Readonly<AppSeen>;
  end(): Promise<void>;
}

/** @param Bare what the library would use @param options of our class, but for its heartbeat */
export async function openApp(
  library: Library,
  { url, heartbeat, redial, keepAlive }: AppSettings,
  Bare: StandardClass,
  options: HeartbeatWebSocketOptions = {},
): Promise<RunningApp> {
  const seen: AppSeen = { newest: 0, traffic: 0, beats: 0 };
  const undoings: (() => unknown)[] = [];
  const Beneath: StandardClass =
    heartbeat === undefined
      ? Bare
      : HeartbeatWebSocket.with({
          ...options,
          retries: 0,
          heartbeat,
          inspect: (told) => {
            if (told.type === '@xstate.event' && told.event.type === 'peer.beat') seen.beats += 1;
          },
        });
  class Tapped extends Beneath {
    constructor(...args: ConstructorParameters<StandardClass>) {
      super(...args);
      this.addEventListener('message', () => (seen.traffic += 1));
    }

    override send(...args: Parameters<WebSocket['send']>): void {
      seen.traffic += 1;
      super.send(...args);
    }
  }
  await library.use({
    url,
    WebSocket: Tapped,
    redial,
    keepAlive,
    hear: (news) => void (seen.newest = news),
    onEnd: (undo) => void undoings.push(undo),
  });
  return {
    seen,
    async end() {
      for (const undo of undoings.splice(0)) {
        try {
          await undo();
        } catch {
          // A library that leaves while it dials may say that it could not.
        }
      }
    },
  };
}
