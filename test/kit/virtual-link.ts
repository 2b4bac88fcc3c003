/** The wire between a virtual WebSocket and its server: two lanes, each of which keeps its order, as TCP does. */
import type { Schedule, Task } from './schedule.ts';

/** How a lane is; ms, and bytes per second. */
export interface Wire {
  delay: number;
  jitter: number;
  rate: number;
  isSilenced: boolean;
}

/** What the kernel takes without a word; what is beyond shows in `bufferedAmount`. */
const kernel = 65_536;

export class VirtualLane {
  readonly wire: Wire;
  readonly #nature: Schedule;
  readonly #random: () => number;
  #underWay: { due: number; bytes: number; arrive: () => void }[] = [];
  #first = 0;
  #last = 0;
  #bytes = 0;
  #task: Task | undefined;

  constructor(nature: Schedule, random: () => number, wire: Wire) {
    this.#nature = nature;
    this.#random = random;
    this.wire = { ...wire };
  }

  /** Bytes that the kernel has not taken. */
  get waiting(): number {
    return Math.max(0, this.#bytes - kernel);
  }

  carry(bytes: number, arrive: () => void): void {
    const { delay, jitter, rate } = this.wire;
    const travel = delay + (jitter > 0 ? jitter * this.#random() : 0);
    const takes = rate === Infinity ? 0 : (bytes / rate) * 1_000;
    this.#last = Math.max(this.#last, this.#nature.now + travel) + takes;
    this.#underWay.push({ due: this.#last, bytes, arrive });
    this.#bytes += bytes;
    this.#await();
  }

  /** Silenced: nothing arrives until it is not. */
  set isSilenced(isSilenced: boolean) {
    this.wire.isSilenced = isSilenced;
    this.#nature.callOff(this.#task);
    this.#task = undefined;
    this.#await();
  }

  /** What is under way arrives nowhere. */
  cut(): void {
    this.#nature.callOff(this.#task);
    this.#task = undefined;
    this.#underWay = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  #await(): void {
    const next = this.#underWay[this.#first];
    if (next === undefined || this.wire.isSilenced || this.#task !== undefined) return;
    this.#task = this.#nature.at(next.due, () => {
      this.#task = undefined;
      this.#first += 1;
      if (this.#first === this.#underWay.length) {
        this.#underWay = [];
        this.#first = 0;
      }
      this.#bytes -= next.bytes;
      next.arrive();
      this.#await();
    });
  }
}
