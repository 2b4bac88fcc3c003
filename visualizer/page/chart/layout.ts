/**
 * Where everything is: a graph as plain JSON with places.
 *
 * The words of a transition are rows in the box where it begins, one row per event, and its arrow leaves from there: so words can overlap neither
 * arrows nor each other, and a chart takes half the room that it takes with words on its arrows. Boxes are placed from the inside out: leaves are
 * stacked in their parent, everything else is placed by ELK or by an {@link Arrangement}. Arrows are routed last, by `route.ts`.
 */
import type { Definition } from '../../entry.ts';
import { type Box, type Edge, type GraphOptions, type Graph, graphOf, type Line, type Word } from './graph.ts';
import { type Measure, measureByTable } from './measure.ts';
import { arrange, cardInset, cardPadding, inset, nestOf, type Node, snap } from './place.ts';
import { pitch, type Point, type Rect, route } from './route.ts';

export type { Point, Rect } from './route.ts';

export interface Layout {
  width: number;
  height: number;
  boxes: PlacedBox[];
  /** The words of each arrow, and of what happens without one. */
  labels: Label[];
  edges: PlacedEdge[];
}

export interface PlacedBox extends Box, Rect {
  /** Left end and baseline. */
  title: Point & { width: number };
  /** What of it arrows may not cross: all of a leaf. */
  solid: Rect[];
  /** Where its own words are, if not above its children. */
  beside?: Rect;
}

export interface Label extends Rect {
  box: string;
  /** The arrow that begins here. */
  edge: string | undefined;
  rows: Row[];
}

export interface Row extends Rect {
  line: Line;
  words: PlacedWord[];
  /** Left end and baseline of how long its timer still runs. */
  countdown?: Point;
}

/** With its left end and its baseline. */
export interface PlacedWord extends Word, Point {
  width: number;
}

export interface PlacedEdge extends Edge {
  points: Point[];
}

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

export interface LayoutOptions extends GraphOptions {
  /** By id. What is not named is placed by ELK. */
  arrangement?: Arrangement;
  /** px around everything. */
  margin?: number;
}

export async function layoutOf(
  definition: Definition,
  measure: Measure = measureByTable,
  options: LayoutOptions = {},
): Promise<Layout> {
  const graph = graphOf(definition, options);
  const root = nestOf(graph, measure, definition);
  await arrange(root, graph, options.arrangement ?? {}, measure);
  const margin = snap(options.margin ?? 10);
  const layout: Layout = {
    width: root.width + 2 * margin,
    height: root.height + 2 * margin,
    boxes: [],
    labels: [],
    edges: [],
  };
  put(root, { x: margin, y: margin }, layout);
  placeInitials(graph, layout);
  return { ...layout, edges: await route(graph, layout, layout) };
}

/** From relative places to absolute ones. */
function put(node: Node, origin: Point, layout: Layout) {
  const { box, width, height, labels, parent } = node;
  const x = origin.x + node.x;
  const y = origin.y + node.y;
  const placed = labels.map((label) => moved(label, x, y));
  layout.labels.push(...placed);
  if (box !== undefined) {
    const isLeaf = node.children.length === 0;
    const title: Rect = { x, y, width: snap(cardInset + node.title), height: 20 };
    layout.boxes.push({
      ...box,
      x,
      y,
      width,
      height,
      title: { x: x + (isLeaf ? inset : cardInset), y: y + 17, width: node.title },
      solid: isLeaf ? [{ x, y, width, height }] : [title, ...headerOf(placed, node, x)],
    });
  } else if (parent !== undefined) {
    const owner = layout.boxes.find(({ id }) => id === parent.id);
    if (owner !== undefined) {
      owner.beside = { x, y, width, height };
      owner.solid.push(owner.beside);
    }
  }
  for (const child of node.children) put(child, { x, y }, layout);
}

const headerInset = cardPadding.left - 5;

/** What the words of a stack fill, from gutter to gutter. */
function headerOf(labels: Label[], { width }: Node, x: number): Rect[] {
  const [first] = labels;
  const last = labels.at(-1);
  if (first === undefined || last === undefined) return [];
  return [{ x: x + headerInset, y: first.y, width: width - headerInset - 5, height: last.y + last.height - first.y }];
}

function moved(label: Label, x: number, y: number): Label {
  const left = x + label.x;
  const top = y + label.y;
  return {
    ...label,
    x: left,
    y: top,
    rows: label.rows.map((row) => ({
      ...row,
      x: left + row.x,
      y: top + row.y,
      ...(row.countdown && { countdown: { x: left + row.countdown.x, y: top + row.countdown.y } }),
      words: row.words.map((word) => ({ ...word, x: left + word.x, y: top + word.y })),
    })),
  };
}

/** A dot to the left of what is entered first. */
function placeInitials(graph: Graph, { boxes }: Layout) {
  for (const box of graph.boxes) {
    if (box.kind !== 'initial') continue;
    const to = graph.edges.find(({ from }) => from === box.id)?.to;
    const target = boxes.find(({ id }) => id === to);
    if (target === undefined) continue;
    const rect = { x: target.x - 14, y: target.y + 12, width: 6, height: 6 };
    boxes.push({ ...box, ...rect, title: rect, solid: [{ ...rect, y: rect.y - pitch, width: 14, height: 16 }] });
  }
}
