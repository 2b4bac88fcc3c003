/** On Node some libraries believe that they are on a server, unless there is a window when they are imported: jsdom's, from now on. */
let opened: Promise<void> | undefined;

export function besideWindow(): Promise<void> {
  return (opened ??= 'document' in globalThis ? Promise.resolve() : open());
}

async function open(): Promise<void> {
  const { JSDOM } = await import('jsdom');
  const { window } = new JSDOM('');
  Object.assign(globalThis, { window, document: window.document, navigator: window.navigator });
  globalThis.addEventListener ??= window.addEventListener.bind(window);
  globalThis.removeEventListener ??= window.removeEventListener.bind(window);
}
