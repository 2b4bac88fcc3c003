/**
 * Real pages in a real Chromium, as a test in Node drives them: they are hidden, frozen, cut off and left, and come back.
 *
 * Vitest's browser mode cannot do that, nor can `chromium.launch()`: Playwright tells its pages that they have the focus, which keeps them
 * visible, and starts Chromium with `--disable-back-forward-cache` and `--disable-background-timer-throttling` (playwright-core 1.65,
 * chromiumSwitches.ts). So Chromium is started here, as its users start it, and Playwright only joins it, with `noDefaults`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright';
import { build } from 'vite';

import { findChromium, quietly } from '../../helpers/find-chromium.ts';
import type { LifeEvent } from './page-life.ts';

export interface StageOptions {
  /** The script of every page; it must put `life` of `page-life.ts` on `window`. Default `app.ts`. */
  entry?: string;
  /** Features of Chromium as its `--enable-features` and `--disable-features` take them. Default none. */
  enable?: readonly string[];
  disable?: readonly string[];
}

/** How a page came back. `notRestored`: why the back/forward cache did not have it. */
export type Return = { persisted: true } | { persisted: false; notRestored: unknown };

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** How long anything here may take before it counts as never, ms. */
const patience = 10_000;

export class PageStage {
  /** Of the pages, which all have the same script: `/` and any other path. */
  readonly origin: string;
  /** Chromium's, as 156.0.8078.79. */
  readonly version: string;
  readonly #server: Server;
  readonly #process: Chromium;
  readonly #context: BrowserContext;
  /** The tab that is in front while the page under test is hidden. */
  readonly #curtain: Page;

  private constructor(server: Server, process: Chromium, browser: Browser) {
    const [context] = browser.contexts();
    const [curtain] = context?.pages() ?? [];
    if (context === undefined || curtain === undefined) throw new Error('Chromium came without a window');
    this.#server = server;
    this.#process = process;
    this.#context = context;
    this.#curtain = curtain;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.version = browser.version();
  }

  /** @throws {Error} where there is no Chromium */
  static async open({ entry = here('app.ts'), enable = [], disable = [] }: StageOptions = {}): Promise<PageStage> {
    const files = await bundle(entry);
    const process = await Chromium.start([
      ...(enable.length > 0 ? [`--enable-features=${enable.join(',')}`] : []),
      ...(disable.length > 0 ? [`--disable-features=${disable.join(',')}`] : []),
    ]);
    const server = await serve(files);
    try {
      return new PageStage(
        server,
        process,
        await chromium.connectOverCDP(process.url, { noDefaults: true, isLocal: true }),
      );
    } catch (error) {
      await Promise.all([process.end(), end(server)]);
      throw error;
    }
  }

