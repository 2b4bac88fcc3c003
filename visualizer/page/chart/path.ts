/** Ways as SVG paths. */
import type { Point } from './shapes.ts';

const radius = 6;

/** Corners are rounded, as far as there is room. */
export function pathThrough(points: Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let from = first;
  let path = `M${first.x} ${first.y}`;
  for (const [index, point] of rest.entries()) {
    const next = rest[index + 1];
    if (next === undefined) return `${path}L${point.x} ${point.y}`;
    const bend = Math.min(radius, distance(from, point) / 2, distance(point, next) / 2);
    const a = towards(point, from, bend);
    const b = towards(point, next, bend);
    path += `L${a.x} ${a.y}Q${point.x} ${point.y} ${b.x} ${b.y}`;
    from = point;
  }
  return path;
}

export function headAt(points: Point[]): string {
  const [from, tip] = points.slice(-2);
  if (from === undefined || tip === undefined) return '';
  const back = towards(tip, from, Math.min(6, distance(from, tip)));
  const [x, y] = [(tip.y - back.y) / 2, (back.x - tip.x) / 2];
  return `M${tip.x} ${tip.y}L${back.x + x} ${back.y + y}L${back.x - x} ${back.y - y}Z`;
}

function towards(from: Point, to: Point, by: number): Point {
  const part = by / Math.max(1, distance(from, to));
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function distance(a: Point, b: Point): number {
  return Math.abs(a.x - b.x) + Math.abs(a.y - b.y);
}

export function lengthOf(points: Point[]): number {
  return points.reduce((sum, point, index) => sum + distance(point, points[index - 1] ?? point), 0);
}
