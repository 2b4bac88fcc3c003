/** Layouts: our own machine's was made when the page was built, others are made when they come. */
import * as own from 'virtual:own-layout';

import type { Definition } from '../entry.ts';
import type { Layout } from './chart/shapes.ts';

const known = new Map<string, Layout>([[JSON.stringify(own.definition), own.layout]]);

export async function layoutFor(definition: Definition): Promise<Layout> {
  const key = JSON.stringify(definition);
  const found = known.get(key);
  if (found !== undefined) return found;
  const [{ layoutOf }, { measureByCanvas }] = await Promise.all([
    import('./chart/layout.ts'),
    import('./chart/measure.ts'),
  ]);
  const layout = await layoutOf(definition, measureByCanvas());
  known.set(key, layout);
  return layout;
}
