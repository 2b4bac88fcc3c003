/**
 * The way of each arrow: on a grid, at right angles, around whatever is solid. Arrows to the same box join into one line; others keep apart and
 * cross at right angles. Every arrow is routed three times, so that those that came first make room for those that came last.
 */
import type { Edge, Graph } from './graph.ts';
import { pitch } from './grid.ts';
import type { Label, Layout, PlacedBox, PlacedEdge, Point, Rect } from './shapes.ts';

const cost = {
  step: 1,
  joined: 0.35,
  bend: 7,
  crossing: 9,
  nextTo: 2.5,
  nearSolid: 0.4,
  border: 14,
  overlap: 400,
  besideBorder: 0.5,
  entry: 3,
  trespass: 60,
  /** Out of a box that it leads within. */
  astray: 20,
  /** Of a chart that is large: what is guessed of a step that is still to come, so that it looks less far around. */
  straight: 5,
};
const rounds = 3;
/** Above this many cells times arrows they are routed only once, and straight to the point. */
const most = 2_000_000;
/** ms of work between two breaths of the page. */
const breath = 30;

const east = 0;
const south = 1;
const west = 2;
const north = 3;
const dx = [1, 0, -1, 0];
const dy = [0, 1, 0, -1];

interface Port {
  cell: number;
  direction: number;
  /** What it costs to begin or end here. */
  cost: number;
}

interface Use {
  edge: Edge;
  direction: number;
}

const unused: readonly Use[] = [];

