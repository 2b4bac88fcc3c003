import type { ElkNode } from 'elkjs/lib/elk-api.js';

import type { Graph } from './graph.ts';
import { snap } from './grid.ts';
import { need } from './place.ts';
import type { Rect, Size } from './shapes.ts';

/** A box of known size, which is given its place. */
interface Tile extends Rect {
  id: string;
  children: Tile[];
}

/** Where it would take this many times the room that rows take, rows are better. */
const elongated = 1.5;
/** Above this many ELK thinks for longer than anybody waits. */
const most = 150;

/** ELK is large, and loaded only when there is something to place. */
export async function byElk(tiles: Tile[], graph: Graph, room: Size): Promise<Size> {
  const [only] = tiles;
  if (tiles.length === 1 && only !== undefined) return { width: only.width, height: only.height };
  const edges = edgesAmong(tiles, graph);
  const rows = inRows(tiles, room, aisleFor(edges.length / tiles.length));
  const results = tiles.length > most ? [] : await layered(tiles, edges);
  const best = results.toSorted((a, b) => need(sizeOf(a), room) - need(sizeOf(b), room))[0];
  if (best === undefined || need(sizeOf(best), room) > elongated * Math.max(1, need(rows.size, room))) {
    for (const [tile, place] of rows.places) Object.assign(tile, place);
    return rows.size;
  }
  for (const { id, x = 0, y = 0 } of best.children ?? []) {
    const tile = tiles.find((each) => each.id === id);
    if (tile !== undefined) Object.assign(tile, { x: snap(x), y: snap(y) });
  }
  const { width, height } = sizeOf(best);
  return { width: snap(width), height: snap(height) };
}

async function layered(tiles: Tile[], edges: { id: string; sources: string[]; targets: string[] }[]) {
  const { default: module } = await import('elkjs/lib/elk.bundled.js');
  // By its types the class is a `default` of this; it is this itself.
  const elk = new (module as unknown as typeof module.default)();
  const results: ElkNode[] = [];
  for (const direction of ['RIGHT', 'DOWN']) {
    const result = await elk.layout({
      id: 'all',
      layoutOptions: { ...elkOptions, 'elk.direction': direction },
      children: tiles.map(({ id, width, height }) => ({ id, width, height })),
      edges: structuredClone(edges),
    });
    results.push(result);
  }
  return results;
}

function edgesAmong(tiles: Tile[], graph: Graph) {
  const holders = new Map<string, Tile>();
  const hold = (each: Tile, tile: Tile) => {
    holders.set(each.id, tile);
    for (const child of each.children) hold(child, tile);
  };
  for (const tile of tiles) hold(tile, tile);
  return graph.edges.flatMap(({ id, from, to }) => {
    const [a, b] = [holders.get(`${from}:any`) ?? holders.get(from), holders.get(to)];
    return a === undefined || b === undefined || a === b ? [] : [{ id, sources: [a.id], targets: [b.id] }];
  });
}

/** One after another, as they are written, in lines as long as the room wants them. */
function inRows(tiles: Tile[], room: Size, aisle: number) {
  const arrangements = Array.from({ length: Math.min(tiles.length, 40) }, (_, index) => grid(tiles, index + 1, aisle));
  return arrangements.toSorted((a, b) => need(a.size, room) - need(b.size, room))[0]!;
}

/** px between rows and columns, for arrows to pass: the more of them there are for each box, the more. */
function aisleFor(density: number): number {
  return snap(45 + 15 * Math.min(3, Math.max(0, density - 1)));
}

function grid(tiles: Tile[], columns: number, aisle: number) {
  const widths: number[] = [];
  const heights: number[] = [];
  for (const [index, { width, height }] of tiles.entries()) {
    const [column, row] = [index % columns, Math.floor(index / columns)];
    widths[column] = Math.max(widths[column] ?? 0, snap(width));
    heights[row] = Math.max(heights[row] ?? 0, snap(height));
  }
  const before = (lengths: number[], end: number) => lengths.slice(0, end).reduce((sum, each) => sum + each + aisle, 0);
  const places = new Map(
    tiles.map((tile, index) => [
      tile,
      { x: before(widths, index % columns), y: before(heights, Math.floor(index / columns)) },
    ]),
  );
  return {
    places,
    size: { width: before(widths, widths.length) - aisle, height: before(heights, heights.length) - aisle },
  };
}

function sizeOf({ width = 0, height = 0 }: ElkNode): Size {
  return { width, height };
}

const elkOptions = {
  'elk.algorithm': 'layered',
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.spacing.nodeNode': '35',
  'elk.layered.spacing.nodeNodeBetweenLayers': '40',
  'elk.spacing.edgeNode': '15',
  'elk.spacing.edgeEdge': '10',
  'elk.layered.spacing.edgeNodeBetweenLayers': '15',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.separateConnectedComponents': 'false',
};
