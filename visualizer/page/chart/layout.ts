/**
 * Where everything is: a graph as plain JSON with places.
 *
 * The words of a transition are rows in the box where it begins, one row per event, and its arrow leaves from there: so words can overlap neither
 * arrows nor each other, and a chart takes half the room that it takes with words on its arrows. Boxes are placed from the inside out: leaves are
 * stacked in their parent, everything else is placed by ELK or by an {@link Arrangement}. Arrows are routed last, by `route.ts`.
 */
import type { Definition } from '../../entry.ts';
import { type Graph, graphOf, type GraphOptions } from './graph.ts';
import { pitch, snap } from './grid.ts';
import { type Measure, measureByTable } from './measure.ts';
import { arrange, type Arrangement, cardInset, cardPadding, inset, medal, nestOf, type NestNode } from './place.ts';
import { route } from './route.ts';
import type { Label, Layout, Point, Rect, Size } from './shapes.ts';

export interface LayoutOptions extends GraphOptions {
  /** By id. What is not named is placed by ELK. */
  arrangement?: Arrangement;
  /** px around everything. */
  margin?: number;
  /** What it is to make good use of: how wide and how high, in px. */
  room?: Size;
}

/** That of a window of 1280 × 720, where words are as small as they may be. */
const usualRoom: Size = { width: 1_010, height: 605 };

export async function layoutOf(
  definition: Definition,
  measure: Measure = measureByTable,
  options: LayoutOptions = {},
): Promise<Layout> {
  const graph = graphOf(definition, options);
  const root = nestOf(graph, measure, definition);
  await arrange(root, graph, options.arrangement ?? {}, options.room ?? usualRoom, measure);
  const margin = snap(options.margin ?? 5);
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
function put(node: NestNode, origin: Point, layout: Layout) {
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
      title: {
        x: x + (isLeaf ? inset : cardInset) + (box.kind === 'history' ? medal : 0),
        y: y + (box.kind === 'history' ? 20 : 16),
        width: node.title,
        name: node.name,
      },
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
function headerOf(labels: Label[], { width }: NestNode, x: number): Rect[] {
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
    boxes.push({
      ...box,
      ...rect,
      title: { ...rect, name: 0 },
      solid: [{ ...rect, y: rect.y - pitch, width: 14, height: 16 }],
    });
  }
}
