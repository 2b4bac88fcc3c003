/** A library's server that tells news without end, and cables to it, one for each app. */
import { type FaultProxy, faultProxy } from '../kit/fault-proxy.ts';
import type { Library, RunningServer } from './library.ts';

/** Between two news, ms. */
const pace = 50;

export class Stage {
  readonly #library: Library;
  readonly #keepAlive: number | undefined;
  readonly #cables: FaultProxy[] = [];
  #server: RunningServer | undefined;
  #teller: NodeJS.Timeout | undefined;
  #told = 0;

  private constructor(library: Library, keepAlive: number | undefined) {
    this.#library = library;
    this.#keepAlive = keepAlive;
  }

  /** @param keepAlive how often the server's own heart beats, where it has one, ms */
  static async open(library: Library, keepAlive?: number): Promise<Stage> {
    const stage = new Stage(library, keepAlive);
    await stage.#start(0);
    return stage;
  }

  /** The newest of the news. */
  get told(): number {
    return this.#told;
  }

  /** A way of its own to the server. */
  async cable(): Promise<FaultProxy> {
    const cable = await faultProxy(this.#server?.port ?? 0);
    this.#cables.push(cable);
    return cable;
  }

  /** The server dies, and is started anew when `then` is through. */
  async restart(then: () => Promise<unknown> = async () => {}): Promise<void> {
    const port = this.#server?.port ?? 0;
    await this.#stop();
    await then();
    await this.#start(port);
  }

  /** From now on there are no news. */
  hush(): void {
    clearInterval(this.#teller);
  }

  async close(): Promise<void> {
    await Promise.all(this.#cables.map((cable) => cable.close()));
    await this.#stop();
  }

  async #start(port: number): Promise<void> {
    const { start } = await this.#library.server();
    const server = await start(port, this.#keepAlive);
    this.#server = server;
    this.#teller = setInterval(() => {
      this.#told += 1;
      server.tell(this.#told);
    }, pace);
  }

  async #stop(): Promise<void> {
    this.hush();
    const server = this.#server;
    this.#server = undefined;
    await server?.stop();
  }
}

/** The lines that are there are dead, with both ends open, and a new dial finds another way: a router has forgotten them. */
export function cut(cable: FaultProxy): void {
  for (const link of cable.links) link.silence();
}
