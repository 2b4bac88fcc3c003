/** Where boxes are in their parents, and how large: from the inside out. Leaves are stacked, the rest is up to an arrangement or to ELK. */
import type { Definition } from '../../entry.ts';
import { besideCaption, besidesOf, type Box, type Graph } from './graph.ts';
import { snap, snapDown } from './grid.ts';
import { labelsOf } from './label.ts';
import type { Measure } from './measure.ts';
import type { Label, Rect } from './shapes.ts';

const titleHeight = 23;
const stackGap = 10;
const labelGap = 3;
/** Between a leaf's border and its words. */
export const inset = 8;
/** The same in a stack, where arrows pass by. */
export const cardInset = 16;

/** Children by key, in columns from left to right or in rows from top to bottom; `.` stands for the words of the state's own transitions. */
export type Arrangement = Record<string, Band>;
export type Band = ({ columns: string[][] } | { rows: string[][] }) & {
  /** Of what is alone in its column or row; the others are spread over its length. */
  align?: 'start' | 'center';
  /** How those in a line stand beside each other. */
  across?: 'start' | 'center';
  /** Least px between those in a line, 30 unless told. */
  gap?: number;
  /** px between lines, 40 unless told. */
  apart?: number;
};

/** A box that is being placed; x and y are relative to its parent's. */
export interface NestNode extends Rect {
  id: string;
  key: string;
  /** Undefined: around everything, or the words of the state around it, beside its children. */
  box: Box | undefined;
  parent: NestNode | undefined;
  children: NestNode[];
  labels: Label[];
  /** How wide its title is. */
  title: number;
}

export function nestOf(graph: Graph, measure: Measure, { id }: Definition): NestNode {
  const root: NestNode = {
    id,
    key: '',
    box: undefined,
    parent: undefined,
    children: [],
    labels: [],
    title: 0,
    ...nowhere,
  };
  const nodes = new Map<string | undefined, NestNode>([[undefined, root]]);
  for (const box of graph.boxes) {
    const parent = nodes.get(box.parent);
    if (box.kind === 'initial' || parent === undefined) continue;
    const labels = labelsOf(box, graph, measure);
    const title = measure(box.key, 'title') + (besidesOf(box) === '' ? 0 : 10 + measure(besidesOf(box), 'runs'));
    const node: NestNode = { id: box.id, key: box.key, box, parent, children: [], labels, title, ...nowhere };
    node.width = Math.max(70, 2 * cardInset + title);
    nodes.set(box.id, node);
    parent.children.push(node);
  }
  return root;
}

const nowhere: Rect = { x: 0, y: 0, width: 0, height: 0 };

/** From the inside out. */
export async function arrange(node: NestNode, graph: Graph, arrangement: Arrangement, measure: Measure): Promise<void> {
  const band = arrangement[node.id];
  const isStack =
    band === undefined && node.box !== undefined && node.children.every(({ children }) => children.length === 0);
  if (!isStack && node.box !== undefined && node.labels.length > 0) {
    const beside: NestNode = {
      ...node,
      id: `${node.id}:any`,
      key: '.',
      box: undefined,
      parent: node,
      children: [],
      width: 2 * inset + measure(besideCaption(node.box), 'runs'),
    };
    node.labels = [];
    node.children.push(beside);
  }
  for (const child of node.children) await arrange(child, graph, arrangement, measure);
  const header = heading(node);
  if (node.children.length === 0) {
    node.height = snap(header + (node.labels.length > 0 ? 4 : 0));
    node.width = snap(Math.max(node.width, ...node.labels.map(({ width }) => width + 2 * inset)));
    return;
  }
  if (isStack) stack(node, header);
  else {
    const pad = node.box === undefined ? noPadding : framePadding;
    const size =
      band === undefined
        ? await import('./elk.ts').then(({ byElk }) => byElk(node.children, graph))
        : byBand(node.children, band);
    for (const child of node.children) {
      child.x += pad.left;
      child.y += pad.top;
    }
    node.width = snap(Math.max(node.width, size.width + pad.left + pad.right));
    node.height = snap(size.height + pad.top + pad.bottom);
  }
}

const noPadding = { left: 15, top: 0, right: 0, bottom: 0 };
const framePadding = { left: 25, top: 30, right: 15, bottom: 10 };
export const cardPadding = { left: 15, right: 10, bottom: 10 };

/** How much room its title and its words take; they are placed on the way. */
function heading({ box, labels }: NestNode): number {
  let y = box === undefined ? 20 : titleHeight;
  if (box !== undefined && labels.length === 0) return 30;
  for (const label of labels) {
    label.x = inset;
    label.y = y;
    y += label.height + (label.edge === undefined ? 0 : labelGap);
  }
  if (labels.at(-1)?.edge !== undefined) y -= labelGap;
  return y;
}

/** Leaves, one below the other and equally wide. */
function stack(node: NestNode, header: number) {
  const inner = Math.max(
    ...node.children.map(({ width }) => width),
    node.width - cardPadding.left - cardPadding.right,
    ...node.labels.map(({ width }) => width),
  );
  let y = snap(header + (node.labels.length > 0 ? 10 : 0));
  for (const label of node.labels) label.x = cardInset;
  for (const child of node.children) {
    child.x = cardPadding.left;
    child.y = y;
    child.width = snap(inner);
    y += child.height + stackGap;
  }
  node.width = snap(inner) + cardPadding.left + cardPadding.right;
  node.height = y - stackGap + cardPadding.bottom;
}

function byBand(nodes: NestNode[], band: Band): { width: number; height: number } {
  const inColumns = 'columns' in band;
  const lines = inColumns ? band.columns : band.rows;
  const [along, across] = inColumns ? (['height', 'width'] as const) : (['width', 'height'] as const);
  const [place, aside] = inColumns ? (['y', 'x'] as const) : (['x', 'y'] as const);
  const groups = lines.map((keys) =>
    nodes.filter(({ key }) => keys.includes(key)).toSorted((a, b) => keys.indexOf(a.key) - keys.indexOf(b.key)),
  );
  const gap = band.gap ?? 30;
  const lengthOf = (group: NestNode[]) => group.reduce((sum, node) => sum + node[along], 0);
  const length = Math.max(...groups.map((group) => lengthOf(group) + gap * (group.length - 1)));
  let depth = 0;
  for (const group of groups) {
    const free = length - lengthOf(group);
    const between = group.length > 1 ? snapDown(free / (group.length - 1)) : 0;
    let from = group.length > 1 ? 0 : snapDown(band.align === 'center' ? free / 2 : 0);
    const deepest = Math.max(...group.map((node) => node[across]));
    for (const node of group) {
      node[place] = from;
      node[aside] = depth + (band.across === 'center' ? snapDown((deepest - node[across]) / 2) : 0);
      from += node[along] + between;
    }
    depth += Math.max(...group.map((node) => node[across])) + (band.apart ?? 40);
  }
  depth -= band.apart ?? 40;
  return inColumns ? { width: depth, height: length } : { width: length, height: depth };
}
