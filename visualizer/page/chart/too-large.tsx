/** In place of a chart that nobody could read: how large it would be, and where the machine is. */
import type { StateValue } from '../../entry.ts';
import { pathsIn } from './bounds.ts';
import { shortened } from './graph.ts';

/** Names in a path, before and after those that are left out. */
const most = 12;

export function TooLarge({ excess, value }: { excess: string; value: StateValue | undefined }) {
  const paths = pathsIn(value);
  return (
    <div class="statechart statechart-large">
      <p>Too large to draw: {excess}.</p>
      {paths.length === 0 ? <p>It has not started.</p> : <p>It is now in</p>}
      <ul>
        {paths.map((path) => (
          <li key={path.join(' ')}>{wordsOf(path)}</li>
        ))}
      </ul>
    </div>
  );
}

function wordsOf(path: string[]): string {
  const short = (keys: string[]) => keys.map(shortened);
  if (path.length <= 2 * most) return short(path).join(' › ');
  const middle = `… ${path.length - 2 * most} more …`;
  return [...short(path.slice(0, most)), middle, ...short(path.slice(-most))].join(' › ');
}
