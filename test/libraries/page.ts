/** What the page can do: apps on Chromium's own class, and on ours above it, with the dialect of the library. */
import { openApp, type RunningApp } from './app.ts';
import { platforms } from './stand-in.ts';
import type { DistantApp, OpenApp } from './stories.ts';

const apps: RunningApp[] = [];

const page = {
  async open(...[name, settings]: Parameters<OpenApp>): Promise<number> {
    // Some look for the global class when they are imported.
    const { inPages } = await import('./suite/in-pages.ts');
    const library = inPages[name];
    if (library === undefined || platforms === undefined) throw new Error(`there is no ${name} in pages`);
    const protocol = library.dialect?.();
    return apps.push(await openApp(library, settings, platforms, { protocol, WebSocket: platforms })) - 1;
  },
  look: (id: number) => apps[id]?.seen as Awaited<ReturnType<DistantApp['look']>>,
  end: (id: number) => apps[id]?.end(),
};

declare global {
  interface Window {
    readonly apps: typeof page;
  }
}

Object.assign(window, { apps: page });
