/**
 * One value where many are alike: a machine tells all that it knows each time, and most of it is what it has told before.
 */

/**
 * The first, in which what is alike is the other's: all of it where they are alike altogether. The first is changed by it.
 *
 * @param next plain JSON, read by nobody yet
 */
export function shared<T>(next: T, before: unknown): T {
  if (typeof next !== 'object' || next === null || typeof before !== 'object' || before === null) return next;
  if (Array.isArray(next) !== Array.isArray(before)) return next;
  const fields = next as Record<string, unknown>;
  const known = before as Readonly<Record<string, unknown>>;
  const names = Object.keys(fields);
  let isSame = names.length === Object.keys(known).length;
  for (const name of names) {
    // One that is called `__proto__` is a field like any other, until somebody sets it.
    if (name === '__proto__' || !Object.hasOwn(known, name)) {
      isSame = false;
      continue;
    }
    const value = fields[name];
    const one = shared(value, known[name]);
    if (one !== value) fields[name] = one;
    isSame &&= one === known[name];
  }
  return isSame ? (before as T) : next;
}
