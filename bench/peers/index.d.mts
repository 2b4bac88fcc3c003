import type { Peer } from './peer.d.ts';

export const peerNames: readonly string[];
export function peerOf(name: string): Promise<Peer>;
