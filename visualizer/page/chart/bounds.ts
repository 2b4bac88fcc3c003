/** Whether a definition can be drawn, and where a machine is in words where it cannot. Nothing here recurs: strangers' machines may be as deep as they like. */
import type { Definition, StateValue } from '../../entry.ts';

/** Above any of these nobody could find anything, and laying it out would hold the page up. */
export const bounds = { states: 300, transitions: 1_200, depth: 24 };

interface Extent {
  states: number;
  transitions: number;
  depth: number;
}

function extentOf(definition: Definition): Extent {
  const extent = { states: 0, transitions: 0, depth: 0 };
  const open: [node: Definition, depth: number][] = [[definition, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [{ states, transitions }, depth] = next;
    extent.states += 1;
    extent.transitions += transitions.reduce((sum, { target }) => sum + Math.max(1, target.length), 0);
    extent.depth = Math.max(extent.depth, depth);
    for (const child of Object.values(states)) open.push([child, depth + 1]);
  }
  // The machine itself is no state of its own.
  extent.states -= 1;
  return extent;
}

/** `5,000 states`: why it cannot be drawn; undefined where it can. */
export function excessOf(definition: Definition): string | undefined {
  const { states, transitions, depth } = extentOf(definition);
  const number = new Intl.NumberFormat('en');
  if (states > bounds.states) return `${number.format(states)} states`;
  if (transitions > bounds.transitions) return `${number.format(transitions)} transitions`;
  if (depth > bounds.depth) return `${number.format(depth)} states deep`;
  return undefined;
}

/** Ways from the outermost state to each that is active and holds none, the first so many. */
export function pathsIn(value: StateValue | undefined, most = 20): string[][] {
  const paths: string[][] = [];
  const open: [path: Link | undefined, inner: StateValue | undefined][] = [[undefined, value]];
  for (let next = open.pop(); next !== undefined && paths.length < most; next = open.pop()) {
    const [path, inner] = next;
    const children =
      typeof inner === 'string' ? (inner === '' ? [] : [[inner, undefined] as const]) : Object.entries(inner ?? {});
    if (children.length === 0 && path !== undefined) paths.push(listOf(path));
    for (const [key, each] of children.toReversed()) open.push([{ key, before: path }, each]);
  }
  return paths;
}

interface Link {
  key: string;
  before: Link | undefined;
}

function listOf(last: Link): string[] {
  const keys: string[] = [];
  for (let link: Link | undefined = last; link !== undefined; link = link.before) keys.push(link.key);
  return keys.toReversed();
}
