/** The wire between a virtual WebSocket and its server: two lanes, each of which keeps its order, as TCP does. */
import { type Direction, isSilenced, type FaultSettings } from './faults.ts';
import type { Schedule, Task } from './schedule.ts';

/** What the kernel takes without a word; what is beyond shows in `bufferedAmount`. */
const kernel = 65_536;

interface Message {
  sent: number;
  /** Of the jitter: drawn when it was sent, so that what comes later does not change the order of chance. */
  luck: number;
  /** At the delay that was when it was sent. */
  due: number;
  bytes: number;
  /** Of the bytes: what has not passed yet. */
  left: number;
  arrive: () => void;
}

export class VirtualLane {
  readonly #way: Direction;
  readonly #nature: Schedule;
  readonly #healthy: FaultSettings;
  #settings: FaultSettings;
  #underWay: Message[] = [];
  #first = 0;
  /** Since when the first one could have the wire for itself. */
  #free = 0;
  #bytes = 0;
  #task: Task | undefined;

  constructor(
    way: Direction,
    nature: Schedule,
    { healthy, settings }: { healthy: FaultSettings; settings: FaultSettings },
  ) {
    this.#way = way;
    this.#nature = nature;
    this.#healthy = healthy;
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
    const { delayed, jitter, random } = this.#settings;
    const sent = this.#nature.now;
    const luck = jitter > 0 ? random() : 0;
    this.#underWay.push({ sent, luck, due: sent + delayed + jitter * luck, bytes, left: bytes, arrive });
    this.#bytes += bytes;
    this.#await();
  }

  adjust(settings: FaultSettings): void {
    this.#reckon();
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
    const takes = (next.left / this.#settings.bytesPerSecond) * 1_000;
    this.#task = this.#nature.at(this.#begins(next) + takes, () => {
      this.#task = undefined;
      this.#free = this.#nature.now;
      this.#first += 1;
      if (this.#first === this.#underWay.length) {
        this.#underWay = [];
        this.#first = 0;
      }
      this.#bytes -= next.bytes;
      try {
        next.arrive();
      } finally {
        this.#await();
      }
    });
  }

  /** When the first one is where the wire is narrow, and may pass. */
  #begins({ sent, luck, due }: Message): number {
    const { delayed, jitter } = this.#settings;
    const isFaulty = delayed > this.#healthy.delayed || jitter > this.#healthy.jitter;
    return Math.max(this.#free, isFaulty ? due : Math.min(due, sent + delayed + jitter * luck));
  }

  /** What of the first one has passed by now, at the rate so far. */
  #reckon(): void {
    const { now } = this.#nature;
    const first = this.#underWay[this.#first];
    const passing = first === undefined || this.isSilenced ? 0 : now - this.#begins(first);
    if (first && passing > 0) first.left = Math.max(0, first.left - (passing / 1_000) * this.#settings.bytesPerSecond);
    this.#free = Math.max(this.#free, now);
  }
}
