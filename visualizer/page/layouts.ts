/** Layouts: our own machine's was made when the page was built, others are made when they come. */
import * as own from 'virtual:own-layout';

import type { Definition } from '../entry.ts';
import { measureByCanvas } from './chart/measure.ts';
import type { Layout, Size } from './chart/shapes.ts';

const ownKey = JSON.stringify(own.definition);
const known = new Map<string, Layout>();
/** The oldest gives way beyond this. */
const most = 50;
/** In px of the layout: what a chart has in a window of 1280 × 720, and what it has on a phone. */
const rooms: Record<'wide' | 'tall', Size> = { wide: { width: 1_010, height: 580 }, tall: { width: 410, height: 510 } };

/** Of a definition that can be drawn (`excessOf`). Undefined: whoever serves the layout engine is gone. */
export async function layoutFor(definition: Definition, isTall = false): Promise<Layout | undefined> {
  const words = JSON.stringify(definition);
  if (words === ownKey) return own.layout;
  const key = `${isTall} ${words}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  try {
    const { layoutOf } = await import('./chart/layout.ts');
    const layout = await layoutOf(definition, measureByCanvas(), { room: isTall ? rooms.tall : rooms.wide });
    known.set(key, layout);
    if (known.size > most) known.delete([...known.keys()][0]!);
    return layout;
  } catch (error) {
    if (await isServed()) throw error;
    return undefined;
  }
}

/** Whether what this page loads later can still be had. */
async function isServed(): Promise<boolean> {
  return await fetch('./config.json').then(
    () => true,
    () => false,
  );
}
