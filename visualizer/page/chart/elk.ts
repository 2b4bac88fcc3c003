import type { ElkNode } from 'elkjs/lib/elk-api.js';

import type { Graph } from './graph.ts';
import { snap } from './grid.ts';
import type { Rect } from './shapes.ts';

/** A box of known size, which is given its place. */
interface Tile extends Rect {
  id: string;
  children: Tile[];
}

/** ELK is large, and loaded only when there is something to place. */
export async function byElk(tiles: Tile[], graph: Graph): Promise<{ width: number; height: number }> {
  const [only] = tiles;
  if (tiles.length === 1 && only !== undefined) return { width: only.width, height: only.height };
  const { default: module } = await import('elkjs/lib/elk.bundled.js');
  // By its types the class is a `default` of this; it is this itself.
  const elk = new (module as unknown as typeof module.default)();
  const holderOf = (id: string) => {
    const inBox = (tile: Tile): boolean => tile.id === id || tile.children.some(inBox);
    return tiles.find(inBox);
  };
  const edges = graph.edges.flatMap(({ id, from, to }) => {
    const [a, b] = [tiles.find((tile) => tile.id === `${from}:any`) ?? holderOf(from), holderOf(to)];
    return a === undefined || b === undefined || a === b ? [] : [{ id, sources: [a.id], targets: [b.id] }];
  });
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
  const need = ({ width = 0, height = 0 }: ElkNode) => Math.max(width / 860, height / 560);
  const best = results.toSorted((a, b) => need(a) - need(b))[0];
  for (const { id, x = 0, y = 0 } of best?.children ?? []) {
    const tile = tiles.find((each) => each.id === id);
    if (tile !== undefined) Object.assign(tile, { x: snap(x), y: snap(y) });
  }
  return { width: snap(best?.width ?? 0), height: snap(best?.height ?? 0) };
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
