/** An invariant, judged everywhere the machine can be. */
import type { Invariant } from './invariants.ts';
import type { Universe } from './universe.ts';

/** What is wrong, and how the machine came there; the shortest story first. */
export function wrongEverywhere({ rest, step }: Invariant, universes: readonly Universe[]): string[] {
  const wrong: string[] = [];
  for (const universe of universes) {
    for (const each of universe.rests) {
      const trouble = rest?.(each, universe);
      if (trouble !== undefined) wrong.push(`${trouble}, after ${each.story.join(', ') || 'nothing'}`);
    }
    for (const each of universe.steps) {
      const trouble = step?.(each, universe);
      if (trouble !== undefined) wrong.push(`${trouble}, after ${each.to.story.join(', ')}`);
    }
  }
  return wrong.toSorted((a, b) => a.length - b.length);
}
