/** The entry points of the package, and the sources that their declarations are made of. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the dialects share with each other, and nobody else imports. */
const shared = new Set(['systole/protocols/questions', 'systole/protocols/stream']);

/** Its declarations are written, not made by the compiler (`visualizer/build.ts`). */
const written = { 'dist/visualizer/inspect.d.ts': 'visualizer/bridge/inspect.types.ts' };

/**
 * Each entry point of `exports` by the name that is imported, in that order.
 * @param root the folder of the package
 * @returns {Map<string, string>} to the path of its source
 */
export function entriesOf(root) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = Object.entries(exports)
    .filter(([name]) => name !== './package.json')
    .flatMap(([name, target]) => {
      const built = (typeof target === 'string' ? target : (target.types ?? target.default)).slice('./'.length);
      return built.includes('*') ? eachOf(root, name, built) : [[name, sourceOf(root, built)]];
    })
    .map(([name, source]) => [name === '.' ? 'systole' : `systole${name.slice(1)}`, join(root, source)]);
  return new Map(entries.filter(([name]) => !shared.has(name)));
}

function eachOf(root, name, built) {
  const [folder, ending] = built.replace('dist/', '').split('*');
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.ts'))
    .toSorted()
    .map((file) => {
      const its = file.slice(0, -'.ts'.length);
      return [name.replace('*', its), sourceOf(root, `dist/${folder}${its}${ending}`)];
    });
}

function sourceOf(root, built) {
  const path = built.replace('dist/', '').replace(/(?:\.d\.ts|\.js)$/, '');
  const source = written[built] ?? [`${path}.ts`, `${path}.tsx`].find((each) => existsSync(join(root, each)));
  if (source === undefined) throw new Error(`no source is known of ${built}, which exports of package.json names`);
  return source;
}
