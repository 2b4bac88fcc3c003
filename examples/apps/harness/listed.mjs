import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const apps = fileURLToPath(new URL('..', import.meta.url));

/** The examples, in the order of their names, with what each says of itself. */
export function listed() {
  return readdirSync(apps)
    .filter((name) => existsSync(`${apps}${name}/example.json`))
    .toSorted()
    .map((name) => ({
      name,
      folder: `${apps}${name}`,
      main: 'main.mjs',
      path: '/',
      ...JSON.parse(readFileSync(`${apps}${name}/example.json`, 'utf8')),
    }));
}
