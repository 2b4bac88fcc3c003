/**
 * What can be done to the world of a connection, and what can happen where which of it can be done.
 *
 * A server does by itself what there is no hand for: it accepts dials, names sessions, answers heartbeats. The rules below say which step of a path
 * that leaves possible, and what has to be held back on the wire meanwhile.
 */
import type { Protocol } from '../../adapters/protocols/protocol.ts';
import type { ModelStep, ModelRules } from './paths.ts';

/** What a hand is told. */
export interface Moment {
  /** The number of the dial that is meant, from 1 on; all connections of a model count on. */
  readonly dial: number;
  /** What the server is to give out as its time, epoch ms: the model's clock is not the system's. */
  readonly time: number;
  /** Whether a new dial is to be without hope. */
  readonly fatal: boolean;
}

export type Hand = (moment: Moment) => unknown;

/** All are optional, and may answer with a promise of being done. */
export interface Hands {
  /** From now on nothing passes, both ends stay open, and dials hang. As `faultProxy`'s `silence()`. Needs `heal`. */
  cut?: Hand | undefined;
  /** All passes again, also what was held back. As `faultProxy`'s `heal()`. */
  heal?: Hand | undefined;
  /** Ends every connection without a close frame, also while `cut`; with `accept`, also a dial that waits for it. As `faultProxy`'s `reset()`. */
  drop?: Hand | undefined;
  /** From now on dials are refused; what is connected stays. As `faultProxy`'s `refuse()`. Needs `start`. */
  stop?: Hand | undefined;
  /** Dials are accepted again. */
  start?: Hand | undefined;
  /** The server sends every client a message that means nothing to the protocol. */
  push?: Hand | undefined;
  /** The server's message that tells a client to go (`peer.refused`), for good where `fatal`. */
  dismiss?: Hand | undefined;
  /** Answers a dial that is held with 401, an open connection with close code 1008: no new dial can help. */
  forbid?: Hand | undefined;
  /** Answers the upgrade of the dial. With it, the server accepts none by itself. */
  accept?: Hand | undefined;
  /** Names the session. With it, the server names none by itself. */
  name?: Hand | undefined;
  /** Answers a heartbeat, or beats. With it, the server does neither by itself. */
  beat?: Hand | undefined;
  /** The same, where `time` is too long ago to be believed. Needs `name` and `beat`, and that all three tell `time`. */
  outdated?: Hand | undefined;
}

export type HandName = keyof Hands;

export const handNames: readonly HandName[] = [
  'cut',
  'heal',
  'drop',
  'stop',
  'start',
  'push',
  'name',
  'beat',
  'outdated',
  'accept',
  'dismiss',
  'forbid',
];

/** What is under way between the machine's events. A server that answers when it is told to needs less of it. */
interface Wire {
  /** The dial has outlasted a timer. */
  readonly hangs: boolean;
  /** The last heartbeat was answered: one answer alone proves little of a server. */
  readonly wasAnswered: boolean;
  /** Heartbeats without an answer: none, one, or several. */
  readonly unanswered: 0 | 1 | 2;
  /** There were several: the answers to all but the first may still come. */
  readonly stray: boolean;
}

const quietWire: Wire = { hangs: false, wasAnswered: false, unanswered: 0, stray: false };

/** What the adapter does at once, and nobody can hold back. */
export function isOurs(name: string): boolean {
  return name.startsWith('user.') || name.startsWith('world.');
}

export class WireRules implements ModelRules<Wire> {
  readonly wire = quietWire;
  readonly #protocol: Protocol;
  readonly #hands: ReadonlySet<HandName>;
  /** It is the protocol that names the peer, not the server. */
  readonly #namesAtOpen: boolean;

  constructor(protocol: Protocol, hands: ReadonlySet<HandName>) {
    this.#protocol = protocol;
    this.#hands = hands;
    this.#namesAtOpen = protocol.session().opened?.()?.named !== undefined;
  }

