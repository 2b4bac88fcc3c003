/** What part of a chart is seen, and how large. Pure; `view.ts` moves it. */
import { fontSizes } from './measure.ts';
import type { Layout, Rect, Size } from './shapes.ts';

export interface View {
  /** px on screen per px of the layout. */
  scale: number;
  /** Where the layout's origin is on screen. */
  x: number;
  y: number;
}

/** How a chart uses its room. */
export interface Plan {
  /** All of it would be too small to be read: the surroundings of the current state are shown, and a map of the rest. */
  follows: boolean;
  /** Where the buttons are: in a corner that nothing else needs, or below. */
  buttons: 'corner' | 'below';
  /** What is left for the chart. */
  room: Size;
}

/** Least size of words that can be read, px on screen. */
export const readable = 10;
/** px: what the buttons below a chart take, by themselves and with the map. */
const footHeight = { buttons: 46, map: 66 };

const smallest = Math.min(...Object.values(fontSizes));
/** The largest that a small chart gets. */
const most = 1.6;
/** Where it follows: words of 11 to 13 px, and px around what matters. */
const following = { least: 11 / smallest, most: 13 / smallest, sight: 44 };
/** px that the buttons take in a corner: in one line for a mouse, in two for a finger. */
const corners: Record<'fine' | 'coarse', Size> = {
  fine: { width: 134, height: 42 },
  coarse: { width: 90, height: 90 },
};

export function planFor(layout: Layout, size: Size, pointer: keyof typeof corners = 'fine'): Plan {
  const above = (foot: number) => ({ width: size.width, height: Math.max(0, size.height - foot) });
  const all = whole(layout, size);
  if (isReadable(all) && isFree(layout, all, size, corners[pointer]))
    return { follows: false, buttons: 'corner', room: size };
  const room = above(footHeight.buttons);
  if (isReadable(whole(layout, room))) return { follows: false, buttons: 'below', room };
  return { follows: true, buttons: 'below', room: above(footHeight.map) };
}

export function isReadable({ scale }: Pick<View, 'scale'>): boolean {
  return scale * smallest >= readable;
}

/** All of it. */
export function whole(layout: Layout, room: Size): View {
  return centred(frameOf(layout), room, most);
}

/** What matters, with what is around it. */
export function around({ x, y, width, height }: Rect, layout: Layout, room: Size): View {
  const { sight, least } = following;
  const rect = { x: x - sight, y: y - sight, width: width + 2 * sight, height: height + 2 * sight };
  return inside(centred(rect, room, following.most, least), frameOf(layout), room);
}

/** Whether it is seen at a size that can be read where all around it is shown. */
export function fits({ width, height }: Size, room: Size): boolean {
  return width * following.least <= room.width && height * following.least <= room.height;
}

function frameOf({ width, height }: Size): Rect {
  return { x: 0, y: 0, width, height };
}

/** Whether nothing is drawn in the lower right corner. */
function isFree({ boxes, edges }: Layout, { scale, x, y }: View, size: Size, corner: Size): boolean {
  const left = (size.width - corner.width - x) / scale;
  const top = (size.height - corner.height - y) / scale;
  return (
    boxes.every((box) => box.x + box.width < left || box.y + box.height < top) &&
    edges.every(({ points }) => points.every((point) => point.x < left || point.y < top))
  );
}

function centred({ x, y, width, height }: Rect, room: Size, largest: number, least = 0): View {
  const scale = Math.max(least, Math.min(largest, room.width / width, room.height / height));
  return { scale, x: room.width / 2 - (x + width / 2) * scale, y: room.height / 2 - (y + height / 2) * scale };
}

/** No more emptiness at its sides than there must be. */
function inside({ scale, x, y }: View, all: Rect, room: Size): View {
  const hold = (place: number, extent: number, length: number) =>
    extent * scale <= length ? (length - extent * scale) / 2 : Math.min(0, Math.max(length - extent * scale, place));
  return { scale, x: hold(x, all.width, room.width), y: hold(y, all.height, room.height) };
}
