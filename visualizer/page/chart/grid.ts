/** What boxes stand on, and arrows run along; and what room they take. */
import type { Size } from './shapes.ts';

/** px between two lines of it. */
export const pitch = 5;

export function snap(length: number): number {
  return Math.ceil(length / pitch) * pitch;
}

export function snapDown(length: number): number {
  return Math.floor(length / pitch) * pitch;
}

/** How many times the room it would take, the longer way. */
export function need({ width, height }: Size, room: Size): number {
  return Math.max(width / room.width, height / room.height);
}
