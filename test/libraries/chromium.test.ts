/** The same in a page, where nobody can ping: with the dialect of the library's own server beneath it. */
import { afterAll, beforeAll } from 'vitest';

import { LibraryPage } from './in-chromium.ts';
import { tellStories } from './stories.ts';
import { inPages } from './suite/in-pages.ts';

let page: LibraryPage;
beforeAll(async () => {
  page = await LibraryPage.open();
});
afterAll(() => page.close());

tellStories(inPages, (...asked) => page.openApp(...asked));
