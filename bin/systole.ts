#!/usr/bin/env node
/**
 * The command line. Exit codes: 0 as wished, 1 it failed, 2 typed wrongly.
 */
import { createRequire } from 'node:module';

import { Failure, UsageError } from './arguments.ts';
import { check } from './check/check.ts';
import { demo } from './demo/demo.ts';
import { didYouMean } from './nearest.ts';
import { publish } from './publish.ts';
import { serve } from './serve.ts';
import { type Terminal, terminalOn } from './terminal.ts';
import { visualize } from './visualize.ts';
import { watch } from './watch.ts';

const help = `usage: systole COMMAND [options]

A WebSocket that knows when its line is dead.

  demo         pull the cable of a real connection, and watch it come back
  watch URL    connect to a server and print every transition
  check URL    does a server keep its side? which rules, and what to do
  visualize    a page that shows connections at work, and recordings
  serve        a push server to connect to
  publish      a message to a topic, for all who hear it

systole COMMAND --help tells more; systole --version tells the version.`;

const commands: Record<string, (args: string[], terminal: Terminal) => Promise<number>> = {
  demo,
  watch,
  check,
  visualize,
  serve,
  publish,
};

process.exitCode = await run(process.argv.slice(2), terminalOn(process.stdout, process.env));

async function run([name = '', ...args]: string[], terminal: Terminal): Promise<number> {
  // The reader has gone (`systole watch … | head`): nobody is left to tell.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) return answer(name, terminal);
  try {
    return await command(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`systole ${name}: ${error.message}\nsystole ${name} --help tells more.`);
      return 2;
    }
    // The system's errors are no fault of ours either, and have no stack to show.
    if (!(error instanceof Failure) && (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    console.error(`systole ${name}: ${(error as Error).message}`);
    return 1;
  }
}

function answer(name: string, { print }: Terminal): number {
  if (name === '--help' || name === '-h' || name === 'help') {
    print(help);
    return 0;
  }
  if (name === '--version') {
    print((createRequire(import.meta.url)('systole/package.json') as { version: string }).version);
    return 0;
  }
  const meant = /^(wss?|https?):/i.test(name)
    ? '; did you mean systole watch, and then the URL?'
    : didYouMean(Object.keys(commands), name, 'systole ');
  console.error(name === '' ? help : `systole: there is no such command${meant}\n\n${help}`);
  return 2;
}
