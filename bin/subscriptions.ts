/**
 * Who asks for which topics, as it is told: once in a turn for each client, who may ask for a hundred of them twenty times a second.
 */
export class Subscriptions {
  readonly #tell: (id: string, topics: string[]) => void;
  /** Of sessions. */
  readonly #ids = new WeakMap<object, string>();
  readonly #untold = new Map<object, string[]>();

  constructor(tell: (id: string, topics: string[]) => void) {
    this.#tell = tell;
  }

  /** What the client is called. */
  name(session: object, id: string): void {
    this.#ids.set(session, id);
  }

  /** For `authorize` of `servePush()`: everybody may hear everything. */
  readonly ask = (session: object, topic: string): true => {
    if (this.#untold.size === 0) setImmediate(() => this.#tellAll());
    const asked = this.#untold.get(session);
    if (asked === undefined) this.#untold.set(session, [topic]);
    else asked.push(topic);
    return true;
  };

  #tellAll(): void {
    const told = [...this.#untold];
    this.#untold.clear();
    for (const [session, topics] of told) this.#tell(this.#ids.get(session) ?? '', topics);
  }
}