  /** A new tab, in front, its script loaded. */
  async page(path = '/'): Promise<StagePage> {
    const page = await this.#context.newPage();
    page.setDefaultTimeout(patience);
    await page.goto(this.origin + path);
    return new StagePage(page, await this.#context.newCDPSession(page), this.#curtain);
  }

  async close(): Promise<void> {
    await Promise.all([this.#process.end(), end(this.#server)]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A tab. Each method resolves when the page has seen what it is named for. */
export class StagePage {
  /** Playwright's, for `evaluate`. */
  readonly page: Page;
  readonly #devtools: CDPSession;
  readonly #curtain: Page;

  constructor(page: Page, devtools: CDPSession, curtain: Page) {
    this.page = page;
    this.#devtools = devtools;
    this.#curtain = curtain;
  }

  /** All that has happened to the document that is shown now. */
  life(): Promise<readonly LifeEvent[]> {
    return this.page.evaluate(() => window.life);
  }

  /** Brings another tab to the front: `visibilityState` is hidden, and timers run once a second. */
  async hide(): Promise<void> {
    await this.#curtain.bringToFront();
    await this.#untilVisibility('hidden');
  }

  /** Brings this tab to the front, and thereby hides every other one. */
  async show(): Promise<void> {
    await this.page.bringToFront();
    await this.#untilVisibility('visible');
  }

  /** Only a hidden page can be frozen. */
  async freeze(): Promise<void> {
    await this.#until('freeze', () => this.#devtools.send('Page.setWebLifecycleState', { state: 'frozen' }));
  }

  async resume(): Promise<void> {
    await this.#until('resume', () => this.#devtools.send('Page.setWebLifecycleState', { state: 'active' }));
  }

  /**
   * As with DevTools' switch: `navigator.onLine` is false, dials fail at once, an open socket stays open and silent. Messages either way are held
   * back until the page is online again; a close passes, unless messages lie before it, and so does a reset. Other tabs stay online.
   */
  async offline(): Promise<void> {
    await this.#until('offline', () => this.#emulate(true));
  }

  async online(): Promise<void> {
    await this.#until('online', () => this.#emulate(false));
  }

  /** Goes to another page of the same site. */
  async leave(): Promise<void> {
    await this.page.goto(new URL('/elsewhere', this.page.url()).href);
  }

  /** Goes back to the page that was left. */
  async back(): Promise<Return> {
    // Not until `load`: a document out of the cache has had its `load`, and Playwright would wait for it in vain.
    await this.page.goBack({ waitUntil: 'commit' });
    await eventually('pageshow', () =>
      this.page.evaluate(() => {
        const times = (type: string) => window.life.filter((event) => event.type === type).length;
        return times('pageshow') > times('pagehide');
      }),
    );
    return this.page.evaluate(() => {
      const shown = window.life.findLast((event) => event.type === 'pageshow');
      if (shown?.persisted === true) return { persisted: true };
      const [navigation] = performance.getEntriesByType('navigation') as { notRestoredReasons?: unknown }[];
      return { persisted: false, notRestored: navigation?.notRestoredReasons };
    });
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  async #emulate(offline: boolean): Promise<void> {
    const anySpeed = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await this.#devtools.send('Network.emulateNetworkConditions', { offline, ...anySpeed });
  }

  async #untilVisibility(state: DocumentVisibilityState): Promise<void> {
    await eventually(state, async () => (await this.page.evaluate(() => document.visibilityState)) === state);
  }

  async #until(type: LifeEvent['type'], act: () => Promise<unknown>): Promise<void> {
    const from = (await this.life()).length;
    await act();
    await eventually(type, async () => (await this.life()).slice(from).some((event) => event.type === type));
  }
}

/** A browser process of our own, with a profile of its own. */
class Chromium {
  /** Where DevTools listens, on loopback. */
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #profile: string;

  private constructor(url: string, child: ChildProcess, profile: string) {
    this.url = url;
    this.#child = child;
    this.#profile = profile;
  }

  static async start(args: readonly string[]): Promise<Chromium> {
    const path = await findChromium();
    if (path === undefined) throw new Error('there is no Chromium here; name yours in SYSTOLE_CHROMIUM');
    const profile = mkdtempSync(join(tmpdir(), 'systole-chromium-'));
    const child = spawn(
      'sh',
      [
        '-c',
        // However it ends, the profile goes with it.
        '"$@"; code=$?; rm -rf "$0"; exit $code',
        profile,
        path,
        ...quietly,
        ...args,
        '--headless=new',
        '--remote-debugging-port=0',
        // Chromium leaves when this pipe is closed, and so it does not outlive us, however we end.
        '--remote-debugging-pipe',
        '--disable-breakpad',
        '--password-store=basic',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
        `--user-data-dir=${profile}`,
        'about:blank',
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
        detached: true,
        // Its crash reporter writes there, whatever `--user-data-dir` says.
        env: { ...process.env, CHROME_CONFIG_HOME: profile },
      },
    );
    const said: string[] = [];
    const left = once(child, 'exit').then(([code]) => {
      throw new Error(`Chromium left with ${code}: ${said.join('\n')}`);
    });
    left.catch(() => {}); // later it may
    const lines = createInterface(child.stderr as Readable);
    const url = new Promise<string>((resolve) => {
      lines.on('line', (line) => {
        said.push(line);
        const [, found] = /^DevTools listening on (ws:\S+)/.exec(line) ?? [];
        if (found !== undefined) resolve(found);
      });
    });
    try {
      return new Chromium(await Promise.race([url, left]), child, profile);
    } catch (error) {
      rmSync(profile, { recursive: true, force: true });
      throw error;
    }
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const left = once(child, 'exit');
      for (const pipe of child.stdio.slice(3)) pipe?.destroy();
      const late = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), patience);
      await left;
      clearTimeout(late);
    }
    // Its helpers leave a moment after it, and may still write.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

/** What Vite makes of a script, by file name; the script itself is `app.js`. */
async function bundle(entry: string): Promise<Map<string, string | Uint8Array>> {
  const output = await build({
    root: here('.'),
    logLevel: 'silent',
    configFile: false,
    resolve: { alias: { '#platform': here('../../../adapters/platform.ts') } },
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      rollupOptions: { input: entry, output: { entryFileNames: 'app.js' } },
    },
  });
  const files = [output].flat().flatMap((each) => ('output' in each ? each.output : []));
  return new Map(files.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]));
}

/** Serves the files, and the same page at every other path. */
async function serve(files: ReadonlyMap<string, string | Uint8Array>): Promise<Server> {
  const server = createServer(({ url = '/', headers }, response) => {
    // No other name may lead here (DNS rebinding).
    if (headers.host !== `127.0.0.1:${(server.address() as AddressInfo).port}`) {
      response.writeHead(421).end();
      return;
    }
    const file = files.get(url);
    // Without `Cache-Control: no-store`, which would keep the page out of the back/forward cache.
    if (file === undefined) {
      const title = url.replace(/[^\w/]/g, '');
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(
        `<!doctype html><title>${title}</title><link rel="icon" href="data:,"><script type="module" src="/app.js"></script>`,
      );
    } else {
      response.setHeader('Content-Type', 'text/javascript; charset=utf-8');
      response.end(file);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function end(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patience;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(10);
  }
}