export async function route(
  graph: Graph,
  { boxes, labels }: Pick<Layout, 'boxes' | 'labels'>,
  size: { width: number; height: number },
): Promise<PlacedEdge[]> {
  const columns = Math.ceil(size.width / pitch) + 1;
  const rows = Math.ceil(size.height / pitch) + 1;
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const parents = new Set(boxes.map(({ parent }) => parent));
  const labelOf = new Map(labels.map((label) => [label.edge, label]));
  const at = (x: number, y: number) => Math.round(y / pitch) * columns + Math.round(x / pitch);

  const isSolid = new Uint8Array(columns * rows);
  const near = new Float32Array(columns * rows);
  /** Along which axes a border runs: 1 horizontal, 2 vertical. */
  const border = new Uint8Array(columns * rows);
  /** Whose border it is. */
  const owners = new Map<number, string>();
  for (const box of boxes) {
    for (const rect of box.solid) {
      for (const cell of cellsOf(rect, 0)) isSolid[cell] = 1;
      for (const cell of cellsOf(rect, 1)) near[cell] = cost.nearSolid;
    }
    if (box.kind === 'initial' || !parents.has(box.id)) continue;
    const frame = (x: number, y: number, axis: number) => {
      border[at(x, y)]! |= axis;
      owners.set(at(x, y), box.id);
    };
    for (let x = box.x; x <= box.x + box.width; x += pitch) {
      frame(x, box.y, 1);
      frame(x, box.y + box.height, 1);
    }
    for (let y = box.y; y <= box.y + box.height; y += pitch) {
      frame(box.x, y, 2);
      frame(box.x + box.width, y, 2);
    }
  }
  for (const label of labels) for (const cell of cellsOf(label, 0)) isSolid[cell] = 1;

  const uses = new Map<number, Use[]>();
  /** Which cells are used: most are not, and need not be looked up. */
  const isUsed = new Uint8Array(columns * rows);
  const usesOf = (cell: number): readonly Use[] => (isUsed[cell] === 1 ? (uses.get(cell) ?? []) : unused);
  const paths = new Map<Edge, number[]>();
  const edges = graph.edges.filter(({ lines }) => lines.length > 0);
  const length = ({ from, to }: Edge) => {
    const [a, b] = [byId.get(from), byId.get(to)];
    return a && b ? Math.abs(middle(a).x - middle(b).x) + Math.abs(middle(a).y - middle(b).y) : 0;
  };
  const order = edges.toSorted((a, b) => length(a) - length(b));
  let due = performance.now() + breath;
  const isLarge = columns * rows * edges.length > most;
  for (let round = 0; round < (isLarge ? 1 : rounds); round++) {
    for (const edge of order) {
      forget(edge);
      if (performance.now() > due) {
        await new Promise((resolve) => setTimeout(resolve));
        due = performance.now() + breath;
      }
      const path = search(edge, portsOut(edge), portsIn(edge));
      paths.set(edge, path);
      remember(edge, path);
    }
  }
  return graph.edges.map((edge) => {
    const from = byId.get(edge.from);
    const to = byId.get(edge.to);
    if (from?.kind === 'initial' && to !== undefined) {
      const y = from.y + from.height / 2;
      return {
        ...edge,
        points: [
          { x: from.x + from.width, y },
          { x: to.x, y },
        ],
      };
    }
    return { ...edge, points: simplified(paths.get(edge) ?? []) };
  });

  function* cellsOf({ x, y, width, height }: Rect, grow: number): Generator<number> {
    const left = Math.max(0, Math.ceil(x / pitch) - grow);
    const right = Math.min(columns - 1, Math.floor((x + width) / pitch) + grow);
    const bottom = Math.min(rows - 1, Math.floor((y + height) / pitch) + grow);
    for (let j = Math.max(0, Math.ceil(y / pitch) - grow); j <= bottom; j++)
      for (let i = left; i <= right; i++) yield j * columns + i;
  }

  /** Left and right of the words that it belongs to. */
  function portsOut(edge: Edge): Port[] {
    const box = byId.get(edge.from) as PlacedBox;
    const label = labelOf.get(edge.id) as Label;
    const y = Math.round((label.y + label.height / 2) / pitch) * pitch;
    const sides = sidesOf(label, box);
    return [
      { cell: at(sides.right, y), direction: east, cost: 0 },
      { cell: at(sides.left, y), direction: west, cost: 3 },
    ];
  }

  /** The edges of what the words stand in: the leaf, or the header. */
  function sidesOf(label: Label, box: PlacedBox) {
    const holder = box.solid.find((rect) => contains(rect, label)) ?? label;
    return { left: holder.x, right: holder.x + holder.width };
  }

  /** All around the target, but for its corners; from within, where the arrow begins within. */
  function portsIn(edge: Edge): Port[] {
    const box = byId.get(edge.to) as PlacedBox;
    const isOut = contains(box, byId.get(edge.from) as PlacedBox) && edge.from !== edge.to;
    const turn = isOut ? 2 : 0;
    const ports: Port[] = [];
    const margin = 2 * pitch;
    const off = (place: number, start: number, extent: number) => Math.abs(place - start - extent / 2) / extent;
    for (let y = box.y + margin; y <= box.y + box.height - margin; y += pitch) {
      const each = off(y, box.y, box.height) * 2;
      ports.push({ cell: at(box.x, y), direction: (east + turn) % 4, cost: each });
      ports.push({ cell: at(box.x + box.width, y), direction: (west + turn) % 4, cost: each });
    }
    for (let x = box.x + margin; x <= box.x + box.width - margin; x += pitch) {
      const each = off(x, box.x, box.width) * 2;
      ports.push({ cell: at(x, box.y), direction: (south + turn) % 4, cost: each });
      ports.push({ cell: at(x, box.y + box.height), direction: (north + turn) % 4, cost: each });
    }
    return ports;
  }

  function forget(edge: Edge) {
    for (const cell of new Set(paths.get(edge))) {
      const rest = (uses.get(cell) ?? []).filter((use) => use.edge !== edge);
      if (rest.length > 0) uses.set(cell, rest);
      else {
        uses.delete(cell);
        isUsed[cell] = 0;
      }
    }
  }

  function remember(edge: Edge, path: number[]) {
    const use = (cell: number, direction: number) => {
      const all = uses.get(cell) ?? [];
      all.push({ edge, direction });
      uses.set(cell, all);
      isUsed[cell] = 1;
    };
    for (const [index, cell] of path.entries()) {
      const previous = path[index - 1];
      const next = path[index + 1];
      if (previous !== undefined) use(cell, directionOf(previous, cell));
      if (next !== undefined) use(cell, directionOf(cell, next));
    }
  }

  function directionOf(a: number, b: number): number {
    if (b === a + 1) return east;
    if (b === a - 1) return west;
    return b > a ? south : north;
  }

  /** What it costs to be at a cell, going this way. */
  function price(edge: Edge, cell: number, direction: number): number {
    let sum = near[cell] ?? 0;
    let joins = false;
    for (const use of usesOf(cell)) {
      const isSibling = use.edge.to === edge.to;
      if (use.direction === direction && isSibling) joins = true;
      else if ((use.direction - direction) % 2 === 0) sum += cost.overlap;
      else if (!isSibling)
        sum += uses.get(cell)!.some((other) => other.edge === use.edge && (other.direction - direction) % 2 === 0)
          ? 0
          : cost.crossing / 2;
    }
    const axis = direction % 2 === 0 ? 1 : 2;
    if ((border[cell]! & axis) !== 0) sum += cost.border;
    else if (border[cell] !== 0) sum += tollOf(edge, owners.get(cell)!);
    if (joins) return sum + cost.joined;
    const aside = axis === 1 ? columns : 1;
    for (let neighbour = cell - aside; neighbour <= cell + aside; neighbour += 2 * aside) {
      for (const use of usesOf(neighbour)) {
        if ((use.direction - direction) % 2 === 0 && use.edge !== edge) sum += cost.nextTo;
      }
      if ((border[neighbour]! & axis) !== 0) sum += cost.besideBorder;
    }
    return sum + cost.step;
  }

  /** What it costs an arrow to cross the border of a box: most where it has no business there, least where only one of its ends is there. */
  function tollOf({ from, to }: Edge, id: string): number {
    const ends = Number(hasWithin(id, from)) + Number(hasWithin(id, to));
    return [cost.trespass, cost.entry, cost.astray][ends]!;
  }

  function hasWithin(outer: string, id: string | undefined): boolean {
    return id !== undefined && (id === outer || hasWithin(outer, byId.get(id)?.parent));
  }

  function search(edge: Edge, starts: Port[], ends: Port[]): number[] {
    const target = byId.get(edge.to) as PlacedBox;
    const goal = new Map(ends.map((port) => [port.cell * 4 + port.direction, port.cost]));
    const best = new Float64Array(columns * rows * 4).fill(Infinity);
    const came = new Int32Array(columns * rows * 4).fill(-1);
    const isDone = new Uint8Array(columns * rows * 4);
    const queue = new Heap();
    for (const port of starts) {
      const state = port.cell * 4 + port.direction;
      best[state] = port.cost;
      queue.push(state, port.cost + guess(port.cell));
    }
    for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
      if (state < 0) {
        // An end that has been paid for.
        const path: number[] = [];
        for (let each = -state - 1; each !== -1; each = came[each]!) path.push(each >> 2);
        return path.toReversed();
      }
      if (isDone[state] === 1) continue;
      isDone[state] = 1;
      const cell = state >> 2;
      const direction = state & 3;
      const sofar = best[state]!;
      const end = goal.get(state);
      if (end !== undefined && came[state] !== -1) {
        queue.push(-state - 1, sofar + end);
        if (isSolid[cell] === 1) continue;
      }
      const isStart = came[state] === -1;
      for (let next = 0; next < 4; next++) {
        if (next === (direction + 2) % 4 || (isStart && next !== direction)) continue;
        const x = (cell % columns) + dx[next]!;
        const y = Math.floor(cell / columns) + dy[next]!;
        if (x < 0 || y < 0 || x >= columns || y >= rows) continue;
        const to = y * columns + x;
        if (isSolid[to] === 1 && !goal.has(to * 4 + next)) continue;
        let sum = sofar + price(edge, to, next);
        if (next !== direction) {
          sum += cost.bend;
          // A bend is on both axes.
          for (const use of usesOf(cell)) if (use.edge.to !== edge.to && use.edge !== edge) sum += cost.overlap / 4;
        }
        const reached = to * 4 + next;
        if (isDone[reached] === 1 || sum >= best[reached]!) continue;
        best[reached] = sum;
        came[reached] = state;
        queue.push(reached, sum + guess(to));
      }
    }
    return [];

    function guess(cell: number): number {
      const x = (cell % columns) * pitch;
      const y = Math.floor(cell / columns) * pitch;
      const across = Math.max(0, target.x - x, x - target.x - target.width);
      const down = Math.max(0, target.y - y, y - target.y - target.height);
      return ((across + down) / pitch) * (isLarge ? cost.straight : cost.joined);
    }
  }

  function simplified(path: number[]): Point[] {
    const points = path.map((cell) => ({ x: (cell % columns) * pitch, y: Math.floor(cell / columns) * pitch }));
    return points.filter((point, index) => {
      const [a, b] = [points[index - 1], points[index + 1]];
      return (
        a === undefined ||
        b === undefined ||
        !((a.x === point.x && b.x === point.x) || (a.y === point.y && b.y === point.y))
      );
    });
  }
}

export function contains(outer: Rect, inner: Rect): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function middle({ x, y, width, height }: Rect): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

/** Smallest first. Two lists of numbers: an object for each would be most of the work. */
class Heap {
  readonly #states: number[] = [];
  readonly #sums: number[] = [];

  push(state: number, sum: number) {
    const states = this.#states;
    const sums = this.#sums;
    let index = states.push(state) - 1;
    sums.push(sum);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (sums[parent]! <= sum) break;
      states[index] = states[parent]!;
      sums[index] = sums[parent]!;
      index = parent;
    }
    states[index] = state;
    sums[index] = sum;
  }

  pop(): number | undefined {
    const states = this.#states;
    const sums = this.#sums;
    const top = states[0];
    const state = states.pop();
    const sum = sums.pop();
    const length = states.length;
    if (state === undefined || sum === undefined || length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && sums[child + 1]! < sums[child]!) child++;
      if (sums[child]! >= sum) break;
      states[index] = states[child]!;
      sums[index] = sums[child]!;
      index = child;
    }
    states[index] = state;
    sums[index] = sum;
    return top;
  }
}
