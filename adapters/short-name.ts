/**
 * The name of a session as it is shown: in inspectors, recordings and terminals. Who knows all of it may be able to take the session over.
 */

/** The last four characters, and never more than a third. */
export function shortName(name: string): string {
  const shown = Math.min(4, Math.floor(name.length / 3));
  return `…${shown === 0 ? '' : name.slice(-shown)}`;
}
