/** What every configuration of ours needs to run on Node. */
import { fileURLToPath } from 'node:url';

/** As package.json has it for what is built. */
export const onNode = {
  alias: { '#platform': fileURLToPath(new URL('../../../adapters/platform.node.ts', import.meta.url)) },
};

/** Node 22 has a WebSocket of its own, Node 20 behind a flag. */
export const builtinFlags = Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-websocket'] : [];

/** All but the one error that a test throws on purpose to see it surface. */
export function isUnexpected({ message }: { message?: unknown }): boolean {
  return message !== 'thrown by a listener of the adapter suite';
}
