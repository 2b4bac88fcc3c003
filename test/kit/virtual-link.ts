/** The wire between a virtual WebSocket and its server: two lanes, each of which keeps its order, as TCP does. */
import { type Direction, isSilenced, type Settings } from './faults.ts';
import type { Schedule, Task } from './schedule.ts';

/** What the kernel takes without a word; what is beyond shows in `bufferedAmount`. */
const kernel = 65_536;

export class VirtualLane {
  readonly #way: Direction;
  readonly #nature: Schedule;
  #settings: Settings;
  #underWay: { due: number; bytes: number; arrive: () => void }[] = [];
  #first = 0;
  #last = 0;
  #bytes = 0;
  #task: Task | undefined;

  constructor(way: Direction, nature: Schedule, settings: Settings) {
    this.#way = way;
    this.#nature = nature;
    this.#settings = settings;
  }

  /** Bytes that the kernel has not taken. */
  get waiting(): number {
    return Math.max(0, this.#bytes - kernel);
  }

  /** Nothing arrives until it is not. */
  get isSilenced(): boolean {
    return isSilenced(this.#settings, this.#way);
  }

  carry(bytes: number, arrive: () => void): void {
    const { delayed, jitter, random, bytesPerSecond } = this.#settings;
    const travel = delayed + (jitter > 0 ? jitter * random() : 0);
    const takes = (bytes / bytesPerSecond) * 1_000;
    this.#last = Math.max(this.#last, this.#nature.now + travel) + takes;
    this.#underWay.push({ due: this.#last, bytes, arrive });
    this.#bytes += bytes;
    this.#await();
  }

  adjust(settings: Settings): void {
    this.#settings = settings;
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
    if (next === undefined || this.isSilenced || this.#task !== undefined) return;
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
