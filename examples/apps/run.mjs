/**
 * `npm run example <name>`: a server behind a cable that can be pulled, and an app at its other end. Without a name: which there are.
 *
 * A folder with an `example.json` is an example:
 *
 * - `title`: what is listed
 * - `kind`: `page` (served by Vite, with the folder's own config where it has one), `static` (served as it is, beside `node_modules`),
 *   `app` (a process that serves its pages itself, and says where), `node` (a process that is told the server's address), or `server` (a server of its own; `systole watch` is the app)
 * - `main`: the file that is run for `app` and `node`, from the folder; default `main.mjs`
 * - `server`: the file of a server that is run in place of the common one (harness/feed.mjs); `path`: of its WebSocket
 *
 * Apps are told the address by FEED, and how often to ask for a sign of life by HEARTBEAT, in ms; pages by VITE_FEED and VITE_HEARTBEAT, or in the
 * query of their address. In a terminal keys pull the cable. Elsewhere lines on the standard input do: `cut`, `heal`, `reset`, `quit`.
 */
import { listed } from './harness/listed.mjs';
import { prepare } from './harness/prepare.mjs';

const [, , name] = process.argv;
const examples = listed();
const example = examples.find((each) => each.name === name);

if (name === undefined) {
  console.log('npm run example <name>\n');
  for (const each of examples) console.log(`  ${each.name.padEnd(10)}${each.title}`);
} else if (example === undefined) {
  console.error(`There is no example "${name}". There are: ${examples.map((each) => each.name).join(', ')}`);
  process.exitCode = 1;
} else if (prepare()) {
  // Now that there is what it imports.
  const { play } = await import('./harness/play.mjs');
  await play(example);
} else {
  process.exitCode = 1;
}
