/** An app that uses a library, as it is told of by itself: on Node and in pages. */
import type { Library, StandardClass } from './library.ts';

export interface AppSettings {
  url: string;
  WebSocket: StandardClass;
  redial?: number | undefined;
  keepAlive?: number | undefined;
}

export interface RunningApp {
  /** The news that it heard. Grows. */
  readonly heard: readonly number[];
  /** Messages that its library sent and received. */
  readonly traffic: number;
  end(): Promise<void>;
}

export async function openApp(
  library: Library,
  { url, WebSocket, redial, keepAlive }: AppSettings,
): Promise<RunningApp> {
  const heard: number[] = [];
  const undoings: (() => unknown)[] = [];
  let traffic = 0;
  class Tapped extends WebSocket {
    constructor(...args: ConstructorParameters<StandardClass>) {
      super(...args);
      // On npm `ws` an error that nobody hears ends the process; automerge-repo stops to listen while it still dials.
      this.addEventListener('error', () => {});
      this.addEventListener('message', () => (traffic += 1));
    }

    override send(...args: Parameters<WebSocket['send']>): void {
      traffic += 1;
      super.send(...args);
    }
  }
  const app = {
    heard,
    get traffic() {
      return traffic;
    },
    async end() {
      for (const undo of undoings.splice(0)) await undo();
    },
  };
  await library.use({
    url,
    WebSocket: Tapped,
    redial,
    keepAlive,
    hear: (news) => void heard.push(news),
    onEnd: (undo) => void undoings.push(undo),
  });
  return app;
}
