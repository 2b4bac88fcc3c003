/**
 * `systole check`: does a server keep its side?
 */
import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

import { Failure, milliseconds, parse, urlIn, UsageError } from '../arguments.ts';
import { afterLook, dialectLines, protocolNamed } from '../dialects.ts';
import { onInterrupt } from '../interrupt.ts';
import { look } from '../look.ts';
import { duration, type Terminal, wholeSeconds } from '../terminal.ts';
import { checkDial, headersIn, insecurity, shownUrl, trustIn } from '../upgrade.ts';
import { examine, planOf, type Report } from './examine.ts';
import { asJson, asJUnit, asText } from './report.ts';
import { targetOf } from './stand.ts';
import { limitOf, type Plan, usualTimeOf } from './visits.ts';

export const checkHelp = `usage: systole check URL [options]

Is a server ready for clients that notice a dead line? Sends it clients, some of
them behind a fault proxy, and tells which rules of docs/PROTOCOL.md it keeps,
which it breaks, what was said there, and what to do. Any server, any language.

It says before it begins what it will do, and for how long; it does nothing that
any client may not do, and stops by itself.

  --protocol NAME        what the server speaks (default id-heartbeat):
${dialectLines}
  --heartbeat TEXT       with plain: what we ask with (default ping)
  --reply TEXT           with plain: what it answers with (default pong)
  --idle MS              for how long nothing is said, to see idle limits
                         (default 50000; 70000 is what clients need by default)
  --silence MS           after how long the server lets go of clients that are
                         silent: is waited for (default: no longer than for the
                         rest, and what is not seen then is not counted)
  --message TEXT         what is said as an app would, while beats go on
                         (default 'systole check')
  --no-messages          say nothing but heartbeats and pings
  --header 'NAME: VALUE' send a header with each upgrade; may be repeated, and is
                         never printed
  --subprotocol NAME     offer a subprotocol; may be repeated
  --ca FILE              trust the certificates in it (PEM) as well
  --insecure             take any certificate: for tests
  --json                 print JSON, one object a line: a row each, and the sum
  --junit FILE           write JUnit's XML as well
  --yes                  for a server that is not on this machine: yes, I may

The exit code is 0 if all that was tried held, 1 if something is broken or the
server cannot be reached.`;

export async function check(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parse(args, {
    protocol: { type: 'string' },
    heartbeat: { type: 'string' },
    reply: { type: 'string' },
    idle: { type: 'string' },
    silence: { type: 'string' },
    message: { type: 'string' },
    'no-messages': { type: 'boolean' },
    header: { type: 'string', multiple: true },
    subprotocol: { type: 'string', multiple: true },
    ca: { type: 'string' },
    insecure: { type: 'boolean' },
    json: { type: 'boolean' },
    junit: { type: 'string' },
    yes: { type: 'boolean' },
  });
  const { print, paint } = terminal;
  if (values.help) {
    print(checkHelp);
    return 0;
  }
  const url = urlIn(positionals);
  if (values.message !== undefined && values['no-messages']) {
    throw new UsageError('--message and --no-messages do not go together');
  }
  const protocol = protocolNamed(values.protocol ?? 'id-heartbeat', values);
  const subprotocols = values.subprotocol ?? [];
  const headers = values.header && headersIn(values.header);
  checkDial(url, { protocol, protocols: subprotocols, ...(headers && { headers }) });
  const trust = trustIn(url, values);
  const idle = milliseconds('idle', values.idle);
  const silence = milliseconds('silence', values.silence);
  if (idle !== undefined && silence !== undefined && idle >= silence) {
    throw new UsageError('--idle must be less than --silence: a server lets go of whom it has not heard for so long');
  }
  const isOurs = isOwn(targetOf(url).host);
  const plan = planOf({
    idle,
    silence,
    flood: isOurs ? 500_000 : 2_000,
    ...(values.message !== undefined && { message: values.message }),
    ...(values['no-messages'] && { message: undefined }),
  });

  if (!values.json) {
    print(`${paint('bold', 'systole check')}  ${shownUrl(url)}  ${protocol.name}`);
    for (const line of intentions(plan)) print(paint('dim', line));
    if (values.insecure) print(insecurity);
    print('');
  }
  if (!isOurs && !values.yes) {
    throw new UsageError(
      'the server is not on this machine, and nothing was sent to it: where you may do all this to it, add --yes',
    );
  }

  const isWatched = terminal.isTerminal === true && !values.json;
  const leaving = new AbortController();
  const undo = onInterrupt(() => leaving.abort());
  const report = await examine(url, {
    ...plan,
    protocol,
    subprotocols,
    upgrade: { ...trust, ...(headers && { headers }) },
    signal: leaving.signal,
    onProgress: isWatched ? (what) => print(paint('dim', `  … ${what}`), true) : () => {},
  });
  if (isWatched) print('', true);
  const hint = await hintAfter(report, url, { subprotocols, headers, trust, signal: leaving.signal });
  undo();
  if (leaving.signal.aborted) throw new Failure('interrupted: nothing is left of it, and nothing was judged');
  if (values.junit !== undefined) write(values.junit, asJUnit(report, shownUrl(url)));
  if (values.json) for (const line of asJson(report)) print(line);
  else if (report.unreachable !== undefined) print(`${paint('red', '✗')} ${report.unreachable}`);
  else
    for (const line of [...asText(report, paint, process.stdout.columns), ...(hint === undefined ? [] : ['', hint])])
      print(line);
  return report.unreachable === undefined && report.broken.length === 0 ? 0 : 1;

  /** Which dialect it seems to speak, where it names nobody in the one that was tried. */
  async function hintAfter(
    { broken, seen: { first } }: Report,
    at: string,
    how: Omit<Parameters<typeof look>[1], 'protocols'> & { subprotocols: readonly string[] },
  ) {
    // Who comes late is not another.
    if (!broken.includes('W1') || first.named !== undefined) return undefined;
    const seen = await look(at, { ...how, protocols: [...how.subprotocols, ...(protocol.subprotocols ?? [])] });
    return seen && afterLook(seen, protocol.name);
  }
}

/** What will be done, and for how long. */
function intentions(plan: Plan): string[] {
  const { idle, message, flood, halfOpen } = plan;
  return [
    'Dials it up to 500 times, at most 25 at once, from this machine: clients that',
    `beat, ping, say ${message === undefined ? 'nothing else' : JSON.stringify(message)}, hang up, are cut off,`,
    `are silent for ${duration(idle)}; ${halfOpen} stay half open for some seconds; one sends up to`,
    `${flood} heartbeats, or as many as are taken, and does not read the answers.`,
    `It takes about ${wholeSeconds(usualTimeOf(plan))}, and never more than ${wholeSeconds(limitOf(plan))}.`,
  ];
}

/** This machine, by an address; names may lead anywhere. */
function isOwn(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  if (isIP(host) === 0) return false;
  if (host === '::1' || host.startsWith('127.')) return true;
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === host));
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Failure(`--junit: the file cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
