/**
 * The name of a session as it is shown: in inspectors, recordings and terminals. Who knows all of it may be able to take the session over.
 */

/** The last four characters, and never more than a third. What is short already stays as it is. */
export function shortName(name: string): string {
  if (/^….{0,4}$/su.test(name)) return name;
  const shown = Math.min(4, Math.floor(name.length / 3));
  return `…${shown === 0 ? '' : name.slice(-shown)}`;
}
