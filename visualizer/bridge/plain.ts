/**
 * What may leave the process, as plain JSON of bounded size. What may be shown is known; whatever else there is, is told by its kind and its size:
 *
 * - numbers, booleans, null, dates, and how long and how deep things are;
 * - names of fields that are words, as people write them who program: letters, `_` and `$`;
 * - texts only where they are known words: those of the machine's own chart, and what else the caller knows.
 *
 * No other text is shown, whatever its field is called: a secret does not say that it is one.
 *
 * Nothing in what is shown can make it throw: getters, proxies, cycles, depth. Nothing of it is called but `toJSON`.
 */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Where a text stands: in which field of what. */
export interface Place {
  readonly field: string;
  readonly of: object;
}

/** How a text is shown, also one that is the name of a field. */
export type ShowText = (text: string, place: Place | undefined) => string;

const limits = {
  /** Characters of a string. */
  text: 10_000,
  depth: 32,
  /** Items of an array, fields of an object. */
  items: 1_000,
  /** Values in all. */
  values: 20_000,
  /** Digits of a number without bound. */
  digits: 20,
};

interface Traversal {
  readonly showText: ShowText;
  readonly showName: (name: string) => boolean;
  left: number;
  readonly path: Set<object>;
}

/** Only what may be shown. Undefined: there is nothing to show. */
export function shown(value: unknown, showText: ShowText = hidden): Json | undefined {
  return walk(value, undefined, { showText, showName: isName, left: limits.values, path: new Set() });
}

/** All of it, texts as they are: for what an app has said itself is to be told. */
export function plain(value: unknown): Json | undefined {
  return walk(value, undefined, { showText: cut, showName: () => true, left: limits.values, path: new Set() });
}

/** How a text is told that may not be shown. */
export function hidden(text: string): string {
  return `… (${text.length} ${text.length === 1 ? 'character' : 'characters'})`;
}

/** What people write who program, and hardly a token: these have digits in them, or are longer. */
export function isName(text: string): boolean {
  return /^[a-z_$]{1,40}$/i.test(text);
}

function cut(text: string): string {
  return text.length <= limits.text ? text : `${text.slice(0, limits.text)}… (${text.length} characters)`;
}

function walk(value: unknown, place: Place | undefined, state: Traversal): Json | undefined {
  state.left -= 1;
  if (state.left < 0) return '…';
  switch (typeof value) {
    case 'string':
      return state.showText(value, place);
    case 'number':
      return Number.isFinite(value) ? value + 0 : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return digitsOf(value);
    case 'symbol':
      return '(symbol)';
    case 'function':
      return 'ƒ';
    case 'object':
      return value === null ? null : held(value, place, state);
    default:
      return undefined;
  }
}

function digitsOf(value: bigint): string {
  const digits = String(value);
  return digits.length <= limits.digits ? `${digits}n` : `… (${digits.length} digits)`;
}

function held(value: object, place: Place | undefined, state: Traversal): Json | undefined {
  const { path } = state;
  if (path.has(value)) return '(circular)';
  if (path.size >= limits.depth) return '…';
  path.add(value);
  try {
    return partsOf(value, place, state);
  } catch {
    return '(unreadable)';
  } finally {
    path.delete(value);
  }
}

function partsOf(value: object, place: Place | undefined, state: Traversal): Json | undefined {
  if (Array.isArray(value)) return items(value, state);
  const bytes = bytesOf(value);
  if (bytes !== undefined) return `${bytes} bytes`;
  if (value instanceof Error) {
    const { name, message, cause } = value;
    return {
      name: /^[a-z]{0,40}(?:Error|Exception)$/i.test(name) ? name : 'Error',
      ...(fields({ message, cause }, state) as object),
    };
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return '(pattern)';
  if (value instanceof URL) return state.showText(value.href, place);
  if (value instanceof Map) return items([...firstOf(value)], state);
  if (value instanceof Set) return items([...firstOf(value)], state);
  if (isActor(value)) return '(actor)';
  if ('toJSON' in value && typeof value.toJSON === 'function') return walk(value.toJSON(), place, state);
  return fields(value, state);
}

function bytesOf(value: object): number | undefined {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  const kind = Object.prototype.toString.call(value);
  if (kind === '[object ArrayBuffer]' || kind === '[object SharedArrayBuffer]')
    return (value as ArrayBuffer).byteLength;
  return kind === '[object Blob]' || kind === '[object File]' ? (value as Blob).size : undefined;
}

function isActor(value: object): value is { id: unknown } {
  const { getSnapshot, send } = value as { getSnapshot?: unknown; send?: unknown };
  return typeof getSnapshot === 'function' && typeof send === 'function' && 'id' in value;
}

function* firstOf(collection: Iterable<unknown>): Generator {
  let count = 0;
  for (const each of collection) {
    yield each;
    count += 1;
    // One more than is shown, so that it is told that there are more.
    if (count > limits.items) return;
  }
}

function items(values: readonly unknown[], state: Traversal): Json[] {
  const some = values.slice(0, limits.items).map((each) => walk(each, undefined, state) ?? null);
  if (values.length > limits.items) some.push('… and more');
  return some;
}

function fields(value: object, state: Traversal): Json {
  const some: [string, Json][] = [];
  const keys = Object.keys(value);
  for (const [i, key] of keys.slice(0, limits.items).entries()) {
    // As a field of its own it does no harm here, but might where the entry is copied field by field.
    if (key === '__proto__') continue;
    const json = fieldIn(value, key, state);
    if (json !== undefined) some.push([nameOf(key, i, state), json]);
  }
  if (keys.length > limits.items) some.push(['…', `and ${keys.length - limits.items} more`]);
  return Object.fromEntries(some);
}

/** One that may not be shown is numbered, so that there are as many as there are. */
function nameOf(key: string, i: number, { showText, showName }: Traversal): string {
  return showName(key) || showText(key, undefined) === key ? cut(key) : `… ${i + 1}`;
}

function fieldIn(value: object, field: string, state: Traversal): Json | undefined {
  let inner: unknown;
  try {
    inner = (value as Record<string, unknown>)[field];
  } catch {
    return '(unreadable)';
  }
  return walk(inner, { field, of: value }, state);
}
