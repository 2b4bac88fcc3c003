/** Browsers as they are installed, each by the protocol that it speaks: Chromium by Playwright, Firefox by WebDriver BiDi, WebKitGTK by WebDriver. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { chromium } from 'playwright';
import { WebSocket } from 'ws';

import { findChromium, quietly } from '../../helpers/find-chromium.ts';
import { findBinary } from '../../helpers/find-engines.ts';
import { closedPort } from '../../helpers/support.ts';
import { findFirefox, preferences } from '../../websockets/firefox/firefox.ts';
import { answering } from './answering.ts';
import type { browsers } from './rows.ts';

export interface Browser {
  /** As it states it. */
  readonly version: string;
  /** In a window of its own, which is closed with the browser. */
  readonly open: (address: string) => Promise<unknown>;
  close(): Promise<void>;
}

/** undefined: it is not installed. */
export const starts: Record<(typeof browsers)[number], () => Promise<Browser | undefined>> = {
  Chromium: startChromium,
  Firefox: startFirefox,
  WebKitGTK: startWebKit,
};

/** How to have what is missing. */
export const remedies: Record<(typeof browsers)[number], string> = {
  Chromium: 'no Chromium here (`apt-get install chromium`)',
  Firefox: 'no Firefox here (`apt-get install firefox-esr`)',
  WebKitGTK: 'no driver of WebKitGTK here (`apt-get install webkit2gtk-driver xvfb`)',
};

async function startChromium(): Promise<Browser | undefined> {
  const executablePath = await findChromium();
  if (executablePath === undefined) return undefined;
  const browser = await chromium.launch({ executablePath, args: [...quietly] });
  return {
    version: browser.version(),
    open: async (address) => (await browser.newPage()).goto(address),
    close: () => browser.close(),
  };
}

async function startFirefox(): Promise<Browser | undefined> {
  const executablePath = findFirefox();
  if (executablePath === undefined) return undefined;
  const profile = mkdtempSync(join(tmpdir(), 'systole-firefox-'));
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  writeFileSync(join(profile, 'user.js'), lines.join('\n'));
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'];
  const environment = { HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' };
  const running = child(executablePath, args, environment, 'stderr');
  const [, address] = await running.says(/^WebDriver BiDi listening on (ws:\S+)/);
  const bidi = await Bidi.open(`${address}/session`);
  const { capabilities } = (await bidi.call('session.new', { capabilities: {} })) as {
    capabilities: { browserVersion: string };
  };
  return {
    version: capabilities.browserVersion,
    async open(url) {
      const { context } = (await bidi.call('browsingContext.create', { type: 'tab' })) as { context: string };
      await bidi.call('browsingContext.navigate', { context, url, wait: 'interactive' });
    },
    async close() {
      bidi.close();
      await running.end();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** WebDriver BiDi: a command is an id, and so is its answer. */
class Bidi {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #count = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const { id, type, result, error, message } = JSON.parse((data as Buffer).toString()) as BidiAnswer;
      if (type === 'success') this.#pending.get(id)?.resolve(result);
      if (type === 'error') this.#pending.get(id)?.reject(new Error(`${error}: ${message}`));
    });
    socket.on('close', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('Firefox has hung up'));
    });
  }

  static async open(address: string): Promise<Bidi> {
    const socket = new WebSocket(address);
    await once(socket, 'open');
    return new Bidi(socket);
  }

  call(method: string, params: object): Promise<unknown> {
    this.#count += 1;
    this.#socket.send(JSON.stringify({ id: this.#count, method, params }));
    return new Promise((resolve, reject) => {
      this.#pending.set(this.#count, { resolve, reject });
    });
  }

  close(): void {
    this.#socket.terminate();
  }
}

interface BidiAnswer {
  id: number;
  type: 'success' | 'error' | 'event';
  result?: unknown;
  error?: string;
  message?: string;
}

/** It has no headless mode: a display of its own is started with it. */
async function startWebKit(): Promise<Browser | undefined> {
  const [driver, xvfb] = [findBinary('WebKitWebDriver'), findBinary('Xvfb')];
  if (driver === undefined || xvfb === undefined) return undefined;
  const home = mkdtempSync(join(tmpdir(), 'systole-webkit-'));
  const display = child(xvfb, ['-displayfd', '1', '-nolisten', 'tcp', '-screen', '0', '800x600x24'], {}, 'stdout');
  const [number] = await display.says(/^\d+$/);
  const port = await closedPort();
  const environment = {
    DISPLAY: `:${number}`,
    HOME: home,
    XDG_CACHE_HOME: home,
    XDG_DATA_HOME: home,
    GDK_BACKEND: 'x11',
  };
  const running = child(driver, [`--port=${port}`, '--host=127.0.0.1'], environment, 'stdout');
  const at = `http://127.0.0.1:${port}`;
  await answering(`${at}/status`);
  const { sessionId, capabilities } = (await ask('POST', `${at}/session`, { capabilities: {} })) as {
    sessionId: string;
    capabilities: { browserVersion: string };
  };
  const session = `${at}/session/${sessionId}`;
  return {
    version: capabilities.browserVersion,
    async open(url) {
      const { handle } = (await ask('POST', `${session}/window/new`, { type: 'tab' })) as { handle: string };
      await ask('POST', `${session}/window`, { handle });
      await ask('POST', `${session}/url`, { url });
    },
    async close() {
      await ask('DELETE', session);
      await running.end();
      await display.end();
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

async function ask(method: string, url: string, body?: object): Promise<unknown> {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: { error?: string; message?: string } };
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${value.error}: ${value.message}`);
  return value;
}

interface Child {
  says(pattern: RegExp): Promise<RegExpExecArray>;
  end(): Promise<void>;
}

function child(command: string, args: string[], environment: NodeJS.ProcessEnv, told: 'stdout' | 'stderr'): Child {
  const running = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  const gone = once(running, 'exit');
  // Also where the run ends in the middle.
  process.once('exit', () => running.kill('SIGKILL'));
  const lines = createInterface({ input: running[told] });
  const other: Readable = running[told === 'stdout' ? 'stderr' : 'stdout'];
  other.resume();
  return {
    says: (pattern) =>
      new Promise((resolve, reject) => {
        lines.on('line', (line) => {
          const found = pattern.exec(line);
          if (found !== null) resolve(found);
        });
        running.on('error', reject);
        running.on('exit', (code) => reject(new Error(`${command} ended with ${code}`)));
      }),
    async end() {
      if (running.exitCode !== null || running.signalCode !== null) return;
      running.kill('SIGKILL');
      await gone;
    },
  };
}
