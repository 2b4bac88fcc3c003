/**
 * `systole visualize`: the page that shows machines at work, for the sources of this machine.
 */
import { askedBy, Failure, noPositionals, parse, port, UsageError } from './arguments.ts';
import { openInBrowser } from './browser.ts';
import { interrupted } from './interrupt.ts';
import { PageServer, readFiles } from './page.ts';
import type { Terminal } from './terminal.ts';

const usualSource = 'ws://127.0.0.1:8888';

export const visualizeHelp = `usage: systole visualize [options]

Serves a page that shows connections at work: state, transitions, timers. It
listens to what the inspector of an app tells, or plays a recording that
systole watch --record has made. All of it stays on this machine.

  --port PORT    where to serve the page; 0: any free port (default 4400)
  --connect URL  where an inspector can be heard, on this machine; may be
                 repeated (default ${usualSource})
  --no-open      print the address of the page, and do not open it

ctrl-C ends it.`;

export async function visualize(args: string[], { print, paint }: Terminal): Promise<number> {
  const { values, positionals } = parse(args, {
    port: { type: 'string' },
    connect: { type: 'string', multiple: true },
    'no-open': { type: 'boolean' },
  });
  if (values.help) {
    print(visualizeHelp);
    return 0;
  }
  noPositionals(positionals);
  const sources = (values.connect ?? [usualSource]).map(sourceAt);
  const wanted = port('port', values.port) ?? 4400;
  const files = readFiles();
  if (files === undefined) throw new Failure('the page is not here; npm run build builds it');

  const opening = PageServer.open({
    port: wanted,
    files,
    frameable: true,
    configFor: () => ({ sources, control: null }),
  });
  const server = await askedBy('port', opening, pageOn);
  const asked = interrupted();
  print(`${paint('bold', 'systole visualize')}  ${server.address}`);
  print(paint('dim', `listens to ${sources.map((source) => new URL(source).host).join(', ')}; ctrl-C ends`));
  if (!values['no-open']) openInBrowser(server.address);
  await asked;
  await server.close();
  return 0;
}

/** How long another process may take to tell what it is, ms. */
const patience = 500;

/** For people. Undefined: what is there is no page of ours. */
async function pageOn(taken: number): Promise<string | undefined> {
  const address = `http://127.0.0.1:${taken}/`;
  try {
    const answer = await fetch(`${address}config.json`, { signal: AbortSignal.timeout(patience), redirect: 'error' });
    const { sources } = (await answer.json()) as { sources?: unknown };
    return Array.isArray(sources) ? `by another page of systole: open ${address}` : undefined;
  } catch {
    return undefined;
  }
}

/** The page may talk to no other machine: see its Content-Security-Policy. */
function sourceAt(given: string): string {
  const isSource =
    URL.canParse(given) && /^ws:\/\/(127\.0\.0\.1|localhost)(:\d+)?([/?]|$)/i.test(given) && !given.includes('#');
  if (!isSource)
    throw new UsageError('--connect must be a ws: URL on 127.0.0.1 or localhost, such as ws://127.0.0.1:8888');
  return given;
}
