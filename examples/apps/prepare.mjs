/** What the examples need, ahead of the first one. */
import { prepare } from './harness/prepare.mjs';

if (!prepare()) process.exitCode = 1;
