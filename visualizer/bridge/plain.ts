/**
 * What may leave the process: plain JSON, of bounded size, without secrets.
 *
 * - Every string, also a key, loses the query, the fragment and the userinfo of the URLs in it. Rather too much is taken away than too little.
 * - Fields that are named like a secret are left out.
 * - Nothing in what is shown can make it throw: getters, proxies, cycles, depth. Nothing of it is called but `toJSON`.
 */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const limits = {
  /** Characters of a string. */
  text: 10_000,
  depth: 32,
  /** Items of an array, fields of an object. */
  items: 1_000,
  /** Values in all. */
  values: 20_000,
};

const secretNames = /(?:headers?|authorization|cookies?|tokens?|passwords?|passwd|secret|api[-_]?key)$/i;

interface Traversal {
  left: number;
  readonly path: Set<object>;
}

/** Undefined: there is nothing to show. */
export function plain(value: unknown): Json | undefined {
  return walk(value, { left: limits.values, path: new Set() });
}

/** A string without the secrets of the URLs in it, and not too long. */
export function text(value: string): string {
  if (value.length <= limits.text) return censored(value);
  // An address that the cut goes through has lost the sign that tells what is secret in it.
  const head = value.slice(0, limits.text).replace(/:[\\/]{0,2}[^\s/\\?#]*$/, ':…');
  return `${censored(head).slice(0, limits.text)}… (${value.length} characters)`;
}

function censored(value: string): string {
  return (
    value
      .replace(/:\/\/[^\s/\\?#]*@/g, '://')
      // Also as the URL parser takes them: with other slashes, or with none (WHATWG URL, special authority slashes state).
      .replace(/\b(wss?|https?|ftp):([\\/]*)[^\s/\\?#]*@/gi, '$1:$2')
      .replace(/(:\/\/[^\s?#]*)[?#]\S*/g, '$1?…')
      .replace(/[?&#][^\s=?&#]{1,100}=\S*/g, '?…')
      .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, '$1 …')
  );
}

function walk(value: unknown, state: Traversal): Json | undefined {
  state.left -= 1;
  if (state.left < 0) return '…';
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'number':
      return Number.isFinite(value) ? value + 0 : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return text(`${value}n`);
    case 'symbol':
      return text(String(value));
    case 'function':
      return text(`ƒ ${nameOf(value)}`.trimEnd());
    case 'object':
      return value === null ? null : held(value, state);
    default:
      return undefined;
  }
}

function nameOf(call: object): string {
  try {
    const { name } = call as { name?: unknown };
    return typeof name === 'string' ? name : '';
  } catch {
    return '';
  }
}

function held(value: object, state: Traversal): Json | undefined {
  const { path } = state;
  if (path.has(value)) return '(circular)';
  if (path.size >= limits.depth) return '…';
  path.add(value);
  try {
    return shown(value, state);
  } catch {
    return '(unreadable)';
  } finally {
    path.delete(value);
  }
}

function shown(value: object, state: Traversal): Json | undefined {
  if (Array.isArray(value)) return items(value, state);
  const bytes = bytesOf(value);
  if (bytes !== undefined) return `${bytes} bytes`;
  if (value instanceof Error) {
    const { name, message, cause } = value;
    return fields({ name, message, cause }, state);
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return text(String(value));
  if (value instanceof URL) return text(value.href);
  if (value instanceof Map) return items([...firstOf(value)], state);
  if (value instanceof Set) return items([...firstOf(value)], state);
  if (isActor(value)) return text(`actor ${String(value.id)}`);
  if ('toJSON' in value && typeof value.toJSON === 'function') return walk(value.toJSON(), state);
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
  const some = values.slice(0, limits.items).map((each) => walk(each, state) ?? null);
  if (values.length > limits.items) some.push('… and more');
  return some;
}

function fields(value: object, state: Traversal): Json {
  const some: [string, Json][] = [];
  const keys = Object.keys(value);
  for (const key of keys.slice(0, limits.items)) {
    // As a field of its own it does no harm here, but might where the entry is copied field by field.
    if (key === '__proto__' || secretNames.test(key)) continue;
    const json = walk(fieldOf(value, key), state);
    if (json !== undefined) some.push([text(key), json]);
  }
  if (keys.length > limits.items) some.push(['…', `and ${keys.length - limits.items} more`]);
  return Object.fromEntries(some);
}

function fieldOf(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return '(unreadable)';
  }
}
