/** `systole/push/server`: publishing, and who hears it. */
export type { AppendOptions, Entry, GapReason, Log, Payload, Read, ReadOptions } from './log.ts';
export { LogError } from './log.ts';
export type { Guest, Permission } from './guest.ts';
export { Hub, type HubOptions } from './hub.ts';
export { memoryLog, type MemoryLogOptions } from './memory.ts';
export type { Outlet } from './peer.ts';
export type { Position } from './position.ts';
export { type Publisher, publisher, type PublishOptions } from './publisher.ts';
export {
  type PushClient,
  type PushServer,
  type PushServerOptions,
  type PushSocket,
  servePush,
  type Session,
  type UpgradeRequest,
} from './server.ts';
