/** Where boxes are in their parents, and how large: from the inside out. Leaves are stacked, the rest is up to an arrangement or to ELK. */
import type { Definition } from '../../entry.ts';
import { besideCaption, besidesOf, type Box, type Graph } from './graph.ts';
import { pitch, snap, snapDown } from './grid.ts';
import { labelsOf } from './label.ts';
import type { Measure } from './measure.ts';
import type { Label, Rect, Size } from './shapes.ts';

const titleHeight = 20;
const stackGap = 10;
const labelGap = 3;
/** Between a leaf's border and its words. */
export const inset = 8;
/** The same in a stack, where arrows pass by. */
export const cardInset = 16;
/** What the circled H of a history state takes, before its name. */
export const medal = 26;
/** More leaves than this are no stack: it would be a tower. */
const mostStacked = 8;

/** How the children of a state stand, by its id. */
export type Arrangement = Record<string, Band>;
/** Parts beside each other, or one below the other. */
export type Band = ({ row: Part[] } | { column: Part[] }) & {
  /** px between them, 30 unless told. */
  gap?: number;
  /** Whether they are spread over the length that there is, where what stands beside them is longer. */
  spread?: boolean;
};
/** A child by its key, `.` for the words of the state's own transitions, or parts that stand together. */
export type Part = string | Band;

/** A box that is being placed; x and y are relative to its parent's. */
export interface NestNode extends Rect {
  id: string;
  key: string;
  /** Undefined: around everything, or the words of the state around it, beside its children. */
  box: Box | undefined;
  parent: NestNode | undefined;
  children: NestNode[];
  labels: Label[];
  /** How wide its title is, and its name in it. */
  title: number;
  name: number;
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
    name: 0,
    ...nowhere,
  };
  const nodes = new Map<string | undefined, NestNode>([[undefined, root]]);
  for (const box of graph.boxes) {
    const parent = nodes.get(box.parent);
    if (box.kind === 'initial' || parent === undefined) continue;
    const labels = labelsOf(box, graph, measure);
    const name = measure(box.name, 'title');
    const title = name + (besidesOf(box) === '' ? 0 : 10 + measure(besidesOf(box), 'runs'));
    const node: NestNode = { id: box.id, key: box.key, box, parent, children: [], labels, title, name, ...nowhere };
    node.width = Math.max(70, 2 * cardInset + title + (box.kind === 'history' ? medal : 0));
    nodes.set(box.id, node);
    parent.children.push(node);
  }
  return root;
}

const nowhere: Rect = { x: 0, y: 0, width: 0, height: 0 };

