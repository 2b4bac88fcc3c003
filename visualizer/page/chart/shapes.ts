/** What is drawn: a graph with places, as plain JSON. */
import type { Box, Edge, TextLine, Word } from './graph.ts';

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Rect extends Point, Size {}

export interface Layout {
  width: number;
  height: number;
  boxes: PlacedBox[];
  /** The words of each arrow, and of what happens without one. */
  labels: Label[];
  edges: PlacedEdge[];
}

export interface PlacedBox extends Box, Rect {
  /** Left end and baseline, and how wide its name is in it. */
  title: Point & { width: number; name: number };
  /** What of it arrows may not cross: all of a leaf. */
  solid: Rect[];
  /** Where its own words are, if not above its children. */
  beside?: Rect;
}

export interface Label extends Rect {
  box: string;
  /** The arrow that begins here. */
  edge: string | undefined;
  rows: LabelRow[];
}

export interface LabelRow extends Rect {
  line: TextLine;
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
