/** `npm run bench -- draw`, and at the end of a run in which everything was measured: pictures and documentation, from `results/*.json`. */
import { readdirSync } from 'node:fs';

const found = readdirSync(new URL('../results/', import.meta.url)).filter((file) => file.endsWith('.json'));
console.log(found.join(', '));
