/** What boxes stand on, and arrows run along. */

/** px between two lines of it. */
export const pitch = 5;

export function snap(length: number): number {
  return Math.ceil(length / pitch) * pitch;
}

export function snapDown(length: number): number {
  return Math.floor(length / pitch) * pitch;
}
