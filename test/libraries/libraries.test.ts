/**
 * Client libraries, unchanged, on npm `ws` and on `HeartbeatWebSocket` above it. They are told nothing else, but to be quick where they would wait
 * before they dial again.
 */
import { openOnNode } from './on-node.ts';
import { tellStories } from './stories.ts';
import { libraries } from './suite/index.ts';

tellStories(libraries, openOnNode);
