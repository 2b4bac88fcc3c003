/**
 * The words that may be shown of a machine: those of its own chart, which its developers have written, and of a connection those of its vocabulary.
 */
import { shortName } from '../../adapters/short-name.ts';
import type { Cause, Liveness, Wake } from '../../machines/events.ts';
import type { Definition, Transition } from '../entry.ts';
import { hidden, isName, type Place, type ShowText } from './plain.ts';

/** What is known of a machine of any kind. */
export interface Vocabulary {
  readonly showText: ShowText;
  /** How an event is called: by its own name where the chart has it. @param type as `dictionaryOf` has it */
  readonly eventType: (type: string) => string;
}

export function vocabularyOf(definition: Definition, isConnection: boolean): Vocabulary {
  const words = new Set<string>();
  collect(definition, words);
  return {
    showText: isConnection ? ofConnection(words) : (text) => (words.has(text) ? text : hidden(text)),
    eventType: (type) => (words.has(type) || ownTypes.has(type) ? type : strangerOf(type, words)),
  };
}

function collect({ id, key, states, transitions, tags = [], invoke }: Definition, words: Set<string>): void {
  const ids = invoke.flatMap((each) => [
    each.id,
    `done.invoke.${each.id}`,
    `error.platform.${each.id}`,
    `xstate.snapshot.${each.id}`,
  ]);
  for (const word of [id, key, ...tags, ...ids, ...transitions.map(({ eventType }: Transition) => eventType)])
    words.add(word);
  for (const state of Object.values(states)) collect(state, words);
}

const ownTypes: ReadonlySet<string> = new Set(['xstate.init', 'xstate.stop', 'xstate.error']);

/** What XState names itself ends in an id, which may be anything; what the chart takes by a wildcard is called by that. */
function strangerOf(type: string, words: ReadonlySet<string>): string {
  const made =
    /^(?:done\.invoke|error\.platform|done\.state|xstate\.snapshot|xstate\.promise\.\w+|xstate\.done|xstate\.error)\./.exec(
      type,
    );
  if (made !== null) return `${made[0]}…`;
  for (let dot = type.lastIndexOf('.'); dot > 0; dot = type.lastIndexOf('.', dot - 1)) {
    const wildcard = `${type.slice(0, dot)}.*`;
    if (words.has(wildcard)) return wildcard;
  }
  return words.has('*') ? '*' : hidden(type);
}

/** All of each union: one that is missing here does not compile. */
const causes: Record<Cause, true> = {
  silent: true,
  outdated: true,
  refused: true,
  'dial-timeout': true,
  unnamed: true,
  'network-changed': true,
  suspended: true,
  'peer-closed': true,
  'url-failed': true,
  'user-reconnected': true,
  'user-closed': true,
  aborted: true,
  fatal: true,
  'retries-exhausted': true,
};
const livenesses: Record<Liveness, true> = { ask: true, 'server-beats': true, none: true };
const wakes: Record<Wake, true> = { sleep: true, freeze: true, network: true, visible: true };
const known: ReadonlySet<string> = new Set([causes, livenesses, wakes, { distrusted: true }].flatMap(Object.keys));

const names: ReadonlySet<string> = new Set(['id', 'previousId']);

function ofConnection(words: ReadonlySet<string>): ShowText {
  return (text, place) => {
    if (place !== undefined && names.has(place.field)) return shortName(text);
    return known.has(text) || words.has(text) || isTrouble(text, place) ? text : hidden(text);
  };
}

/** Codes of the system and of TLS, and statuses: what a dial fails with. */
const trouble = /^(?:E[A-Z]{2,20}|[A-Z]+(?:_[A-Z]+){1,8}|HTTP \d{3})$/;

/** Where there was a close frame, its reason is the peer's, or the app's, and a free text. */
function isTrouble(text: string, place: Place | undefined): boolean {
  if (place?.field !== 'reason' || !trouble.test(text)) return false;
  const { code = 1006 } = place.of as { code?: unknown };
  return code === 1006;
}

/** What people call a machine: by the name that its actor was given where that is a word. */
export function nameFor(given: string, parent: Definition | undefined): string | undefined {
  const isInvoked = parent !== undefined && isInvokedBy(parent, given);
  return isInvoked || isName(given) ? given : undefined;
}

function isInvokedBy({ invoke, states }: Definition, id: string): boolean {
  return invoke.some((each) => each.id === id) || Object.values(states).some((state) => isInvokedBy(state, id));
}