/** From the inside out. */
export async function arrange(node: NestNode, graph: Graph, arrangement: Arrangement, room: Size, measure: Measure) {
  const band = arrangement[node.id];
  const isParallel = node.box?.kind === 'parallel';
  const isStack =
    band === undefined &&
    node.box !== undefined &&
    !isParallel &&
    node.children.length <= mostStacked &&
    node.children.every(({ children }) => children.length === 0);
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
  for (const child of node.children) await arrange(child, graph, arrangement, room, measure);
  const header = heading(node);
  if (node.children.length === 0) {
    node.height = snap(header + (node.labels.length > 0 ? 3 : 0));
    node.width = snap(Math.max(node.width, ...node.labels.map(({ width }) => width + 2 * inset)));
    return;
  }
  if (isStack) stack(node, header, gutterOf(node, graph));
  else {
    const pad = node.box === undefined ? noPadding : isParallel ? regionPadding : framePadding;
    let size: Size;
    if (band !== undefined) size = byBand(node.children, band);
    else if (isParallel) size = tile(node.children, room, node.width - pad.left - pad.right);
    else size = await import('./elk.ts').then(({ byElk }) => byElk(node.children, graph, room));
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
const regionPadding = { left: 10, top: 30, right: 10, bottom: 10 };
export const cardPadding = { left: 15, right: 10, bottom: 10 };

/** How much room its title and its words take; they are placed on the way. */
function heading({ box, labels }: NestNode): number {
  let y = box === undefined ? 20 : box.kind === 'history' ? 30 : titleHeight;
  if (box !== undefined && labels.length === 0) return 30;
  for (const label of labels) {
    label.x = inset;
    label.y = y;
    y += label.height + (label.edge === undefined ? 0 : labelGap);
  }
  if (labels.at(-1)?.edge !== undefined) y -= labelGap;
  return y;
}

/** Arrows that one side of a stack has room for. */
const tracks = 2;

/** px more that a stack needs at either side, for many arrows among its leaves. */
function gutterOf({ children }: NestNode, { edges }: Graph): number {
  const ids = new Set(children.map(({ id }) => id));
  const within = edges.filter(({ from, to, lines }) => lines.length > 0 && ids.has(from) && ids.has(to));
  return pitch * Math.max(0, Math.ceil(within.length / 2) - tracks);
}

/** Leaves, one below the other and equally wide. */
function stack(node: NestNode, header: number, gutter: number) {
  const inner = Math.max(
    ...node.children.map(({ width }) => width),
    node.width - cardPadding.left - cardPadding.right,
    ...node.labels.map(({ width }) => width),
  );
  let y = snap(header + (node.labels.length > 0 ? 10 : 0));
  for (const label of node.labels) label.x = cardInset;
  for (const child of node.children) {
    child.x = cardPadding.left + gutter;
    child.y = y;
    child.width = snap(inner);
    y += child.height + stackGap;
  }
  node.width = snap(inner) + cardPadding.left + cardPadding.right + 2 * gutter;
  node.height = y - stackGap + cardPadding.bottom;
}

/** Regions of a parallel state fill it, in as many rows as make the best use of the room. What holds in all of it stands above them. */
function tile(nodes: NestNode[], room: Size, least: number): Size {
  const above = nodes.filter(({ box }) => box === undefined);
  const regions = nodes.filter(({ box }) => box !== undefined);
  const choices = regions.map((_, index) => rowsOf(regions, index + 1));
  const [rows = []] = choices.toSorted((a, b) => need(sizeOfRows(a), room) - need(sizeOfRows(b), room));
  const width = snap(Math.max(least, sizeOfRows(rows).width, ...above.map((each) => each.width)));
  let y = 0;
  for (const each of above) {
    Object.assign(each, { x: 5, y });
    y += snap(each.height) + 10;
  }
  for (const row of rows) {
    const height = Math.max(...row.map((each) => each.height));
    const more = snapDown((width - sizeOfRows([row]).width) / row.length);
    let x = 0;
    for (const [index, each] of row.entries()) {
      Object.assign(each, { x, y, height, width: index === row.length - 1 ? width - x : each.width + more });
      x += each.width;
    }
    y += height;
  }
  return { width, height: y };
}

function rowsOf<T>(all: T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / length) }, (_, row) =>
    all.slice(row * length, (row + 1) * length),
  );
}

function sizeOfRows(rows: NestNode[][]): Size {
  return {
    width: Math.max(...rows.map((row) => row.reduce((sum, { width }) => sum + width, 0))),
    height: rows.reduce((sum, row) => sum + Math.max(...row.map(({ height }) => height)), 0),
  };
}

/** How many times the room it would take, the longer way. */
export function need({ width, height }: Size, room: Size): number {
  return Math.max(width / room.width, height / room.height);
}

/** Each part has its place in the band that it is part of; the last of a band may be stretched to the length of the band beside it. */
function byBand(nodes: NestNode[], band: Band): Size {
  const sizeOf = (part: Part): Size => {
    if (typeof part === 'string') return nodes.find(({ key }) => key === part) ?? { width: 0, height: 0 };
    const sizes = partsOf(part).map(sizeOf);
    const [along, across] = axesOf(part);
    const gaps = gapOf(part) * (sizes.length - 1);
    const length = sizes.reduce((sum, size) => sum + size[along], gaps);
    const depth = Math.max(...sizes.map((size) => size[across]));
    return along === 'width' ? { width: length, height: depth } : { width: depth, height: length };
  };
  const place = (part: Part, x: number, y: number, room: Size): void => {
    if (typeof part === 'string') {
      const node = nodes.find(({ key }) => key === part);
      if (node !== undefined) Object.assign(node, { x, y });
      return;
    }
    const parts = partsOf(part);
    const [along, across] = axesOf(part);
    const free = part.spread ? room[along] - sizeOf(part)[along] : 0;
    const gap = gapOf(part) + snapDown(free / Math.max(1, parts.length - 1));
    let from = along === 'width' ? x : y;
    for (const each of parts) {
      const size = { ...sizeOf(each), [across]: room[across] };
      if (along === 'width') place(each, from, y, size);
      else place(each, x, from, size);
      from += size[along] + gap;
    }
  };
  const size = sizeOf(band);
  place(band, 0, 0, size);
  return size;
}

function partsOf(band: Band): Part[] {
  return 'row' in band ? band.row : band.column;
}

function axesOf(band: Band): ['width', 'height'] | ['height', 'width'] {
  return 'row' in band ? ['width', 'height'] : ['height', 'width'];
}

function gapOf({ gap = 30 }: Band): number {
  return gap;
}
