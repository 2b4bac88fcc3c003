/**
 * What is promised of every life of a topic, judged afterwards, when all that was published is known:
 * nothing lies between two messages that follow each other, unless a gap was told between them; nothing comes twice, or too late; a gap is told where something may be missing,
 * and nowhere else.
 */
import type { Position } from '../../../../push/position.ts';
import type { Happening, Ledger, Life, TopicLedger } from './ledger.ts';

export interface Verdict {
  delivered: number;
  replayed: number;
  /** Messages that are in no gap that was told. */
  lost: number;
  doubled: number;
  misordered: number;
  gaps: number;
  needless: number;
  /** For want of messages that were no longer kept. */
  trimmed: number;
  /** By how many lives of the log gaps have led, and how many have begun while somebody heard: of all who heard. */
  passed: number;
  begun: number;
  /** Heard once more in another life of the log, since its publisher was not told that it was in the one before. */
  saidAgain: number;
}

export interface Rules {
  /** True: there is no hole in the numbers of a topic. */
  readonly isDense: boolean;
  /** How many messages of a topic are kept. */
  readonly kept: number;
}

type Complain = (life: Life, when: number, what: string) => void;

export function judge({ lives, topics }: Ledger, rules: Rules, complain: Complain): Verdict {
  const sum = noVerdict();
  for (const life of lives) new Judge(life, topics.get(life.topic)!, rules, complain).judge(sum);
  return sum;
}

export function noVerdict(): Verdict {
  return {
    delivered: 0,
    replayed: 0,
    lost: 0,
    doubled: 0,
    misordered: 0,
    gaps: 0,
    needless: 0,
    trimmed: 0,
    passed: 0,
    begun: 0,
    saidAgain: 0,
  };
}

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>;

class Judge {
  readonly #life: Life;
  readonly #topic: TopicLedger;
  readonly #rules: Rules;
  readonly #complain: Complain;
  #sum!: Verdict;
  /** How far it is known to have heard. */
  #here: Position | undefined;
  /** By message, in which epoch it was heard. */
  readonly #heard = new Map<string, string>();
  /** By publisher, the highest number. */
  readonly #numbers = new Map<string, number>();

  constructor(life: Life, topic: TopicLedger, rules: Rules, complain: Complain) {
    this.#life = life;
    this.#topic = topic;
    this.#rules = rules;
    this.#complain = complain;
    this.#here = life.from;
  }

  judge(sum: Verdict): void {
    this.#sum = sum;
    let first: string | undefined;
    for (const each of this.#life.happenings) {
      first ??= this.#here?.epoch;
      if (each.kind === 'heard') this.#hear(each);
      else if (each.kind === 'gap') this.#gap(each);
      else if (each.kind === 'is at') this.#moved(each);
      else if (each.kind === 'loaded') this.#here = each.to;
    }
    const { epochs } = this.#topic;
    if (first !== undefined && this.#here !== undefined) {
      sum.begun += epochs.indexOf(this.#here.epoch) - epochs.indexOf(first);
    }
  }

  #hear(heard: Of<'heard'>): void {
    const { epoch, at, message, when } = heard;
    this.#sum.delivered += 1;
    if (heard.replayed) this.#sum.replayed += 1;
    const isTwice = this.#isTwice(heard);
    if (isTwice) this.#blame('doubled', when, `it has heard "${message}" twice`);
    else if (this.#isFalling(message, epoch)) this.#blame('misordered', when, `"${message}" comes after later ones`);
    if (this.#here !== undefined) {
      if (epoch === this.#here.epoch && at <= this.#here.at) {
        if (!isTwice) this.#blame('misordered', when, `"${message}", at ${at}, comes after ${this.#here.at}`);
      } else this.#join({ epoch, at: at - 1 }, when, `before "${message}"`);
    }
    this.#here = { epoch, at };
  }

  #moved({ to, when }: Of<'is at'>): void {
    if (this.#here !== undefined) {
      if (to.epoch === this.#here.epoch && to.at < this.#here.at)
        this.#blame('misordered', when, `it is at ${to.at}, and was at ${this.#here.at}`);
      else this.#join(to, when, 'when it is said to have all there is');
    }
    this.#here = to;
  }

  /** Nothing lies between where it was and there. */
  #join(to: Position, when: number, where: string): void {
    const here = this.#here!;
    if (to.epoch !== here.epoch) {
      return this.#blame('lost', when, `another life begins without a gap ${where}: ${to.epoch}, after ${here.epoch}`);
    }
    const known = this.#topic.between(to.epoch, here.at, to.at);
    const missing = this.#rules.isDense ? to.at - here.at : known.length;
    if (missing === 0) return undefined;
    const names = known.map((at) => `${at} "${this.#topic.at(to.epoch, at)}"`);
    const what = `${missing} are missing ${where}: above ${here.at}, up to ${to.at}, of which are known: ${names.join(', ')}`;
    return this.#blame('lost', when, what, missing);
  }

  #gap({ to, reason, missed, when }: Of<'gap'>): void {
    this.#sum.gaps += 1;
    const here = this.#here;
    this.#here = to;
    const { epochs } = this.#topic;
    const last = epochs.indexOf(to.epoch);
    if (last < 0) this.#blame('needless', when, `a gap leads to a life that nothing explains: ${to.epoch}`);
    if (here === undefined) return undefined;
    const passed = last - epochs.indexOf(here.epoch);
    if (reason === 'epoch') {
      this.#sum.passed += passed;
      if (passed <= 0) this.#blame('needless', when, `a gap, ${reason}, from ${nameOf(here)} to ${nameOf(to)}`);
      return undefined;
    }
    const known = this.#rules.isDense ? to.at - here.at : this.#topic.between(to.epoch, here.at, to.at).length;
    if (reason === 'trimmed') this.#sum.trimmed += 1;
    const isExplained = reason === 'trimmed' && passed === 0 && known > this.#rules.kept;
    if (!isExplained) {
      const what = `a gap, ${reason}, from ${nameOf(here)} to ${nameOf(to)}, where ${known} are known`;
      return this.#blame('needless', when, what);
    }
    if (missed !== undefined && missed !== known && !this.#life.hasLoad) {
      return this.#blame('needless', when, `${missed} are said to be missing, and ${known} are`);
    }
    return undefined;
  }

  #isTwice({ message, epoch }: Of<'heard'>): boolean {
    const before = this.#heard.get(message);
    this.#heard.set(message, epoch);
    if (before === undefined) return false;
    if (before === epoch || this.#topic.publications.get(message)!.tries === 1) return true;
    this.#sum.saidAgain += 1;
    return false;
  }

  /** A publisher goes on when it was told that a message is there: what it has said once more in another life, comes after it. */
  #isFalling(message: string, epoch: string): boolean {
    const [publisher = '', digits] = message.split(' ');
    const number = Number(digits);
    const key = `${publisher} ${epoch}`;
    const isFalling = number <= (this.#numbers.get(key) ?? 0);
    this.#numbers.set(key, number);
    return isFalling;
  }

  #blame(fault: 'lost' | 'doubled' | 'misordered' | 'needless', when: number, what: string, count = 1): void {
    this.#sum[fault] += count;
    this.#complain(this.#life, when, `${fault}: ${what}`);
  }
}

function nameOf({ epoch, at }: Position): string {
  return `${epoch}.${at}`;
}