  follow(wire: Wire, { name, from, place }: ModelStep): Wire {
    if (isDial(from) && isDial(place)) return { ...quietWire, hangs: wire.hangs || name.startsWith('after') };
    if (!isOpen(from) || !isOpen(place) || this.#protocol.liveness !== 'ask') return quietWire;
    if (name.startsWith('peer.beat') && !place.startsWith('stale')) {
      const stray = wire.stray || wire.unanswered > 1;
      return { ...quietWire, wasAnswered: from === 'alive.probing' && !this.#has('beat'), stray };
    }
    const before = name.startsWith('peer.beat') ? 0 : wire.unanswered;
    const wasAnswered = wire.wasAnswered && place.startsWith('alive');
    if (!asks(name, from, place)) return { ...wire, wasAnswered };
    return { ...wire, wasAnswered, unanswered: before === 0 || this.#has('beat') ? 1 : 2 };
  }

  allows(name: string, place: string, wire: Wire): boolean {
    if (isDial(place)) return this.#allowsInDial(name, wire);
    if (place.startsWith('awaiting-id')) return this.#allowsUnnamed(name, place);
    // Once it has said goodbye, the adapter hears nothing but how the socket ends.
    if (place === 'closing') return !name.startsWith('peer.') && name !== 'socket.lost fatal';
    return isOpen(place) ? this.#allowsOpen(name, place, wire) : true;
  }

  /** Whether the line has to be cut before the step, for what is to follow in the same place would come too late otherwise. */
  cutsBefore(steps: readonly ModelStep[], i: number): boolean {
    const next = nextOfWorld(steps, i);
    if (next === undefined || !this.#has('cut')) return false;
    const { from, name } = next;
    if (isDial(from)) {
      return !this.#has('accept') && !['socket.opened', 'url.failed'].includes(name) && !this.stopsBefore(steps, i);
    }
    if (!isAsked(from) || this.#has('beat')) return false;
    return this.#protocol.liveness === 'ask' ? name !== 'peer.beat' : name.startsWith('after');
  }

  /** Whether the dial that begins with the step is to be refused. */
  stopsBefore(steps: readonly ModelStep[], i: number): boolean {
    const next = nextOfWorld(steps, i);
    return next?.name === 'socket.lost' && isDial(next.from) && this.#has('stop');
  }

  /** What a world that is left to itself may do there, without being asked by a step. */
  comesByItself(type: string, place: string): boolean {
    switch (type) {
      case 'socket.opened':
        return isDial(place) && !this.#has('accept');
      case 'peer.named':
        return /^(?:connecting|awaiting-id)/.test(place) && (this.#namesAtOpen || !this.#has('name'));
      case 'peer.beat':
        return isOpen(place) && !this.#has('beat');
      case 'socket.lost':
        return place === 'closing';
      default:
        return false;
    }
  }

  #allowsInDial(name: string, { hangs }: Wire): boolean {
    const isHeld = this.#has('accept') || this.#has('cut');
    switch (name) {
      case 'socket.opened':
        return !hangs || isHeld;
      case 'socket.lost':
        // A dial that hangs on a cut line may not have reached anybody yet who could drop it.
        return (!hangs && this.#has('stop')) || (this.#has('accept') && this.#has('drop'));
      case 'socket.lost fatal':
        return this.#has('accept') && this.#has('forbid');
      default:
        if (name.startsWith('after')) return isHeld;
        // Nobody can speak before the socket is open.
        return !name.startsWith('peer.');
    }
  }

  #allowsUnnamed(name: string, place: string): boolean {
    if (this.#namesAtOpen || !this.#has('name')) return name === 'peer.named' && place === 'awaiting-id.listening';
    return this.#canDo(name);
  }

  #allowsOpen(name: string, place: string, { unanswered, stray }: Wire): boolean {
    const { liveness } = this.#protocol;
    if (name.startsWith('peer.beat')) {
      if (name.endsWith('outdated') && !this.#has('outdated')) return false;
      return liveness === 'ask' ? unanswered > 0 : this.#has('beat');
    }
    // Any message is a sign of life first: where one is awaited, a dismissal comes second.
    if (!this.#canDo(name) || (name.startsWith('peer.refused') && isAsked(place))) return false;
    if (this.#has('beat') || liveness === 'none') return true;
    // An answer that was let go may come at any moment; one that has just been asked for, not before we have acted.
    if (isOurs(name)) return unanswered === 0 || isAsked(place);
    if (liveness === 'server-beats') return !isAsked(place) || !name.startsWith('after') || this.#has('cut');
    // The answer is under way by itself; only a cut line holds it back, and no line that which was under way before.
    return unanswered === 0 || (isAsked(place) && this.#has('cut') && !stray);
  }

  /** Whether we have the hand for it, or need none. */
  #canDo(name: string): boolean {
    const hand = handFor(name);
    return hand === undefined || this.#has(hand);
  }

  #has(hand: HandName): boolean {
    return this.#hands.has(hand);
  }
}

/** The hand that brings a fact about; undefined for what comes by itself. */
export function handFor(name: string): HandName | undefined {
  return handOf[name];
}

const handOf: Readonly<Record<string, HandName>> = {
  'socket.opened': 'accept',
  'socket.lost': 'drop',
  'socket.lost fatal': 'forbid',
  'peer.named': 'name',
  'peer.beat': 'beat',
  'peer.beat outdated': 'outdated',
  'peer.spoke': 'push',
  'peer.refused': 'dismiss',
  'peer.refused fatal': 'dismiss',
};

function nextOfWorld(steps: readonly ModelStep[], i: number): ModelStep | undefined {
  return steps.slice(i + 1).find(({ name }) => !isOurs(name));
}

function isDial(place: string): boolean {
  return place.startsWith('connecting');
}

function isOpen(place: string): boolean {
  return /^(?:alive|stale)/.test(place);
}

/** Where a sign of life is awaited. */
function isAsked(place: string): boolean {
  return place === 'alive.probing' || place.startsWith('stale');
}

/** A heartbeat is written with the step. */
function asks(name: string, from: string, place: string): boolean {
  if (place === 'alive.probing') return from !== place;
  return place.startsWith('stale') && name !== 'peer.spoke' && name !== 'after staleTimeout';
}
