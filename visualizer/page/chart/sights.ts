/** What of a chart matters now: what a camera that follows should see. */
import type { Layout, PlacedBox, Rect } from './shapes.ts';

/** A stack that is no larger than this, px, is looked at as one. */
const card = { width: 320, height: 420 };

/** The widest sight first: all that is active, then what has become active last, with the stack that it is in, and by itself. */
export function sightsOf({ boxes }: Layout, active: ReadonlySet<string>, before: ReadonlySet<string>): Rect[] {
  const parents = new Set(boxes.filter(({ id }) => active.has(id)).map(({ parent }) => parent));
  const leaves = boxes.filter(({ id }) => active.has(id) && !parents.has(id));
  const newest = leaves.findLast(({ id }) => !before.has(id)) ?? leaves.at(-1);
  if (newest === undefined) return [];
  const stack = boxes.find(({ id, width, height }) => {
    return id === newest.parent && active.has(id) && width < card.width && height < card.height;
  });
  const all = leaves.length > 1 ? [around(leaves)] : [];
  return [...all, ...(stack === undefined ? [] : [stack]), newest];
}

function around(boxes: readonly PlacedBox[]): Rect {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}
