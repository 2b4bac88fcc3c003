import { fileURLToPath } from 'node:url';

// Above the packages, and above the tsconfig.json that is found on the way; in an app of its own nothing of this has to be said.
const root = fileURLToPath(new URL('../../..', import.meta.url));

export default { turbopack: { root }, outputFileTracingRoot: root, devIndicators: false };
