import { textOf } from './graph.ts';
import { contains } from './route.ts';
import type { Layout, Point, Rect } from './shapes.ts';

/** What must not be: words on words, words in boxes not their own, and arrows through words. Empty if all is well. */
export function overlaps({ labels, edges, boxes }: Layout): string[] {
  const found: string[] = [];
  const rows = labels.flatMap(({ box, rows: each }) => each.map((row) => ({ ...row, box, name: textOf(row.line) })));
  for (const [index, a] of rows.entries()) {
    for (const b of rows.slice(index + 1)) if (isOver(a, b)) found.push(`${a.name} / ${b.name}`);
    for (const edge of edges) if (crosses(edge.points, a)) found.push(`${edge.id} through ${a.name}`);
  }
  for (const box of boxes) {
    for (const row of rows) {
      const isRelated = row.box === box.id || row.box.startsWith(`${box.id}.`);
      if (isRelated ? !contains(box, row) : isOver(box, row)) found.push(`${row.name} / border of ${box.id}`);
    }
    for (const other of boxes) {
      if (box.id < other.id && isOver(box, other) && !contains(box, other) && !contains(other, box))
        found.push(`${box.id} / ${other.id}`);
    }
    const title = {
      x: box.title.x,
      y: box.title.y - 10,
      width: box.kind === 'initial' ? 0 : box.title.width,
      height: 12,
    };
    for (const edge of edges) {
      const isOwn = edge.to === box.id || edge.from === box.id;
      if (crosses(edge.points, title)) found.push(`${edge.id} through the title of ${box.id}`);
      const isLeaf = !boxes.some(({ parent }) => parent === box.id);
      if (isLeaf && !isOwn && crosses(edge.points, box)) found.push(`${edge.id} through ${box.id}`);
    }
  }
  return found;
}

function isOver(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Whether a way of horizontal and vertical lines passes through a rectangle. */
function crosses(points: Point[], rect: Rect): boolean {
  return points.some((point, index) => {
    const next = points[index + 1];
    if (next === undefined) return false;
    const left = Math.min(point.x, next.x);
    const top = Math.min(point.y, next.y);
    const right = Math.max(point.x, next.x);
    const bottom = Math.max(point.y, next.y);
    return left < rect.x + rect.width && right > rect.x && top < rect.y + rect.height && bottom > rect.y;
  });
}
