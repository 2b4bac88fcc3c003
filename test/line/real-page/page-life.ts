/** What happens to a page, written down by the page itself. A page that comes back from the back/forward cache still has its list. */

/** `at` epoch ms, as the rig's are. */
export type LifeEvent =
  | { type: 'pageshow'; at: number; persisted: boolean }
  | { type: 'pagehide'; at: number; persisted: boolean }
  | { type: 'visibilitychange'; at: number; visibility: DocumentVisibilityState }
  | { type: 'freeze' | 'resume' | 'online' | 'offline'; at: number };

declare global {
  interface Window {
    readonly life: readonly LifeEvent[];
  }
}

export const life: LifeEvent[] = [];

for (const type of ['pageshow', 'pagehide'] as const) {
  addEventListener(type, ({ persisted }) => life.push({ type, at: Date.now(), persisted }));
}
for (const type of ['online', 'offline'] as const) {
  addEventListener(type, () => life.push({ type, at: Date.now() }));
}
for (const type of ['freeze', 'resume'] as const) {
  document.addEventListener(type, () => life.push({ type, at: Date.now() }));
}
document.addEventListener('visibilitychange', () =>
  life.push({ type: 'visibilitychange', at: Date.now(), visibility: document.visibilityState }),
);
