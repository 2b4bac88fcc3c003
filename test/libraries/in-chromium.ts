/** Apps in a page of Chromium. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { type Browser, chromium, type Page } from 'playwright';
import { build } from 'vite';

import { findChromium, quietly } from '../helpers/find-chromium.ts';
import type { OpenApp } from './stories.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export class LibraryPage {
  readonly version: string;
  readonly #server: Server;
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(server: Server, browser: Browser, page: Page) {
    this.version = browser.version();
    this.#server = server;
    this.#browser = browser;
    this.#page = page;
  }

  static async open(): Promise<LibraryPage> {
    const executablePath = await findChromium();
    if (executablePath === undefined) throw new Error('there is no Chromium here; name yours in SYSTOLE_CHROMIUM');
    const server = await serve(await bundle());
    const browser = await chromium.launch({ executablePath, args: [...quietly] });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => 'apps' in window);
    return new LibraryPage(server, browser, page);
  }

  readonly openApp: OpenApp = async (name, settings) => {
    const page = this.#page;
    const id = await page.evaluate(([which, given]) => window.apps.open(which, given), [name, settings] as const);
    return {
      look: () => page.evaluate((which) => window.apps.look(which), id),
      end: () => page.evaluate((which) => window.apps.end(which), id),
    };
  };

  async close(): Promise<void> {
    await this.#browser.close();
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** What Vite makes of the page's script, by path. Servers are named in it, and never asked for. */
async function bundle(): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const output = await build({
    root: here('.'),
    logLevel: 'silent',
    configFile: false,
    resolve: { alias: { '#platform': here('../../adapters/platform.ts') } },
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      modulePreload: false,
      rollupOptions: {
        input: here('page.ts'),
        external: [/\/servers\//, 'jsdom'],
        output: { entryFileNames: 'page.js' },
      },
    },
  });
  const files = [output].flat().flatMap((each) => ('output' in each ? each.output : []));
  return new Map(files.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]));
}

/** Serves the files, and the page at every other path. */
async function serve(files: ReadonlyMap<string, string | Uint8Array>): Promise<Server> {
  const server = createServer(({ url = '/' }, response) => {
    const file = files.get(url);
    response.setHeader('Content-Type', `text/${file === undefined ? 'html' : 'javascript'}; charset=utf-8`);
    response.end(
      file ?? '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
