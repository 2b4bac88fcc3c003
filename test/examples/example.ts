/** An example, started as its readers start it; lines on its standard input are their keys. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { chromium, type Page } from 'playwright';
import { expect, onTestFinished } from 'vitest';

import { Command } from '../helpers/command.ts';
import { findChromium, quietly } from '../helpers/find-chromium.ts';

export type Move = 'cut' | 'heal' | 'reset' | 'quit';

export class Example {
  readonly command: Command;

  constructor(name: string) {
    // A group of its own: npm, what it runs, and what that runs.
    this.command = new Command('npm', ['run', '--silent', 'example', name], { detached: true });
    const { pid } = this.command.process;
    onTestFinished(() => {
      try {
        process.kill(-pid!, 'SIGKILL');
      } catch {
        // All of them have ended.
      }
    });
  }

  /** Where its server is, behind the cable. */
  async feed(): Promise<string> {
    return (await this.command.line(/^server: ws:/)).slice('server: '.length);
  }

  /** Where its page is. */
  async address(): Promise<string> {
    return (await this.command.line(/^look at /)).slice('look at '.length);
  }

  tell(move: Move): void {
    this.command.type(`${move}\n`);
  }

  /** Fulfilled when it has ended, as one that was told to: nothing of it is left to hold it up. */
  async quit(): Promise<void> {
    this.tell('quit');
    expect(await this.command.ended).toEqual({ code: 0, signal: null });
    expect(this.command.stderr).toBe('');
  }

  /** How many lines like this one there are by now. */
  count(pattern: RegExp): number {
    return this.command.lines.filter((line) => pattern.test(line)).length;
  }
}

export const executablePath = await findChromium();

/** A page of the example in a browser of its own, and what its console has to complain of. */
export async function look(address: string): Promise<{ page: Page; complaints: string[] }> {
  const browser = await chromium.launch({ ...(executablePath && { executablePath }), args: [...quietly] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(address);
  return { page, complaints };
}

/** The examples of one kind, by the names of their folders. */
export function examplesOf(...kinds: string[]): string[] {
  return readdirSync('examples/apps').filter((name) => {
    const file = `examples/apps/${name}/example.json`;
    return existsSync(file) && kinds.includes((JSON.parse(readFileSync(file, 'utf8')) as { kind: string }).kind);
  });
}
