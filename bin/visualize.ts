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

  const server = await askedBy(
    'port',
    PageServer.open({ port: wanted, files, frameable: true, configFor: () => ({ sources, control: null }) }),
  );
  const asked = interrupted();
  print(`${paint('bold', 'systole visualize')}  ${server.address}`);
  print(paint('dim', `listens to ${sources.map((source) => new URL(source).host).join(', ')}; ctrl-C ends`));
  if (!values['no-open']) openInBrowser(server.address);
  await asked;
  await server.close();
  return 0;
}

/** The page may talk to no other machine: see its Content-Security-Policy. */
function sourceAt(given: string): string {
  const isSource =
    URL.canParse(given) && /^ws:\/\/(127\.0\.0\.1|localhost)(:\d+)?([/?]|$)/i.test(given) && !given.includes('#');
  if (!isSource)
    throw new UsageError('--connect must be a ws: URL on 127.0.0.1 or localhost, such as ws://127.0.0.1:8888');
  return given;
}
